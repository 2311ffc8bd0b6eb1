"""From runs to fits: what needs a fit, where it is made, and what happens meanwhile.

- `run`: `fit_runs`, the fits of a study in its order, each a `FittedRun`; an `Observer` is told
- `task`: one run fitted in this process
- `compiling`: a study's programs, compiled side by side
- `pool`: threads of this machine; `isolation` and `worker_process` give fits processes of their own
- `cluster` and `cluster_worker`: a Dask cluster
- `cores`: never more Stan processes than cores
- `progress` and `events`: what runs, the time left, and the same as JSON
"""

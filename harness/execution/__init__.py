"""From runs to fits: what needs a fit, where it is made, and what happens meanwhile.

- `run`: `run_study`, the fits of a study in its order; `dispatch` keeps a few under way
- `task`: one run fitted in this process
- `pool`: threads of this machine; `isolation` and `worker_process` give fits processes of their own
- `cluster` and `cluster_worker`: a Dask cluster
- `cores`: never more Stan processes than cores
- `progress` and `events`: what runs, the time left, and the same as JSON
"""

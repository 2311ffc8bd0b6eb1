"""Scripts that run other samplers in an environment of their own; the harness imports none.

Each module has functions that take the rows and a job and return an answer, a dict:

- ``cold_time_s``: from the model's definition to draws, compilation included, imports not;
- ``warm_times_s``: for each of the job's seeds, to draws with everything compiled;
- ``draws``: by variable, ``mu`` of shape (seed, chain, draw, 2, 2) and ``pi`` of
  (seed, chain, draw, 2);
- ``packages``: whose versions belong beside the results.

All of them have the density of ``stan/gmm.stan``, in double precision, and sample with as many
cores as chains.  ``run.py`` starts them; they import nothing of the harness.
"""

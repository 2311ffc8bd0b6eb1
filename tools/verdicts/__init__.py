"""How often verdicts are wrong, counted on posteriors of known moments.

    python -m tools.verdicts [--seeds 10] [--part 1/2] [--out FOLDER] [--page]
    python -m tools.verdicts.study [--scale small] [--jobs 2] [--only NUTS]

- `known`: what is known of a posterior; `posteriors`, `models`: all of them, by closed forms or
  `quadrature`
- `counting`: `harness fit` and its evidence on each, and what came of them
- `study`: approximations against a reference and against evidence, by ``studies/verdicts.toml``
- `database`: the posteriors in posteriordb's form, for that study
- `pages`, `files`: the tables, and the counts as files
- `many`, `many_models`: the same for more than 1,000 parameters
- `large`: many rows, beside NUTS

Posteriors that have counts are not counted again; parts are put together by joining their
``counts.csv``, and ``--page`` writes the page of all.
"""

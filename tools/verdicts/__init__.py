"""How often evidence without a reference is wrong, counted on posteriors of known moments.

    python -m tools.verdicts [--seeds 3] [--out results/verdicts] [--page]

- `posteriors`: the posteriors and their moments
- `counting`: runs of each, and what came of them
- `pages`: the tables
"""

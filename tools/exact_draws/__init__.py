"""Whether exact draws are trusted, and no approximation that has collapsed in one direction is.

- `posterior`: a Gaussian posterior of any dimension, its exact draws, and two faults
- `trials`: the verdicts on many of them, counted
- `heavy`: the same of draws with heavy tails (`python -m tools.exact_draws.heavy_tails`)
"""

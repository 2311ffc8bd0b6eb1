"""How far an approximation is from a reference: pure functions of arrays of draws.

- `chains`: R-hat, ESS and Monte Carlo errors of Markov chains; `autocorrelation` of many quantities
- `parameter`: errors of one quantity; `batch` takes several at once
- `joint`: every distance of a whole fit, made of `distance`, `discrepancy` and `classifier`
- `modes`: the mass of modes without any draw
- `psis`: k-hat and importance weights
- `stein`: kernel Stein discrepancy, from gradients alone
- `stability`: variance within and between replicates
- `uniformity` of ranks, an exact test; `rank_shape`, the width and bias that they tell
- `draws`: checks of draws; `whitening`: coordinates in which the reference has covariance I
"""

import lazy_loader

# SciPy, scikit-learn and ArviZ take more than a second to import: a module is imported where it is
# named for the first time, as `metrics.chains`.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

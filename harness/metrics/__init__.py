"""How far an approximation is from a reference: pure functions of arrays of draws.

`parameter` judges one parameter, `distance`, `discrepancy`, `classifier`, `modes` and `stein` a
whole fit,
`psis` a fit from its importance weights, `chains` Markov chains, `stability` replicate fits.
"""

import lazy_loader

# SciPy, scikit-learn and ArviZ take more than a second to import: a module is imported where it is
# named for the first time, as `metrics.chains`.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

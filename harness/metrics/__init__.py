"""How far an approximation is from a reference: pure functions of arrays of draws.

`parameter` judges one parameter, `distance`, `discrepancy`, `classifier`, `modes` and `stein` a
whole fit,
`psis` a fit from its importance weights, `chains` Markov chains, `stability` replicate fits.
"""

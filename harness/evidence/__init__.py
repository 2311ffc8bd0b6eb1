"""Whether draws may be trusted when there is no reference to compare them with.

- `target`: `Metered`, the full data's log density with an account of what was asked of it
- `proposal`: `Mixture`, Student-t distributions to draw from
- `weights`: `attempts`, adapted proposals; `Weighted`, their draws and what the weights are worth
- `modes`: `find_modes`, the ends of dispersed optimiser starts
- `missed`: what a mode without draws would do to their moments
"""

"""Whether draws may be trusted when there is no reference to compare them with.

- `proposal`: `Mixture`, Student-t distributions to draw from
- `weights`: `attempts`, proposals that are adapted (`adapting`); `Weighted`, their draws and what
  the weights are worth
- `modes`: `find_modes`, the ends of dispersed optimiser starts
- `missed`: what a mode without draws would do to their moments
- `starts`, `climbed`: where warm NUTS starts, after weighted draws or after VI
- `judge`: verdicts; `cascade`: `Cascade`, from cheap draws to dear ones; `steps`: what was tried
- `fitting`: `fit_cheapest`, with NUTS behind (`fallback`)
- `method`: `Evidence`, draws of a study's provisional reference, which `provisional` gathers

Modules are imported when they are first used, since SciPy takes time.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

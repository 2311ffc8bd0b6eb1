"""The fit store: a fit is kept under a key of everything that decides it, and reused.

- `Store`, `Claim`: the folder, and the right to fill one key
- `fit_key`, `FORMAT`: what decides a fit's key
- `FitContent`, `pack`: a fit as bytes
- `Failure`, `cmdstan_failure`, `passing_failure`: which failures are remembered
- `Measurements`, `MeasuredFrom`, `content_digest`: what was measured of fits, kept beside them
- `About`, `about_run`: what a person may want to know of an entry
"""

from harness.store.about import About, about_run
from harness.store.content import FitContent, pack
from harness.store.failures import Failure, cmdstan_failure, passing_failure
from harness.store.folder import Claim, Store
from harness.store.key import FORMAT, fit_key
from harness.store.measurements import MeasuredFrom, Measurements, content_digest

__all__ = [
    "FORMAT",
    "About",
    "Claim",
    "Failure",
    "FitContent",
    "MeasuredFrom",
    "Measurements",
    "Store",
    "about_run",
    "cmdstan_failure",
    "content_digest",
    "fit_key",
    "pack",
    "passing_failure",
]

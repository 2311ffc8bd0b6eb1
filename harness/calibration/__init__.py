"""Simulation-based calibration: posteriors of data from the prior against the true values.

- `Calibration`, `read_programs`: what to calibrate, checked with stanc
- `Plan`, `plan_calibration`, `run_calibration`: its replicates, and their fits and ranks
- `CalibrationTables`: ranks, a row per method and quantity, a row per method; `page` shows them
- `simulation` and `posterior` draw replicates, `ranks` ranks what `joint` says, `tables` judges

Names are imported when they are first used: what refuses needs neither pandas nor matplotlib.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""What a Python program or a notebook calls; ``harness`` itself offers these names.

- `studies`: `run_study`, `compare`, `method`
- `judging`: `judge`
- `calibrations`: `calibrate`, `CalibrationResult`, `fit_calibration`
- `densities`: `density`; `programs` finds a program's file
- `result`: `StudyResult`; `draws`: `Fits`; `figures` draws
- `running`: `fit_study`, the one way in which a study is run; `options`: `RunOptions`, how

Names are imported when they are first used: a result needs pandas, ArviZ and matplotlib, and what
comes before it does not.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

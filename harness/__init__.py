"""Compare NUTS, ADVI and subsampled ADVI on Stan programs, and say what to trust.

The package crosses datasets, Stan programs, inference methods and seeds into runs, fits each
run with CmdStan and tabulates what came out.  ``docs/design.md`` maps the modules.

Names for Python programs are declared in ``__init__.pyi`` and imported when they are first used,
so that ``import harness`` takes no time.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

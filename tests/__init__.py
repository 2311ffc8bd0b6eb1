"""Tests of the harness; `cases` holds models whose posterior is known."""

import os

# Before NumPy is loaded.  Tests run in a process per core, where threads of linear algebra and of
# OpenMP only wait for one another: measuring a small fit takes a third less of a core without them.
for library in ("OPENBLAS", "OMP"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

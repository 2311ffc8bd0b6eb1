"""What gathering evidence leaves alone: other cores, and users."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]


@contextmanager
def undisturbed() -> Iterator[None]:
    """Use one thread for linear algebra, and warn of nothing.

    Small matrices take longer on several threads, a hundred times on a busy machine.  What is not
    finite is judged, so that a user is told no warning.
    """
    with threadpool_limits(limits=1), np.errstate(all="ignore"):
        yield

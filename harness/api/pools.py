"""Where a study's fits are made: this machine, or a cluster."""

from harness.errors import StudyError
from harness.execution.cluster import ClusterPool
from harness.execution.pool import Pool, local_pool


def open_pool(*, jobs: int, scheduler: str | None, time_limit_s: float | None) -> Pool:
    """Return where to fit.

    Parameters
    ----------
    jobs : int
        Fits at once on this machine.
    scheduler : str or None
        The address of a Dask cluster's scheduler, in place of this machine.
    time_limit_s : float or None
        For each fit, in seconds.

    Returns
    -------
    Pool
        The caller's to close.

    Raises
    ------
    HarnessError
        If a number is not above 0, or there is no such cluster.
    """
    for name, value in (("jobs", jobs), ("time_limit_s", time_limit_s)):
        if value is not None and not value > 0:
            raise StudyError(f"{name} is {value}; give a number above 0")
    if scheduler:
        return ClusterPool(scheduler, time_limit_s=time_limit_s)
    return local_pool(jobs, time_limit_s=time_limit_s)

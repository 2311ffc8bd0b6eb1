"""Where and how a study runs: this machine or a cluster, which store, what is told."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.api.arguments import (
    check_progress,
    path_of,
    seconds_of,
    switch_of,
    text_of,
    whole_number,
)
from harness.execution.cluster import ClusterPool
from harness.execution.cores import n_cores
from harness.execution.pool import Pool, local_pool
from harness.folders import cache_folder
from harness.store import Store

#: Told a line of what happens, for example ``print``.
SayLine = Callable[[str], object]


@dataclass(frozen=True)
class RunOptions:
    """Where and how a study runs; what it runs is the study's.

    Attributes
    ----------
    store : str, Path or None
        Where fits are kept and found again; by default in the user's cache folder.
    jobs : int or None
        Fits at once on this machine; with 1 they do not disturb one another's times. None for as
        many as there are cores.
    scheduler : str or None
        The address of a Dask cluster's scheduler, in place of this machine.
    time_limit_s : float or None
        End a fit that takes longer, in seconds.
    retry_failed : bool
        Try runs again that are known to fail.
    progress : callable or None
        Told a line of each thing that happens.

    Raises
    ------
    HarnessError
        If a number is not above 0, or something is of another type.
    """

    store: str | Path | None = None
    jobs: int | None = 1
    scheduler: str | None = None
    time_limit_s: float | None = None
    retry_failed: bool = False
    progress: SayLine | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.jobs is not None:
            whole_number(self.jobs, "jobs")
        seconds_of(self.time_limit_s, "time_limit_s")
        if self.store is not None:
            path_of(self.store, "store")
        text_of(self.scheduler, "scheduler")
        switch_of(self.retry_failed, "retry_failed")
        check_progress(self.progress)

    def open_pool(self) -> Pool:
        """Return where to fit; it is the caller's to close.

        Raises
        ------
        SchedulerError
            If there is no such cluster.
        """
        if self.scheduler:
            return ClusterPool(self.scheduler, time_limit_s=self.time_limit_s)
        jobs = n_cores() if self.jobs is None else self.jobs
        return local_pool(jobs, time_limit_s=self.time_limit_s)

    def open_store(self) -> Store:
        """Return the store of fits."""
        return Store(folder=cache_folder() / "fits" if self.store is None else Path(self.store))

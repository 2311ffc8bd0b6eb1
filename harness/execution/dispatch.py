"""Which runs need a fit, a few of them under way at once, and every result kept at once."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass

from harness.data.dataset import Dataset
from harness.execution.pool import Pool
from harness.execution.task import Outcome, Task
from harness.fits.fit import Fit, failed_fit
from harness.program.compilation import CompiledProgram
from harness.store import Claim, Failure, Store, about_run, passing_failure
from harness.study.study import Run

#: How often to look for what other processes are fitting, in seconds.
_LOOK_EVERY_S = 0.2


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A run with its key.

    Attributes
    ----------
    run : Run
        What was asked for.
    program : CompiledProgram
        What it fits.
    dataset : Dataset
        The observations.
    key : str
        Of its fit in the store.
    """

    run: Run
    program: CompiledProgram
    dataset: Dataset
    key: str


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What is known of a run in the end.

    Attributes
    ----------
    fit : Fit
        The fit, or a failure with its reason.
    from_store : bool
        Whether it was made earlier.
    """

    fit: Fit
    from_store: bool


class Observer:
    """Is told what happens; does nothing by itself."""

    def planned(self, to_fit: Sequence[Run]) -> None:
        """Take note of the runs that are neither stored nor known to fail."""

    def started(self, run: Run) -> None:
        """Take note that a run's fit begins."""

    def finished(self, run: Run, settled: Settled) -> None:
        """Take note of what came of a run, from the store or fresh."""

    def damaged(self, run: Run) -> None:
        """Take note that a run's stored fit is damaged and is made again."""

    def elsewhere(self, run: Run) -> None:
        """Take note that another process is fitting a run."""

    def compiling(self, programs: Sequence[str], elapsed_s: float) -> None:
        """Take note, about once a second, of the programs that are being compiled."""

    def measured(self, run: Run, *, n_measured: int, n_runs: int) -> None:
        """Take note that a run is measured."""

    def step(self, text: str) -> None:
        """Take note of what is done before or after the fits."""


@dataclass(frozen=True, kw_only=True)
class _Flight:
    """A run that is being fitted."""

    index: int
    claim: Claim


class Dispatch:
    """Settles the runs of a plan.

    A run is claimed in the store while it is fitted, so that processes that share the store do
    not make the same fit; a run that another process has claimed is left for later.

    Parameters
    ----------
    plan : sequence of Planned
        In the study's order.
    store : Store
        Fits from earlier, and the place for new ones.
    pool : Pool
        Where to fit.
    observer : Observer
        Told what happens.
    retry_failed : bool
        Whether to forget failures.
    """

    def __init__(
        self,
        plan: Sequence[Planned],
        *,
        store: Store,
        pool: Pool,
        observer: Observer,
        retry_failed: bool,
    ) -> None:
        self._plan = plan
        self._store = store
        self._pool = pool
        self._observer = observer
        self._retry_failed = retry_failed
        self._to_fit: deque[int] = deque()
        self._elsewhere: list[int] = []
        self._flights: dict[Future[Outcome], _Flight] = {}
        self._settled: dict[int, Settled] = {}

    def results(self) -> Iterator[tuple[Planned, Settled]]:
        """Give each run of the plan with what came of it, in the plan's order.

        Raises
        ------
        StoreError
            If a fit cannot be kept.
        """
        remembered = set() if self._retry_failed else self._store.failed_keys()
        known = [item.key in remembered or self._store.has(item.key) for item in self._plan]
        self._to_fit.extend(index for index, is_known in enumerate(known) if not is_known)
        self._observer.planned([self._plan[index].run for index in self._to_fit])
        try:
            for index, is_known in enumerate(known):
                if self._pool.n_at_once() > 1:
                    self._fill()
                if is_known:
                    self._recall(index)
                while index not in self._settled:
                    self._advance()
                yield self._plan[index], self._settled.pop(index)
        finally:
            for flight in self._flights.values():
                flight.claim.release()

    def _recall(self, index: int) -> None:
        """Take a run from the store; if its entry is damaged, its fit is the next to be made."""
        found = self._find(index)
        if found is not None:
            self._settle(index, found)
            return
        if self._store.has(self._plan[index].key):
            self._observer.damaged(self._plan[index].run)
        self._to_fit.appendleft(index)

    def _find(self, index: int) -> Settled | None:
        """Return what the store knows of a run: a whole fit, or a failure."""
        key = self._plan[index].key
        fit = self._store.load(key)
        if fit is None and not self._retry_failed:
            failure = self._store.failure(key)
            fit = failed_fit(failure.status, failure.reason) if failure else None
        return None if fit is None else Settled(fit=fit, from_store=True)

    def _settle(self, index: int, settled: Settled) -> None:
        self._settled[index] = settled
        self._observer.finished(self._plan[index].run, settled)

    def _fill(self) -> bool:
        """Begin what there is room for; return whether anything came of it."""
        others, self._elsewhere = self._elsewhere, []
        for index in others:
            self._begin(index)
        has_news = len(self._elsewhere) < len(others)
        while self._to_fit and len(self._flights) < self._pool.n_at_once():
            index = self._to_fit.popleft()
            if self._begin(index):
                has_news = True
            else:
                self._observer.elsewhere(self._plan[index].run)
        return has_news

    def _advance(self) -> None:
        """Begin what there is room for, then wait for something to end, or a little."""
        has_news = self._fill()
        if self._flights:
            timeout_s = _LOOK_EVERY_S if self._elsewhere else None
            done, _ = wait(self._flights, timeout_s, FIRST_COMPLETED)
            for future in done:
                self._land(future)
        elif not has_news:
            time.sleep(_LOOK_EVERY_S)

    def _begin(self, index: int) -> bool:
        """Claim a run and submit it, unless it has been settled or claimed by others."""
        planned = self._plan[index]
        claim = self._store.claim(planned.key)
        if claim is None:
            self._elsewhere.append(index)
            return False
        found = self._find(index)  # another process may have made it since the start
        if found is not None:
            claim.release()
            self._settle(index, found)
            return True
        if len(self._flights) >= self._pool.n_at_once():
            claim.release()
            self._to_fit.appendleft(index)
            return True
        self._observer.started(planned.run)
        task = Task(run=planned.run, dataset=planned.dataset, program=planned.program)
        self._flights[self._pool.submit(task)] = _Flight(index=index, claim=claim)
        return True

    def _land(self, future: Future[Outcome]) -> None:
        """Keep what came of a run, before anyone is told."""
        flight = self._flights[future]
        planned = self._plan[flight.index]
        outcome = future.result()
        try:
            fit = self._keep(planned, outcome)
        finally:
            del self._flights[future]
            flight.claim.release()
        self._settle(flight.index, Settled(fit=fit, from_store=False))

    def _keep(self, planned: Planned, outcome: Outcome) -> Fit:
        """Store a fit or remember a lasting failure."""
        if outcome.content is not None:
            about = about_run(planned.run, stan_version=planned.program.stan_version)
            fit = self._store.save(planned.key, outcome.content, about)
            self._store.forget(planned.key)
            return fit
        failure: Failure = outcome.failure or passing_failure("it ended without an outcome")
        if failure.lasting:
            self._store.remember(planned.key, failure, label=planned.run.label)
        return failed_fit(failure.status, failure.reason)

"""Fit the runs of a study: which need a fit, a few under way at once, every result kept at once."""

import time
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass

from harness.execution.pool import LocalPool, Pool
from harness.execution.task import Answer, Task
from harness.fits.fit import Fit, failed_fit
from harness.program.compilation import CompiledProgram
from harness.store import Claim, Failure, FitContent, Store, about_run, fit_key
from harness.study.study import Run, Study

#: How often to look for what other processes are fitting, in seconds.
_LOOK_EVERY_S = 0.2
#: How often to look whether a fit that is scored leaves room for another.
_ROOM_EVERY_S = 0.02


@dataclass(frozen=True, kw_only=True)
class FittedRun:
    """A run with what came of it.

    Attributes
    ----------
    run : Run
        What was asked for.
    fit : Fit
        What came out, a failure with its reason included.
    program : CompiledProgram
        What ran.
    key : str
        Where the fit is stored.
    from_store : bool
        Whether the fit was made earlier, or a failure is remembered.
    """

    run: Run
    fit: Fit
    program: CompiledProgram
    key: str
    from_store: bool


class Observer:
    """Is told what happens; does nothing by itself."""

    def planned(self, to_fit: Sequence[Run]) -> None:
        """Take note of the runs that are neither stored nor known to fail."""

    def started(self, run: Run) -> None:
        """Take note that a run's fit begins."""

    def finished(self, item: FittedRun) -> None:
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


def study_keys(study: Study, program_digests: Mapping[str, str]) -> tuple[str, ...]:
    """Return the key of each run of a study, in its order.

    Parameters
    ----------
    study : Study
    program_digests : Mapping
        Of the study's programs by name, compiled or not.
    """
    return tuple(
        fit_key(
            run,
            study.programs[run.program],
            program_digests[run.program],
            study.datasets[run.dataset],
        )
        for run in study.runs
    )


def fit_runs(
    study: Study,
    *,
    store: Store,
    programs: Mapping[str, CompiledProgram],
    pool: Pool | None = None,
    observer: Observer | None = None,
    retry_failed: bool = False,
) -> Generator[FittedRun]:
    """Give the fit of each run of a study.

    Parameters
    ----------
    study : Study
        What to run.
    store : Store
        Fits from earlier, and the place for new ones.
    programs : Mapping
        The study's programs, compiled.
    pool : Pool, optional
        Where to fit; by default in this process, one at a time so that times are not disturbed.
        It is the caller's to close.
    observer : Observer, optional
        Told what happens when it happens.
    retry_failed : bool
        Try runs again that have failed before, though they would fail again.

    Yields
    ------
    FittedRun
        In the study's order, whatever order they finish in.

    Raises
    ------
    StoreError
        If a fit cannot be kept.
    """
    keys = study_keys(study, {name: program.digest for name, program in programs.items()})
    plan = [
        Task(run=run, dataset=study.datasets[run.dataset], program=programs[run.program], key=key)
        for run, key in zip(study.runs, keys, strict=True)
    ]
    yield from _Dispatch(
        plan,
        store=store,
        pool=pool or LocalPool(),
        observer=observer or Observer(),
        retry_failed=retry_failed,
    ).results()


class _Dispatch:
    """Settles the runs of a plan.

    A run is claimed in the store while it is fitted, so that processes that share the store do
    not make the same fit; a run that another process has claimed is left for later.
    """

    def __init__(
        self,
        plan: Sequence[Task],
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
        self._flights: dict[Future[Answer], tuple[int, Claim]] = {}
        self._settled: dict[int, FittedRun] = {}

    def results(self) -> Generator[FittedRun]:
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
                yield self._settled.pop(index)
        finally:
            for _, claim in self._flights.values():
                claim.release()

    def _recall(self, index: int) -> None:
        """Take a run from the store; if its entry is damaged, its fit is the next to be made."""
        found = self._find(index)
        if found is not None:
            self._settle(index, found, from_store=True)
            return
        if self._store.has(self._plan[index].key):
            self._observer.damaged(self._plan[index].run)
        self._to_fit.appendleft(index)

    def _find(self, index: int) -> Fit | None:
        """Return what the store knows of a run: a whole fit, or a failure."""
        key = self._plan[index].key
        fit = self._store.load(key)
        if fit is None and not self._retry_failed:
            failure = self._store.failure(key)
            fit = failed_fit(failure.status, failure.reason) if failure else None
        return fit

    def _settle(self, index: int, fit: Fit, *, from_store: bool) -> None:
        task = self._plan[index]
        self._settled[index] = FittedRun(
            run=task.run, fit=fit, program=task.program, key=task.key, from_store=from_store
        )
        self._observer.finished(self._settled[index])

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
            if self._to_fit:
                timeout_s = _ROOM_EVERY_S
            done, _ = wait(self._flights, timeout_s, FIRST_COMPLETED)
            for future in done:
                self._land(future)
        elif not has_news:
            time.sleep(_LOOK_EVERY_S)

    def _begin(self, index: int) -> bool:
        """Claim a run and submit it, unless it has been settled or claimed by others."""
        task = self._plan[index]
        claim = self._store.claim(task.key)
        if claim is None:
            self._elsewhere.append(index)
            return False
        found = self._find(index)  # another process may have made it since the start
        if found is not None:
            claim.release()
            self._settle(index, found, from_store=True)
            return True
        if len(self._flights) >= self._pool.n_at_once():
            claim.release()
            self._to_fit.appendleft(index)
            return True
        self._observer.started(task.run)
        self._flights[self._pool.submit(task)] = (index, claim)
        return True

    def _land(self, future: Future[Answer]) -> None:
        """Keep what came of a run, before anyone is told."""
        index, claim = self._flights[future]
        answer = future.result()
        try:
            fit = self._keep(self._plan[index], answer)
        finally:
            del self._flights[future]
            claim.release()
        self._settle(index, fit, from_store=False)

    def _keep(self, task: Task, answer: FitContent | Failure) -> Fit:
        """Store a fit or remember a lasting failure."""
        if isinstance(answer, FitContent):
            about = about_run(task.run, stan_version=task.program.stan_version)
            fit = self._store.save(task.key, answer, about)
            self._store.forget(task.key)
            return fit
        if answer.lasting:
            self._store.remember(task.key, answer, label=task.run.label)
        return failed_fit(answer.status, answer.reason)

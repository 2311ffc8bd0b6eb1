"""A study to its result: the one way in which the command line and Python programs run it."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial

from harness.api.options import RunOptions, SayLine
from harness.api.result import StudyResult, make_result
from harness.execution.compiling import compile_all
from harness.execution.pool import Pool
from harness.execution.progress import Pace, compiling_line, outcome_line
from harness.execution.run import FittedRun, Observer, fit_runs
from harness.fits.fit import Status
from harness.messages.numerals import counted
from harness.store import Store
from harness.study.evidence_reference import evidence_runs, with_evidence_runs
from harness.study.published import published_of
from harness.study.study import Run, Study
from harness.summary import Background, Measuring
from harness.summary.reference import ReferenceDraws
from harness.summary.reference_file import read_references


def fit_study(study: Study, options: RunOptions, *, pool: Pool, observer: Observer) -> StudyResult:
    """Fit what is not stored, and measure all.

    Parameters
    ----------
    study : Study
        What to run.
    options : RunOptions
        Which store, and whether to try failures again.
    pool : Pool
        Where to fit, from :meth:`RunOptions.open_pool`.
    observer : Observer
        Told what happens.

    Returns
    -------
    StudyResult

    Raises
    ------
    HarnessError
        If a program does not compile, or a file is missing or broken.
    """
    store = options.open_store()
    published = published_of(study)
    references = read_references(study)
    store.check_writable()
    store.sweep()
    measuring = Measuring(study, references, store=store)
    fit = partial(
        fit_runs,
        store=store,
        programs=compile_all(study.programs, observer.compiling),
        pool=pool,
        retry_failed=options.retry_failed,
    )
    runs = fit(study, observer=observer)
    with closing(runs), Background(measuring, spare=pool.spare) as background:
        fitted = _measured_beside(runs, background, observer, n_runs=len(study.runs))
    planned = evidence_runs(study, measuring.failed_references())
    if planned:
        observer.step("a reference cannot be used: gathering evidence in its place")
        # whoever watches has been told of the study's runs alone
        further = fit(replace(study, runs=planned, references={}), observer=Observer())
        found = [item for item in further if item.fit.status is Status.OK]
        if found:
            study = with_evidence_runs(study, [item.run for item in found])
            fitted = [*fitted, *found]
            measuring = _measured_again(study, fitted, references, store)
    return make_result(
        study, fitted, references=references, published=published, measuring=measuring, store=store
    )


def _measured_beside(
    runs: Iterable[FittedRun], background: Background, observer: Observer, *, n_runs: int
) -> list[FittedRun]:
    """Take runs as they come, and measure each while others are fitted."""
    fitted = []
    told = _Measured(observer, n_runs=n_runs)
    for item in runs:
        fitted.append(item)
        background.add(item)
        if len(fitted) == n_runs:  # said before what is measured from here on
            observer.step("measuring the fits")
        told.tell(background.news())
    told.tell(background.finish())
    return fitted


def _measured_again(
    study: Study,
    fitted: Sequence[FittedRun],
    references: Mapping[str, ReferenceDraws],
    store: Store,
) -> Measuring:
    """Measure all fits, the references first."""
    measuring = Measuring(study, references, store=store)
    sources = [source.run for source in study.references.values()]
    for item in sorted(fitted, key=lambda item: item.run not in sources):
        measuring.take(item)
    return measuring


class _Measured:
    """Counts the runs that are measured, and tells of each."""

    def __init__(self, observer: Observer, *, n_runs: int) -> None:
        self._observer = observer
        self._n_runs = n_runs
        self.n_measured = 0

    def tell(self, runs: Iterable[Run]) -> None:
        """Tell of some more."""
        for run in runs:
            self.n_measured += 1
            self._observer.measured(run, n_measured=self.n_measured, n_runs=self._n_runs)


class ProgressLines(Observer):
    """Says what happens in lines.

    Parameters
    ----------
    say : callable
        Takes a line.
    """

    def __init__(self, say: SayLine) -> None:
        self._say = say
        self._pace = Pace()
        self._n_finished = 0

    def planned(self, to_fit: Sequence[Run]) -> None:
        """Say how much there is to do."""
        need = "needs" if len(to_fit) == 1 else "need"
        self._say(f"{counted(len(to_fit), 'run')} {need} a fit")

    def finished(self, item: FittedRun) -> None:
        """Say how a run ended."""
        self._n_finished += 1
        self._say(outcome_line(item, again="retry_failed=True"))

    def damaged(self, run: Run) -> None:
        """Say that a stored fit is damaged."""
        self._say(f"damaged in the store, fitted again: {run.label}")

    def elsewhere(self, run: Run) -> None:
        """Say that another process fits a run."""
        self._say(f"another process is fitting: {run.label}")

    def compiling(self, programs: Sequence[str], elapsed_s: float) -> None:
        """Say now and then what is being compiled."""
        if self._pace.is_due():
            self._say(compiling_line(programs, elapsed_s))

    def measured(self, run: Run, *, n_measured: int, n_runs: int) -> None:
        """Say now and then how many fits are measured, once all are fitted."""
        del run
        if self._n_finished == n_runs and n_measured < n_runs and self._pace.is_due():
            self._say(f"measured {n_measured} of {n_runs}")

    def step(self, text: str) -> None:
        """Say what is done beside the fits."""
        self._say(text)

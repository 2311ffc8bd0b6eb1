"""Run a study: every run gives a stored or a fresh fit."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from harness.compilation import CompiledProgram, compile_program
from harness.errors import FitError
from harness.fit import Fit, Status, failed_fit
from harness.methods import Problem
from harness.program import Program
from harness.store import Store, fit_key
from harness.study import Run, Study

#: A compiler wants a core and about 1.5 GB, so no more than this many at once.
_PARALLEL_COMPILERS = 2


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
        Whether the fit was made earlier.
    """

    run: Run
    fit: Fit
    program: CompiledProgram
    key: str
    from_store: bool


def compile_all(programs: Mapping[str, Program]) -> dict[str, CompiledProgram]:
    """Compile the programs of a study, side by side.

    Raises
    ------
    ProgramError
        If one does not compile.
    """
    with ThreadPoolExecutor(_PARALLEL_COMPILERS) as pool:
        return dict(zip(programs, pool.map(compile_program, programs.values()), strict=True))


def run_study(
    study: Study,
    *,
    store: Store,
    programs: Mapping[str, CompiledProgram],
    on_start: Callable[[Run], None],
) -> Iterator[FittedRun]:
    """Give the fit of each run, one at a time so that times are not disturbed.

    Parameters
    ----------
    study : Study
        What to run.
    store : Store
        Fits from earlier, and the place for new ones.
    programs : Mapping
        The study's programs, compiled.
    on_start : callable
        Called with each run before it starts.

    Yields
    ------
    FittedRun
        In the study's order.

    Raises
    ------
    StoreError
        If a fit cannot be kept.
    """
    for run in study.runs:
        on_start(run)
        program = programs[run.program]
        dataset = study.datasets[run.dataset]
        key = fit_key(run, program, dataset)
        stored = store.load(key)
        fit = stored or _fresh_fit(run, Problem(program=program, dataset=dataset))
        if stored is None and fit.status is Status.OK:
            store.save(key, fit)
        yield FittedRun(run=run, fit=fit, program=program, key=key, from_store=stored is not None)


def _fresh_fit(run: Run, problem: Problem) -> Fit:
    """Fit; a run that fails gives a fit that says why."""
    try:
        return run.method.fit(problem, seed=run.seed)
    except FitError as error:
        return failed_fit(Status.FAILED, str(error))

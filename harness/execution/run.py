"""Run a study: every run gives a stored or a fresh fit, or a reason why there is none."""

import time
from collections.abc import Generator, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass

from harness.cmdstan import ensure_cmdstan
from harness.cmdstan.guarded import GuardedCommands
from harness.execution.dispatch import Dispatch, Observer, Planned
from harness.execution.pool import LocalPool, Pool
from harness.fits.fit import Fit
from harness.program.compilation import CompiledProgram, compile_program
from harness.program.program import Program
from harness.store import Store, fit_key
from harness.study.study import Run, Study

#: A compiler wants a core and about 1.5 GB, so no more than this many at once.
_PARALLEL_COMPILERS = 2
_TELL_EVERY_S = 1.0


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


def compile_all(
    programs: Mapping[str, Program], observer: Observer | None = None
) -> dict[str, CompiledProgram]:
    """Compile the programs of a study, side by side.

    Parameters
    ----------
    programs : Mapping
        By name.
    observer : Observer, optional
        Told what is being compiled while that takes a while.

    Returns
    -------
    dict
        By name.

    Raises
    ------
    ProgramError
        If one does not compile; the others are then not compiled either.
    """
    ensure_cmdstan()  # in this thread, which Ctrl-C reaches
    commands = GuardedCommands()
    pool = ThreadPoolExecutor(_PARALLEL_COMPILERS)
    begun = time.monotonic()
    try:
        futures = {
            name: pool.submit(compile_program, item, commands=commands)
            for name, item in programs.items()
        }
        while (left := wait(futures.values(), _TELL_EVERY_S, FIRST_EXCEPTION)).not_done:
            for future in left.done:
                future.result()
            names = [name for name, future in futures.items() if future in left.not_done]
            if observer is not None:
                observer.compiling(names, time.monotonic() - begun)
        return {name: future.result() for name, future in futures.items()}
    finally:
        commands.end()
        pool.shutdown(cancel_futures=True)


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


def plan_runs(study: Study, programs: Mapping[str, CompiledProgram]) -> tuple[Planned, ...]:
    """Give each run of a study its key, in the study's order."""
    keys = study_keys(study, {name: program.digest for name, program in programs.items()})
    return tuple(
        Planned(
            run=run,
            program=programs[run.program],
            dataset=study.datasets[run.dataset],
            key=key,
        )
        for run, key in zip(study.runs, keys, strict=True)
    )


def run_study(
    study: Study,
    *,
    store: Store,
    programs: Mapping[str, CompiledProgram],
    pool: Pool | None = None,
    observer: Observer | None = None,
    retry_failed: bool = False,
) -> Generator[FittedRun]:
    """Give the fit of each run.

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
    dispatch = Dispatch(
        plan_runs(study, programs),
        store=store,
        pool=pool or LocalPool(),
        observer=observer or Observer(),
        retry_failed=retry_failed,
    )
    for planned, settled in dispatch.results():
        yield FittedRun(
            run=planned.run,
            fit=settled.fit,
            program=planned.program,
            key=planned.key,
            from_store=settled.from_store,
        )

"""Compile the programs of a study side by side."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from harness.cmdstan.guarded import GuardedCommands
from harness.program.compilation import CompiledProgram, compile_program
from harness.program.program import Program
from harness.program.server_object import ensure_cmdstan_with_server

#: A compiler wants a core and about 1.5 GB, so no more than this many at once.
_PARALLEL_COMPILERS = 2
_TELL_EVERY_S = 1.0


def compile_all(
    programs: Mapping[str, Program], tell: Callable[[Sequence[str], float], None] | None = None
) -> dict[str, CompiledProgram]:
    """Compile the programs of a study, side by side.

    Parameters
    ----------
    programs : Mapping
        By name.
    tell : callable, optional
        Told, about once a second, what is being compiled and for how many seconds.

    Returns
    -------
    dict
        By name.

    Raises
    ------
    ProgramError
        If one does not compile; the others are then not compiled either.
    """
    ensure_cmdstan_with_server()  # in this thread, which Ctrl-C reaches
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
            if tell is not None:
                tell(names, time.monotonic() - begun)
        return {name: future.result() for name, future in futures.items()}
    finally:
        commands.end()
        pool.shutdown(cancel_futures=True)

"""A process that fits one task after another and dies with the one that started it.

It reads pickled tasks from its standard input and writes pickled answers to its standard output.
The end of its input, whatever ended it, ends the process with everything that it has started:
it is the leader of a process group of its own, to which CmdStan's processes belong.
"""

import importlib
import os
import pickle
import queue
import shutil
import signal
import sys
import threading
import traceback
from functools import partial
from typing import Any, BinaryIO

from harness.execution.memory import StanMemory
from harness.execution.task import Tell, perform

#: The first answer: what every fit needs is loaded, a task's time begins when it arrives.
READY = "ready"

#: Told once of a task before its answer: from now on it only scores its draws.
FITTED = "fitted"

#: What every fit needs, and modules load only when they use it.
_LOADED_FIRST = ("xarray", "cmdstanpy")


def _private_streams() -> tuple[BinaryIO, BinaryIO]:
    """Take the standard streams away from whoever reads or prints in this process."""
    tasks, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return tasks, answers


#: A pickled task, and its arrays.
Pickled = tuple[bytes, list[bytearray]]


def _receive(stream: BinaryIO, tasks: "queue.Queue[Pickled]", folder: str) -> None:
    """Take in tasks while another is under way, so that the end of input is seen at once.

    Then the folder of temporary files goes, this process and all that it has started.
    """
    try:
        while True:
            content, sizes = pickle.load(stream)  # noqa: S301
            tasks.put((content, [_read(stream, size) for size in sizes]))
    except (EOFError, OSError, pickle.UnpicklingError):
        shutil.rmtree(folder, ignore_errors=True)
        os.killpg(0, signal.SIGKILL)


def _read(stream: BinaryIO, size: int) -> bytearray:
    """Read so many bytes."""
    content = bytearray(size)
    if stream.readinto(content) != size:  # type: ignore[attr-defined]
        raise EOFError
    return content


def _answer(task: Pickled, tell_fitted: Tell) -> bytes:
    """Perform a task; what goes wrong is an answer too."""
    try:
        content, arrays = task
        asked = pickle.loads(content, buffers=arrays)  # noqa: S301
        result: Any = perform(asked, tell_fitted, memory=StanMemory())
        return pickle.dumps(result)
    except Exception as error:  # noqa: BLE001 - it is raised again where the task came from
        try:
            answer = pickle.dumps(error)
            pickle.loads(answer)  # noqa: S301 - some exceptions pickle and do not come back
        except Exception:  # noqa: BLE001
            return pickle.dumps(RuntimeError("".join(traceback.format_exception(error))))
        return answer


def main(folder: str) -> None:
    """Perform tasks until there are no more.

    Parameters
    ----------
    folder : str
        This process's own folder of temporary files, removed at the end.
    """
    tasks_stream, answers = _private_streams()
    tasks: queue.Queue[Pickled] = queue.Queue()
    threading.Thread(target=_receive, args=(tasks_stream, tasks, folder), daemon=True).start()
    for library in _LOADED_FIRST:
        vars(importlib.import_module(library))  # a module's first use loads it
    _write(answers, pickle.dumps(READY))
    while True:
        told = pickle.dumps(FITTED)
        _write(answers, _answer(tasks.get(), partial(_write, answers, told)))


def _write(stream: BinaryIO, content: bytes) -> None:
    stream.write(content)
    stream.flush()


if __name__ == "__main__":
    main(sys.argv[1])

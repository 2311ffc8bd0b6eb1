"""Time of mini-batches beside that of all rows and of NUTS, on a million rows, in one run.

python -m tools.accuracy.cost [--seeds 3] [--to FOLDER]

NUTS is not run to its end: it is given a hundred times what the mini-batches took, from its first
iteration on, and the iterations that it reached are told.
"""

import argparse
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.methods import make_method
from harness.methods.ascent import Ascended, ascend
from harness.methods.cmdstan_run import run_folder
from harness.methods.vi import Vi
from harness.program.compilation import compile_program
from harness.program.log_density import Density
from harness.program.program import Program
from tools.accuracy.__main__ import RESULTS
from tools.accuracy.problems import CASES, Case

_TIMES_AS_LONG = 100
_CASE = "logistic 1e6 x 20, batches of 200"

PAGE = """# Time on a million rows

`python -m tools.accuracy.cost` wrote this page: logistic regression, 1,000,000 rows and 20
predictors, without any option but `batch_size = 200`. Times are wall times on one busy machine,
without the reading of the data; medians of {n_seeds} runs.

| | seconds | gradients, in passes over all rows |
|:--|--:|--:|
| `vi_meanfield`, batches of 200 | {batch_s:.1f} | {batch_passes:.1f} |
| `vi_meanfield`, all rows | {full_s:.0f} | {full_passes:.0f} |

All runs converged: {all_converged}. Means of the two differ by at most {apart:.3f} sd.

One chain of NUTS at its defaults (1,000 warmup iterations and 1,000 more) on the same executable
was {ended} {limit_s:.0f} s after its first iteration, which is {ratio:.0f} times what the batches
took: it had reached iteration {reached} of 2,000.
"""


def _timed(density: Density, batch_size: int | None, seed: int) -> tuple[Ascended, float]:
    method = make_method("vi_meanfield", {"batch_size": batch_size})
    assert isinstance(method, Vi)  # noqa: S101 - the registry cannot say it
    start = time.perf_counter()
    found = ascend(density, method.asked(None if batch_size is None else "N", seed))
    return found, time.perf_counter() - start


def _nuts(executable: Path, data: Mapping[str, Any], limit_s: float) -> tuple[int, bool]:
    """Return the last iteration that NUTS reached within a time, and whether it ended."""
    reached, began = 0, threading.Event()
    with run_folder(data) as (file, folder):
        output = ["output", f"file={folder / 'draws.csv'}", "refresh=1"]
        command = [str(executable), "sample", "data", f"file={file}", *output]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            timer = threading.Timer(limit_s, process.kill)
            assert process.stdout is not None  # noqa: S101 - it is piped
            for line in process.stdout:
                if line.startswith("Iteration:"):
                    reached = int(line.split()[1])
                    if not began.is_set():
                        began.set()
                        timer.start()
            process.wait()
            timer.cancel()
    return reached, process.returncode == 0


def _measured(case: Case, n_seeds: int) -> str:
    program = Program(name=case.file.stem, file=case.file, parameters=())
    executable, data = compile_program(program).executable, case.data()
    with Density(executable, data, name=case.name) as density:
        runs = [_timed(density, case.batch_size, seed) for seed in range(1, 1 + n_seeds)]
        full = [_timed(density, None, seed) for seed in range(1, 1 + n_seeds)]
    batch_s, full_s = (float(np.median([s for _, s in of])) for of in (runs, full))
    limit_s = _TIMES_AS_LONG * batch_s
    reached, has_ended = _nuts(executable, data, limit_s)
    best = full[0][0].gaussian
    apart = [np.max(np.abs(run.gaussian.mean - best.mean) / best.sd) for run, _ in runs]
    return PAGE.format(
        n_seeds=n_seeds,
        batch_s=batch_s,
        batch_passes=np.median([run.n_passes for run, _ in runs]),
        full_s=full_s,
        full_passes=np.median([run.n_passes for run, _ in full]),
        all_converged="yes" if all(run.end == 0 for run, _ in [*runs, *full]) else "no",
        apart=max(apart),
        ended="at its end before" if has_ended else "stopped",
        limit_s=limit_s,
        ratio=_TIMES_AS_LONG,
        reached=reached,
    )


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.accuracy.cost")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--to", type=Path, default=RESULTS)
    asked = parser.parse_args()
    case = next(case for case in CASES if case.name == _CASE)
    asked.to.mkdir(parents=True, exist_ok=True)
    page = _measured(case, asked.seeds)
    (asked.to / "cost.md").write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    _main()

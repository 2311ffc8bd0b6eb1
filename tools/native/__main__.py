"""Time gradients of ten programs, compiled as usual and for this machine; write results/native/.

python -m tools.native [--to FOLDER]
"""

import argparse
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.api.densities import density
from harness.cmdstan import ensure_cmdstan
from harness.program.flags import find_flags, settings_in_words
from harness.program.log_density import Density
from tools.native.programs import programs

RESULTS = Path(__file__).parents[2] / "results" / "native"
#: Each trial takes about so long.
_TRIAL_S = 0.1
_N_TRIALS = 15
PAGE = """# What compiling for this machine gains

`python -m tools.native` wrote this page. Each program's gradient is timed as CmdStan compiles it
({usual}) and with `native = true` ({native}). Both take turns, {n} times each; the ratio is the
median of the ratios of turns, *from* and *to* are its quartiles. Times are those of a core, on a
machine that was busy. *Difference* is the largest relative one between gradients, by the largest
element.

{table}

The geometric mean of the ratios is {mean:.2f}.
"""


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.native")
    parser.add_argument("--to", type=Path, default=RESULTS)
    to = parser.parse_args().to
    rows = []
    for name, file, data in programs():
        rows.append({"program": name, **_compared(file, data)})
        print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    usual, native = _flags(), _flags(native=True)
    to.mkdir(parents=True, exist_ok=True)
    table.to_csv(to / "programs.csv", index=False, float_format="%.4g")
    text = PAGE.format(
        usual=usual,
        native=native,
        n=_N_TRIALS,
        table=table.to_markdown(index=False, floatfmt=".3g"),
        mean=float(np.exp(np.log(table["ratio"]).mean())),
    )
    (to / "README.md").write_text(text, encoding="utf-8")


def _flags(*, native: bool = False) -> str:
    """Return what compiles programs."""
    location = ensure_cmdstan()
    flags = find_flags(location.path, location.version, native=native)
    return settings_in_words(location.path, flags)


def _compared(file: Path, data: Mapping[str, Any]) -> dict[str, float]:
    """Time one program in both forms, which take turns."""
    with ExitStack() as stack:
        usual, native = (
            stack.enter_context(density(file, data, native=native)) for native in (False, True)
        )
        points = 0.1 * np.random.default_rng(3).normal(size=(1, usual.n_parameters))
        n = 1
        while _seconds(usual, points.repeat(n, axis=0)) < _TRIAL_S:
            n *= 2
        many = points.repeat(n, axis=0)
        times = np.array(
            [[_seconds(usual, many), _seconds(native, many)] for _ in range(_N_TRIALS)]
        )
        known, found = (each.gradient(points).gradient for each in (usual, native))
    low, ratio, high = np.quantile(times[:, 1] / times[:, 0], [0.25, 0.5, 0.75])
    usual_us, native_us = 1e6 * np.median(times, axis=0) / n
    return {
        "parameters": points.shape[1],
        "usual (us)": usual_us,
        "native (us)": native_us,
        "ratio": ratio,
        "from": low,
        "to": high,
        "difference": float(np.max(np.abs(found - known)) / np.max(np.abs(known))),
    }


def _seconds(density: Density, points: np.ndarray[Any, Any]) -> float:
    """Return what gradients take of a core, in the density's own process."""
    clock = ~density.process.pid << 3 | 2  # Linux's name of another process's CPU time
    start = time.clock_gettime(clock)
    density.gradient(points)
    return time.clock_gettime(clock) - start


if __name__ == "__main__":
    _main()

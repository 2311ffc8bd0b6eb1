"""Time gradients of ten programs, compiled as usual and for this machine; write results/native/.

python -m tools.native [--to FOLDER] [--again]

With ``--again`` the page is made anew from the saved times.
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
from tools.pages import markdown

RESULTS = Path(__file__).parents[2] / "results" / "native"
#: Each trial takes about so long.
_TRIAL_S = 0.1
_N_TRIALS = 15
PAGE = """# What compiling for this machine gains

`python -m tools.native` wrote this page from [programs.csv](programs.csv). The gradient of each
program is timed as it is compiled by default, with CmdStan's flags, and with `native = true`, which
uses `{native}`. Both take turns, {n} times each.

{table}

- *Default* and *native* are the CPU times of a gradient, on a machine that was busy.
- *Ratio* is native divided by default: the median over the turns, with its quartiles in brackets.
- *Difference* is the largest difference between both gradients, divided by the largest element.

The geometric mean of the ratios is {mean:.2f}: a program compiled for this machine takes that part
of the time.
"""


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.native")
    parser.add_argument("--to", type=Path, default=RESULTS)
    parser.add_argument("--again", action="store_true", help="only the page, from saved times")
    asked = parser.parse_args()
    to = asked.to
    if asked.again:
        return _write_page(pd.read_csv(to / "programs.csv"), to)
    rows = []
    for name, file, data in programs():
        rows.append({"program": name, **_compared(file, data)})
        print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    to.mkdir(parents=True, exist_ok=True)
    table.to_csv(to / "programs.csv", index=False, float_format="%.4g")
    return _write_page(table, to)


def _write_page(table: pd.DataFrame, to: Path) -> None:
    """Write what was timed."""
    ratios = [f"{row['ratio']:.2f} [{row['from']:.2f} to {row['to']:.2f}]" for row in _rows(table)]
    shown = pd.DataFrame(
        {
            "program": table["program"],
            "parameters": table["parameters"],
            "default (µs)": table["usual (us)"],
            "native (µs)": table["native (us)"],
            "ratio [quartiles]": ratios,
            "difference": [f"{value:.0e}" for value in table["difference"]],
        }
    )
    text = PAGE.format(
        native=_native_flags(),
        n=_N_TRIALS,
        table=markdown(shown),
        mean=float(np.exp(np.log(table["ratio"]).mean())),
    )
    (to / "README.md").write_text(text, encoding="utf-8")


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _native_flags() -> str:
    """Return what is added to CmdStan's flags."""
    location = ensure_cmdstan()
    flags = find_flags(location.path, location.version, native=True)
    return settings_in_words(location.path, flags).removeprefix("CmdStan's, ")


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

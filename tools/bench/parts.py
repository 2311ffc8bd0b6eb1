"""The parts of the bench: each runs and saves its table; then the page is written."""

import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import pandas as pd

from harness.errors import HarnessError, ResultsError
from harness.fits.quantities import Named
from harness.messages.clauses import did_you_mean
from harness.plot import save_figures, scaling_figure
from harness.results.columns import write_table
from tools.bench.data_file import data_table
from tools.bench.gradients import bench_table
from tools.bench.machine import machine, on_cores
from tools.bench.minibatch import minibatch_table
from tools.bench.nuts import nuts_table, reference_draws
from tools.bench.page import write_page
from tools.bench.plan import N_CORES, Bench
from tools.bench.scaling import FIT_FROM_N_ROWS, exponents, scaling_table


def run_bench(bench: Bench, folder: Path, *, only: Collection[str] = ()) -> None:
    """Run the bench and write ``results/bench``.

    Parameters
    ----------
    bench : Bench
        What to run.
    folder : Path
        Takes a CSV for each part, ``machine.json``, a figure and ``README.md``; parts that are
        not run keep what stands there.
    only : collection of str, optional
        Keys of :data:`PARTS`; all by default.

    Raises
    ------
    StudyError, ProgramError, FitError
        If the study lacks a run that a part needs, or this project's own side cannot be set up.
    ResultsError
        If a file cannot be written.
    """
    with on_cores(N_CORES):
        content = json.dumps(machine(), indent=1, ensure_ascii=False) + "\n"
        _write_text(folder / "machine.json", content)
        reference: Named = reference_draws(bench) if not only or _MEASURED & set(only) else {}
        for name, part in PARTS.items():
            if not only or name in only:
                table = part(bench, reference)
                write_table(table, folder / f"{name}.csv")
                if name == "scaling":
                    _draw_scaling(table, folder)
    write_page(folder)


def _gradients(bench: Bench, _: Named) -> pd.DataFrame:
    bench.note("gradients")
    return bench_table(
        bench.study,
        bench.dataset,
        n_repeats=bench.sizes.gradient_repeats,
        min_timed_s=bench.sizes.gradient_time_s,
    )


def _scaling(bench: Bench, _: Named) -> pd.DataFrame:
    return scaling_table(bench)


def _draw_scaling(table: pd.DataFrame, folder: Path) -> None:
    figure = scaling_figure(table, exponents(table), fitted_from=FIT_FROM_N_ROWS)
    save_figures({"scaling": figure}, folder / "figures")


def _write_text(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ResultsError(f"cannot write '{file}': {error.strerror}") from error


#: What the bench is made of, by the name of its table.
PARTS: Mapping[str, Callable[[Bench, Named], pd.DataFrame]] = {
    "gradients": _gradients,
    "nuts": nuts_table,
    "minibatch": minibatch_table,
    "scaling": _scaling,
    "data": data_table,
}
#: Parts whose draws are measured against the reference.
_MEASURED = {"nuts", "minibatch"}


def part_names(text: str | None) -> list[str]:
    """Read names of parts, separated by commas.

    Parameters
    ----------
    text : str or None

    Returns
    -------
    list of str
        None of them for None.

    Raises
    ------
    HarnessError
        If there is no such part.
    """
    names = text.split(",") if text is not None else []
    for name in names:
        if name not in PARTS:
            raise HarnessError(
                f"the bench has no part '{name}'{did_you_mean(name, PARTS)}; give some of "
                f"{','.join(PARTS)}"
            )
    return names

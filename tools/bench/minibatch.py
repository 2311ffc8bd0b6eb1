"""Approximations, by mini-batches and on all rows, beside PyMC's: times and errors."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from harness.data.dataset import FloatArray
from harness.fits.fit import Status
from harness.fits.quantities import Named
from harness.methods import METHODS
from harness.program.program import Program
from harness.results.columns import make_table
from harness.study.study import Run, derive_seed
from tools.bench.columns import MINIBATCH_COLUMNS
from tools.bench.contenders import compile_own, fit_own, run_peer
from tools.bench.jobs import Outcome
from tools.bench.plan import ALL_ROWS, MINIBATCH, Bench
from tools.bench.statistics import approximation_statistics, named_draws

#: The method of this project that PyMC's is compared with.
METHOD = "vi_meanfield"
#: Rows of PyMC's mini-batches, as in the notebook.
BATCH_SIZE = 200
#: The largest error of a mean, in sds, with which a fit has arrived.
CLOSE_SD = 0.1
#: What is before the names of draws on the way.
_PATH = "path_"
#: What PyMC's steps are scaled by: variant, and the rate of AdaGrad (None: PyMC's default).
_OPTIMISERS = {"AdaGrad 0.1": 0.1, "default optimiser": None}
PYMC = "PyMC mini-batch ADVI"
#: PyMC's ADVI on all rows, by the class that does it.
_ON_ALL_ROWS = {"ADVI": "PyMC ADVI", "FullRankADVI": "PyMC full-rank ADVI"}
#: Steps on all rows are a part of those of mini-batches.
_FEWER = 6
#: What pymc-extras has beside, by the function of `pymc_extras_peer.py`.
_EXTRAS = {"pathfinder": "pymc-extras Pathfinder", "dadvi": "pymc-extras DADVI"}


def minibatch_table(bench: Bench, reference: Named) -> pd.DataFrame:
    """Fit approximations from several seeds.

    Parameters
    ----------
    bench : Bench
        What to run: its study's runs of variants "mini-batch" and "all rows", and PyMC's.
    reference : Mapping
        From :func:`tools.bench.nuts.reference_draws`.

    Returns
    -------
    DataFrame
        Columns :data:`~tools.bench.columns.MINIBATCH_COLUMNS`.
    """
    rows = [*_own_rows(bench, reference), *_peer_rows(bench, reference)]
    return make_table(rows, MINIBATCH_COLUMNS)


def _own_rows(bench: Bench, reference: Named) -> Iterator[dict[str, Any]]:
    runs = bench.runs(variant=MINIBATCH)
    if METHOD not in [run.method.name for run in runs]:
        known = (
            "the study has no run of this method"
            if METHOD in METHODS
            else "there is no such method yet"
        )
        who = {"method": METHOD, "variant": MINIBATCH, "program": None}
        yield {**who, "status": Status.NOT_APPLICABLE, "reason": known}
    for run in [*runs, *bench.runs(variant=ALL_ROWS)]:
        bench.note(f"{run.program} / {run.method.name}")
        compile_time_s = compile_own(bench, run.program)
        outcome = fit_own(bench, run, bench.dataset.rows, seeds=_seeds(bench, run))
        cold_time_s = None
        if not outcome.reason and compile_time_s is not None:
            cold_time_s = compile_time_s + outcome.warm_times_s[0]
        who = {"method": run.method.name, "variant": run.variant, "program": run.program}
        yield from _rows(bench, who, outcome, reference, cold_time_s)


def _peer_rows(bench: Bench, reference: Named) -> Iterator[dict[str, Any]]:
    for variant, rate in _OPTIMISERS.items():
        bench.note(f"{PYMC}, {variant}")
        job = {
            "seeds": _seeds(bench, bench.nuts_runs()[0]),
            "batch_size": BATCH_SIZE,
            "n_steps": bench.sizes.n_steps,
            "learning_rate": rate,
        }
        outcome = run_peer(bench, "pymc_peer", "advi", job)
        who = {"method": PYMC, "variant": variant, "program": None}
        yield from _rows(bench, who, outcome, reference, outcome.cold_time_s)
    yield from _all_rows_peers(bench, reference)


def _all_rows_peers(bench: Bench, reference: Named) -> Iterator[dict[str, Any]]:
    """Give what PyMC and pymc-extras have for all rows at once."""
    seeds = _seeds(bench, bench.nuts_runs()[0])
    jobs = [
        (title, "pymc_peer", "advi", {"method": name, "n_steps": bench.sizes.n_steps // _FEWER})
        for name, title in _ON_ALL_ROWS.items()
    ]
    jobs += [(title, "pymc_extras_peer", name, {}) for name, title in _EXTRAS.items()]
    for title, module, function, options in jobs:
        bench.note(title)
        outcome = run_peer(bench, module, function, {"seeds": seeds, **options})
        who = {"method": title, "variant": ALL_ROWS, "program": None}
        yield from _rows(bench, who, outcome, reference, outcome.cold_time_s)


def _path_errors(
    draws: Mapping[str, FloatArray], program: Program, reference: Named
) -> Iterator[tuple[float, float]]:
    """Give the seconds that the steps had taken and the largest error then, on the way."""
    for i, time_s in enumerate(draws[f"{_PATH}time_s"].tolist()):
        here = {name: draws[f"{_PATH}{name}"][i] for name in draws if not name.startswith(_PATH)}
        found = approximation_statistics(named_draws(here, program), reference)
        yield time_s, found.mean_error_sd_max


def _seeds(bench: Bench, run: Run) -> list[int]:
    n = bench.sizes.n_minibatch_seeds
    return [derive_seed(run.seed, MINIBATCH, str(i)) for i in range(n)]


def _rows(
    bench: Bench,
    who: dict[str, str | None],
    outcome: Outcome,
    reference: Named,
    cold_time_s: float | None,
) -> Iterator[dict[str, Any]]:
    """Give a row for each seed, or one with the reason; the first has the cold time."""
    base: dict[str, Any] = {**who, "n_rows": bench.dataset.n_rows}
    if outcome.reason:
        yield {**base, "status": Status.FAILED, "reason": outcome.reason}
        return
    program = bench.study.programs[bench.nuts_runs()[0].program]
    versions = ", ".join(f"{name} {number}" for name, number in outcome.versions.items())
    times = zip(outcome.warm_times_s, outcome.fit_times_s, strict=True)
    for i, (warm_time_s, fit_time_s) in enumerate(times):
        own = {name: array[i] for name, array in outcome.draws.items()}
        ending = {name: array for name, array in own.items() if not name.startswith(_PATH)}
        found = approximation_statistics(named_draws(ending, program), reference)
        path = [(fit_time_s, found.mean_error_sd_max)]
        if len(own) > len(ending):
            path = list(_path_errors(own, program, reference))
        yield {
            **base,
            "replicate": i + 1,
            "cold_time_s": cold_time_s if i == 0 else None,
            "warm_time_s": warm_time_s,
            "fit_time_s": fit_time_s,
            "time_to_tenth_sd_s": next((t for t, error in path if error <= CLOSE_SD), None),
            **asdict(found),
            "peak_memory_mb": outcome.peak_memory_mb,
            "versions": versions,
            "status": Status.OK,
            "reason": "",
        }

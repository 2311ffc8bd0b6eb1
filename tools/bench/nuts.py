"""NUTS of this project and of its peers on the same rows: times, effective draws, memory."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from harness.errors import FitError, StudyError
from harness.fits.fit import Status
from harness.fits.quantities import Named
from harness.program.program import Program
from harness.results.columns import make_table
from harness.study.study import Run
from tools.bench.columns import NUTS_COLUMNS
from tools.bench.contenders import chain_options, compile_own, fit_own, run_peer
from tools.bench.jobs import Outcome
from tools.bench.plan import REFERENCE, Bench, seeds
from tools.bench.statistics import ChainStatistics, chain_statistics, named_draws, ratio

#: Peers by the name that tables use: module, function, and the program of ours that they run.
PEERS: Mapping[str, tuple[str, str, str | None]] = {
    "nutpie": ("nutpie_peer", "nuts", None),
    "PyMC": ("pymc_peer", "nuts", None),
    "NumPyro": ("numpyro_peer", "nuts", None),
    "stanli": ("stanli_peer", "nuts", "gmm_glm"),
}
#: What tables call this project's own NUTS, as CmdStan runs it.
OWN = "this project"

_RATIOS = {
    "warm_time_ratio": "warm_time_s",
    "cold_time_ratio": "cold_time_s",
    "ess_per_s_ratio": "ess_per_s",
}


def reference_draws(bench: Bench) -> Named:
    """Sample the study's reference anew.

    Raises
    ------
    StudyError
        If the study has none.
    FitError
        If it cannot be sampled.
    """
    runs = bench.runs(method="nuts", variant=REFERENCE)
    if not runs:
        raise StudyError(f"study '{bench.study.name}' has no nuts run of variant '{REFERENCE}'")
    bench.note("the reference")
    outcome = fit_own(
        bench,
        runs[0],
        bench.dataset.rows,
        seeds=seeds(runs[0], 1),
        options=chain_options(bench, runs[0]),
    )
    if outcome.reason:
        raise FitError(f"the bench's reference cannot be sampled: {outcome.reason}")
    return _named(bench, runs[0].program, outcome)[0]


def nuts_table(bench: Bench, reference: Named) -> pd.DataFrame:
    """Time NUTS of this project and of the peers.

    Parameters
    ----------
    bench : Bench
        What to run.
    reference : Mapping
        From :func:`reference_draws`.

    Returns
    -------
    DataFrame
        Columns :data:`~tools.bench.columns.NUTS_COLUMNS`; ratios to the first row.
    """
    rows = [*_own_rows(bench, reference), *_peer_rows(bench, reference)]
    return make_table(with_ratios(rows), NUTS_COLUMNS)


def _own_rows(bench: Bench, reference: Named) -> Iterator[dict[str, Any]]:
    for run in bench.nuts_runs():
        bench.note(f"{run.program} / {OWN}")
        compile_time_s = compile_own(bench, run.program)
        outcome = fit_own(
            bench,
            run,
            bench.dataset.rows,
            seeds=seeds(run, bench.sizes.repeats),
            options=chain_options(bench, run),
        )
        if not outcome.reason and compile_time_s is not None:
            cold_time_s = compile_time_s + outcome.warm_times_s[0]
            outcome = replace(outcome, cold_time_s=cold_time_s)
        yield _row(bench, (OWN, run.program), run, outcome, reference)


def _peer_rows(bench: Bench, reference: Named) -> Iterator[dict[str, Any]]:
    run = bench.nuts_runs()[0]
    for name, (module, function, program) in PEERS.items():
        bench.note(name)
        job = {**chain_options(bench, run), "seeds": seeds(run, bench.sizes.repeats)}
        if program is not None and program in bench.study.programs:
            job["program"] = str(bench.study.programs[program].file)
        outcome = run_peer(bench, module, function, job)
        yield _row(bench, (name, program), run, outcome, reference)


def _named(bench: Bench, program: str, outcome: Outcome) -> list[Named]:
    """Return the relabelled scalars of each seed's draws."""
    declared: Program = bench.study.programs[program]
    n_seeds = len(next(iter(outcome.draws.values())))
    return [
        named_draws({name: array[i] for name, array in outcome.draws.items()}, declared)
        for i in range(n_seeds)
    ]


def _row(
    bench: Bench, who: tuple[str, str | None], run: Run, outcome: Outcome, reference: Named
) -> dict[str, Any]:
    """Return a sampler's row, without ratios."""
    options = chain_options(bench, run)
    row: dict[str, Any] = {
        **dict(zip(("sampler", "program"), who, strict=True)),
        "n_rows": bench.dataset.n_rows,
        **{name: options[name] for name in ("n_chains", "n_warmup", "n_draws")},
        "status": Status.FAILED if outcome.reason else Status.OK,
        "reason": outcome.reason,
    }
    if outcome.reason:
        return row
    named = _named(bench, run.program, outcome)
    chains = [chain_statistics(draws, reference) for draws in named]
    return row | measured(outcome, chains)


def measured(outcome: Outcome, chains: Sequence[ChainStatistics]) -> dict[str, Any]:
    """Return the statistics of a sampler that ended well.

    Medians over seeds, but the worst R-hat and error of any.

    Parameters
    ----------
    outcome : Outcome
        Its times.
    chains : sequence of ChainStatistics
        One for each of its warm times.

    Returns
    -------
    dict
    """
    times = outcome.warm_times_s
    ess = [item.ess_bulk_min for item in chains]
    return {
        "n_repeats": len(times),
        "cold_time_s": outcome.cold_time_s,
        "warm_time_s": statistics.median(times),
        "warm_time_min_s": min(times),
        "warm_time_max_s": max(times),
        "ess_bulk_min": statistics.median(ess),
        "ess_per_s": statistics.median(e / t for e, t in zip(ess, times, strict=True)),
        "r_hat_max": max(item.r_hat_max for item in chains),
        "mean_error_mcse_max": max(item.mean_error_mcse_max for item in chains),
        "peak_memory_mb": outcome.peak_memory_mb,
        "versions": ", ".join(f"{name} {number}" for name, number in outcome.versions.items()),
    }


def with_ratios(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Add each row's ratios to the first row's statistics.

    Parameters
    ----------
    rows : sequence of Mapping
        The first is the baseline.

    Returns
    -------
    list of dict
    """
    return [
        {
            **row,
            **{to: ratio(row.get(name), rows[0].get(name)) for to, name in _RATIOS.items()},
        }
        for row in rows
    ]

"""bin/stansummary and bin/diagnose: their numbers against ArviZ's, their options and texts."""

import subprocess
from pathlib import Path
from typing import Any

import arviz_stats.base
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from tests.stan_csv import autoregressive, write_chains

Chains = NDArray[np.float64]
array_stats: Any = getattr(arviz_stats.base, "array_stats")  # noqa: B009 - it has no types


def run(home: Path, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(home / "bin" / tool), *arguments], capture_output=True, text=True, check=False
    )


def summary(home: Path, paths: list[str], *options: str) -> pd.DataFrame:
    table = Path(paths[0]).with_name("summary.csv")
    table.unlink(missing_ok=True)
    done = run(home, "stansummary", *options, f"--csv_filename={table}", *paths)
    assert done.returncode == 0, done.stdout
    return pd.read_csv(table, index_col=0, comment="#")


def arviz_row(draws: Chains) -> dict[str, float]:
    """The same statistics by ArviZ, for draws of shape (chain, draw)."""
    axes = {"chain_axis": 0, "draw_axis": 1}
    row = {
        "Mean": draws.mean(),
        "MCSE": array_stats.mcse(draws, method="mean", **axes),
        "StdDev": draws.std(ddof=1),
        "MAD": 1.4826 * np.median(np.abs(draws - np.median(draws))),
        "ESS_bulk": array_stats.ess(draws, method="bulk", **axes),
        "ESS_tail": array_stats.ess(draws, method="tail", prob=(0.05, 0.95), **axes),
    }
    if len(draws) > 1:  # ArviZ refuses R-hat for one chain; CmdStan shows that of its halves
        row["R_hat"] = array_stats.rhat(draws, method="rank", **axes)
    row |= {f"{p}%": np.quantile(draws, p / 100) for p in (5, 50, 95)}
    return {name: float(value) for name, value in row.items()}


@pytest.mark.parametrize("shape", [(4, 500), (1, 1001), (2, 37), (3, 8)])
def test_statistics_are_arvizs(shape: tuple[int, int], cmdstan_home: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    columns = {
        "good": autoregressive(rng, shape, 0.3),
        "antithetic": autoregressive(rng, shape, -0.6),
        "slow": autoregressive(rng, shape, 0.97),
        "apart": autoregressive(rng, shape, 0.3) + np.arange(shape[0])[:, None],
        "whole": rng.integers(0, 5, shape).astype(float),
        "wild": 1e6 * autoregressive(rng, shape, 0.1) ** 3,
    }
    table = summary(cmdstan_home, write_chains(tmp_path, columns), "--sig_figs=18")
    for name, draws in columns.items():
        wanted = arviz_row(draws)
        found = table.loc[name, list(wanted)].to_numpy(dtype=float)
        np.testing.assert_allclose(found, list(wanted.values()), rtol=1e-9, err_msg=name)


def test_columns_and_order(cmdstan_home: Path, tmp_path: Path) -> None:
    draws = autoregressive(np.random.default_rng(1), (2, 50), 0)
    columns = {f"a.{i}.{j}": draws for j in (1, 2) for i in (1, 2)} | {"b": draws}
    paths = write_chains(tmp_path, columns)
    table = summary(cmdstan_home, paths, "-p", "2.5, 50 97.5", "-s3")
    assert list(table.columns) == [
        *("Mean", "MCSE", "StdDev", "MAD"),
        *("2.5%", "50%", "97.5%", "ESS_bulk", "ESS_tail", "ESS_bulk/s", "R_hat"),
    ]
    assert list(table.index) == [
        *("lp__", "accept_stat__", "treedepth__", "divergent__", "energy__"),
        *("a[1,1]", "a[1,2]", "a[2,1]", "a[2,2]", "b"),
    ]
    chosen = summary(cmdstan_home, paths, "-i", "a.2.1", "--include_param=b")
    assert [name for name in chosen.index if not name.endswith("__")] == ["a[2,1]", "b"]


def test_saved_warm_up_is_left_out(cmdstan_home: Path, tmp_path: Path) -> None:
    draws = autoregressive(np.random.default_rng(2), (2, 300), 0.2)
    draws[:, :100] += 1000
    table = summary(cmdstan_home, write_chains(tmp_path, {"a": draws}, n_warmup=100), "-s9")
    assert table.loc["a", "Mean"] == pytest.approx(draws[:, 100:].mean(), rel=1e-8)


def test_console_table(cmdstan_home: Path, tmp_path: Path) -> None:
    draws = autoregressive(np.random.default_rng(3), (2, 100), 0)
    done = run(cmdstan_home, "stansummary", *write_chains(tmp_path, {"a": draws}), "-a", "2")
    lines = done.stdout.splitlines()
    assert lines[0] == "Inference for Stan model: made_up_model"
    assert lines[1] == "2 chains: each with iter=100; warmup=0; thin=1; 100 iterations saved."
    assert lines[3] == "Warmup took (0.50, 0.50) seconds, 1.0 seconds total"
    assert lines[4] == "Sampling took (0.25, 0.25) seconds, 0.50 seconds total"
    assert "Displaying the autocorrelations for chain 2:" in lines
    assert "Samples were drawn using hmc with nuts." in lines


def test_bulk_ess_by_the_second_of_sampling(cmdstan_home: Path, tmp_path: Path) -> None:
    draws = autoregressive(np.random.default_rng(8), (2, 100), 0)
    row = summary(cmdstan_home, write_chains(tmp_path, {"a": draws}), "-s12").loc["a"]
    assert row["ESS_bulk/s"] == pytest.approx(row["ESS_bulk"] / (2 * 0.25), rel=1e-9)


def test_what_is_constant_within_chains_has_no_diagnostics(
    cmdstan_home: Path, tmp_path: Path
) -> None:
    """A step size: each chain keeps its own."""
    shape = (4, 100)
    columns = {
        "stepsize__": np.full(shape, [[0.5], [0.6], [0.7], [0.8]]),
        "same": np.full(shape, 3.0),
        "stuck": np.where(
            np.arange(4)[:, None] < 3, np.random.default_rng(9).normal(size=shape), 9
        ),
    }
    table = summary(cmdstan_home, write_chains(tmp_path, columns))
    diagnostics = ["MCSE", "ESS_bulk", "ESS_tail", "ESS_bulk/s", "R_hat"]
    assert table.loc[["stepsize__", "same"], diagnostics].isna().all(axis=None)
    assert table.loc["stepsize__", "Mean"] == pytest.approx(0.65)
    assert table["R_hat"]["stuck"] > 1.5  # one chain that is stuck is a finding


@pytest.mark.parametrize(
    ("options", "columns"),
    [
        (["-p", "0"], ["0%"]),
        (["-p", "0,100"], ["0%", "100%"]),
        (["-p", "50,,99.9"], ["50%", "99.9%"]),
        (["-p", ""], []),
    ],
)
def test_percentiles(
    options: list[str], columns: list[str], cmdstan_home: Path, tmp_path: Path
) -> None:
    draws = autoregressive(np.random.default_rng(1), (2, 50), 0)
    table = summary(cmdstan_home, write_chains(tmp_path, {"a": draws}), *options)
    assert [name for name in table.columns if name.endswith("%")] == columns
    if "0%" in columns:
        assert table.loc["a", "0%"] == pytest.approx(draws.min(), rel=1e-5)


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--percentiles=50,5"], 1, "increasing"),
        (["--percentiles=101"], 1, "(0, 100)"),
        (["--percentiles=5,"], 1, "5,"),
        (["--include_param=z"], 1, "'z'"),
        (["--include_param=lp__"], 1, "'lp__'"),
        (["--autocorr=9"], 1, "9"),
        (["--csv_filename=/nowhere/at/all.csv"], 1, "/nowhere/at/all.csv"),
        (["--autocorr=1.5"], 104, "1.5"),
        (["--autocorr=0"], 105, "0"),
        (["--sig_figs=19"], 105, "19"),
        (["-s", "0"], 105, "0"),
        (["--csv_filename=/"], 105, "/"),
        (["nowhere.csv"], 105, "nowhere.csv"),
        (["--nonsense"], 109, "--nonsense"),
        (["-s", "3", "-s", "4"], 114, "--sig_figs"),
    ],
)
def test_bad_options_are_refused(
    options: list[str], code: int, told: str, cmdstan_home: Path, tmp_path: Path
) -> None:
    paths = write_chains(tmp_path, {"a": np.ones((1, 10))})
    done = run(cmdstan_home, "stansummary", *paths, *options)
    assert done.returncode == code
    assert told in (done.stdout if code == 1 else done.stderr)
    assert "Inference for" not in done.stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [([], 1), (["-h"], 0), (["--help", "--nonsense"], 0), (["--nonsense"], 106), (["-s"], 114)],
)
def test_words_without_files(words: list[str], code: int, cmdstan_home: Path) -> None:
    assert run(cmdstan_home, "stansummary", *words).returncode == code


def test_files_that_are_no_samples(cmdstan_home: Path, tmp_path: Path) -> None:
    (tmp_path / "none.csv").write_text("# nothing\n")
    (tmp_path / "empty.csv").write_text("lp__,a\n")
    (tmp_path / "ragged.csv").write_text("lp__,a\n1,2\n1\n")
    for name, told in (
        ("none", "no column names"),
        ("empty", "No draws found"),
        ("ragged", "expected 2 columns, but found 1 instead for row 2"),
    ):
        for tool in ("stansummary", "diagnose"):
            done = run(cmdstan_home, tool, str(tmp_path / f"{name}.csv"))
            assert done.returncode == 1
            assert told in done.stdout


def test_a_good_run_is_told_so(cmdstan_home: Path, tmp_path: Path) -> None:
    draws = autoregressive(np.random.default_rng(4), (4, 400), 0.1)
    done = run(cmdstan_home, "diagnose", *write_chains(tmp_path, {"a": draws}))
    assert done.returncode == 0
    assert done.stdout.split("\n\n") == [
        "Checking sampler transitions treedepth.\nTreedepth satisfactory for all transitions.",
        "Checking sampler transitions for divergences.\nNo divergent transitions found.",
        "Checking E-BFMI - sampler transitions HMC potential energy.\nE-BFMI satisfactory.",
        "Rank-normalized split effective sample size satisfactory for all parameters.",
        "Rank-normalized split R-hat values satisfactory for all parameters.",
        "Processing complete, no problems detected.\n",
    ]


def test_every_problem_is_told(cmdstan_home: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    shape = (4, 1000)
    trap = np.zeros(shape)
    trap[0, :3] = 1
    columns = {
        "treedepth__": 10 * trap,
        "divergent__": trap,
        "energy__": np.cumsum(rng.normal(size=shape), axis=1),
        "a": autoregressive(rng, shape, 0) + 1e3 * np.arange(4)[:, None],
        "b": np.cumsum(rng.normal(size=shape), axis=1) + 1e9 * np.arange(4)[:, None],
    }
    text = run(cmdstan_home, "diagnose", *write_chains(tmp_path, columns)).stdout
    for told in (
        "3 of 4000 (0.07%) transitions hit the maximum treedepth limit of 10, or 2^10 leapfrog",
        "3 of 4000 (0.07%) transitions ended with a divergence.",
        "is below the nominal threshold of 0.30",
        "greater than 1.01:\n  a, b\n",
        "Processing complete.\n",
    ):
        assert told in text


def test_e_bfmi_is_arvizs(cmdstan_home: Path, tmp_path: Path) -> None:
    energy = np.cumsum(np.random.default_rng(6).normal(size=(2, 60)), axis=1)
    paths = write_chains(tmp_path, {"energy__": energy, "a": energy})
    lowest = min(float(value) for value in array_stats.bfmi(energy))
    assert f"The E-BFMI, {lowest:.2f}, is below" in run(cmdstan_home, "diagnose", *paths).stdout

"""The bench's parts: ratios, exponents, errors, pages, jobs; and a small bench from end to end."""

import json
import py_compile
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.errors import HarnessError, ResultsError
from harness.fits.fit import Status
from harness.results.columns import make_table, read_table, write_table
from harness.study.toml import read_study
from tests.cases import PROJECT
from tools.bench import PARTS, QUICK, Bench, part_names, run_bench, sizes
from tools.bench.__main__ import main
from tools.bench.columns import MINIBATCH_COLUMNS, NUTS_COLUMNS, SCALING_COLUMNS
from tools.bench.jobs import Outcome, run_job
from tools.bench.nuts import PEERS, measured, with_ratios
from tools.bench.page import page, readme_block
from tools.bench.plan import mixture_rows
from tools.bench.scaling import exponents, scaling_table
from tools.bench.statistics import approximation_statistics, chain_statistics, exponent, ratio

BENCH_STUDY = PROJECT / "studies" / "bench.toml"
PEERS_FOLDER = PROJECT / "tools" / "bench" / "peers"
PEERS_PYTHON = PROJECT / ".venv-peers" / "bin" / "python"


def nuts_rows() -> list[dict[str, Any]]:
    ours = {
        "sampler": "this project",
        "program": "gmm_fused",
        "n_rows": 100_000,
        "n_chains": 2,
        "n_warmup": 1000,
        "n_draws": 1000,
        "n_repeats": 3,
        "cold_time_s": 20.0,
        "warm_time_s": 4.0,
        "ess_per_s": 200.0,
        "peak_memory_mb": 300.0,
        "status": Status.OK,
    }
    theirs = {**ours, "sampler": "PyMC", "program": None, "versions": "pymc 6.4.0"}
    theirs |= {"cold_time_s": 50.0, "warm_time_s": 40.0, "ess_per_s": 10.0}
    failed = {"sampler": "nutpie", "status": Status.FAILED, "reason": "it is not installed"}
    return with_ratios([ours, theirs, failed])


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Bench results whose times are made up."""
    write_table(make_table(nuts_rows(), NUTS_COLUMNS), tmp_path / "nuts.csv")
    scaling = [
        {
            "method": "advi",
            "program": "gmm",
            "n_rows": n,
            "fit_time_s": n / 1e5,
            "status": Status.OK,
        }
        for n in (10**4, 10**5, 10**6)
    ]
    write_table(make_table(scaling, SCALING_COLUMNS), tmp_path / "scaling.csv")
    minibatch = [
        {
            "method": "ADVI",
            "variant": variant,
            "replicate": i,
            "fit_time_s": i * times / 2,
            "warm_time_s": float(i) * times,
            "mean_error_sd_max": i / 10,
            # no time where it is never reached: of the second series by two of three
            "time_to_tenth_sd_s": None if variant == "w" and i > 1 else float(i),
            "status": Status.OK,
        }
        for variant, times in (("v", 1.0), ("w", 7.0))
        for i in (1, 2, 9)
    ]
    write_table(make_table(minibatch, MINIBATCH_COLUMNS), tmp_path / "minibatch.csv")
    machine = {"processor": "Imaginary 1", "n_cores": 4, "n_cores_used": 2, "memory_gb": 8.0}
    machine |= {"load_average_before": 0.1, "versions": {"python": "3.13.0"}}
    (tmp_path / "machine.json").write_text(json.dumps(machine))
    return tmp_path


def test_ratios_are_to_the_first_row() -> None:
    ours, theirs, failed = nuts_rows()
    assert (ours["warm_time_ratio"], ours["cold_time_ratio"], ours["ess_per_s_ratio"]) == (1, 1, 1)
    assert theirs["warm_time_ratio"] == 10
    assert theirs["cold_time_ratio"] == 2.5
    assert theirs["ess_per_s_ratio"] == 0.05
    assert failed["warm_time_ratio"] is None
    assert ratio(3.0, 0.0) is None
    assert ratio(float("nan"), 2.0) is None


def test_medians_over_seeds() -> None:
    rng = np.random.default_rng(3)
    draws = {"a": rng.normal(size=(2, 500)), "b": rng.normal(size=(2, 500))}
    figures = chain_statistics(draws, {name: values + 0.0 for name, values in draws.items()})
    assert figures.mean_error_mcse_max == 0
    assert figures.r_hat_max < 1.02
    outcome = Outcome(warm_times_s=(1.0, 9.0, 2.0), cold_time_s=30.0, versions={"x": "1", "y": "2"})
    row = measured(outcome, [figures] * 3)
    assert (row["warm_time_s"], row["warm_time_min_s"], row["warm_time_max_s"]) == (2, 1, 9)
    assert row["ess_per_s"] == pytest.approx(figures.ess_bulk_min / 2)
    assert row["versions"] == "x 1, y 2"


def test_a_shift_counts_in_standard_errors() -> None:
    rng = np.random.default_rng(4)
    reference = {"a": rng.normal(size=(2, 1000))}
    shifted = {"a": reference["a"] + 1.0}
    # two independent-looking sets of 2000 draws: the difference has an error of sqrt(2 / 2000)
    assert chain_statistics(shifted, reference).mean_error_mcse_max > 20


def test_errors_of_an_approximation() -> None:
    rng = np.random.default_rng(5)
    reference = {"a": 2.0 * rng.normal(size=(1, 4000)), "b": rng.normal(size=(1, 4000))}
    sd = reference["a"].std()
    draws = {"a": reference["a"] + 3 * sd, "b": 0.5 * (reference["b"] - reference["b"].mean())}
    draws["b"] += reference["b"].mean()
    figures = approximation_statistics(draws, reference)
    assert figures.mean_error_sd_max == pytest.approx(3)
    assert figures.mean_error_sd_rms == pytest.approx(3 / np.sqrt(2))
    assert figures.sd_ratio_min == pytest.approx(0.5)
    assert figures.sd_ratio_max == pytest.approx(1)


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_exponent_of_an_exact_power_law(power: float) -> None:
    n_rows = [100.0, 1000.0, 1e4, 1e6]
    assert exponent(n_rows, [3e-5 * n**power for n in n_rows]) == pytest.approx(power, abs=1e-12)


def test_exponents_leave_out_small_and_failed_runs() -> None:
    times = {100: 5.0, 10**4: 0.1, 10**5: 1.0, 10**6: 10.0, 10**7: 1.0}
    rows = [
        {
            "method": "m",
            "program": "p",
            "n_rows": n,
            "fit_time_s": t,
            "status": Status.FAILED if n == 10**7 else Status.OK,
        }
        for n, t in times.items()
    ]
    table = make_table([*rows, {**rows[1], "method": "once"}], SCALING_COLUMNS)
    fitted = exponents(table)
    assert fitted["m / p"] == pytest.approx(1)
    assert np.isnan(fitted["once / p"])


def test_methods_stop_at_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def pretend(_: Bench, run: Any, rows: Any, **__: Any) -> Outcome:
        if run.method.name == "laplace":
            return Outcome(reason="stopped after 240 s")
        time_s = len(rows) / 10
        return Outcome(warm_times_s=(time_s,), fit_times_s=(time_s,), peak_memory_mb=1.0)

    monkeypatch.setattr("tools.bench.scaling.fit_own", pretend)
    small = Bench(study=read_study(BENCH_STUDY), study_file=BENCH_STUDY, sizes=sizes())
    table = scaling_table(small)
    by_method = table[table["program"] == "gmm_fused"].groupby("method")["n_rows"].apply(list)
    assert by_method["nuts"] == [100, 1000]  # 100 s, longer than 60
    assert by_method["laplace"] == [100]


def test_page_has_ratios_exponents_and_reasons(results: Path) -> None:
    text = page(results)
    assert "Imaginary 1" in text
    assert "nutpie: " in text
    assert "pymc 6.4.0" in text
    pymc = next(line for line in text.splitlines() if line.startswith("| PyMC"))
    cells = [cell.strip() for cell in pymc.split("|")]
    assert {"40", "50", "10", "2.5", "10.0", "0.050"} <= set(cells)
    advi = next(line for line in text.splitlines() if line.startswith("| `advi / gmm`"))
    assert advi.split("|")[-2].strip() == "1.00"
    medians = next(line for line in text.splitlines() if line.startswith("| ADVI, w"))
    found = [cell.strip() for cell in medians.split("|")][2:10]
    assert [*found[:2], found[3]] == ["3", "7.0", "14"]
    assert found[5:] == ["7.0", "0.20", "0.90"]
    first = next(line for line in text.splitlines() if line.startswith("| ADVI, v"))
    assert (first.split("|")[4].strip(), found[2]) == ("2.0", "not reached")


def test_the_readme_has_a_small_table(results: Path) -> None:
    block = readme_block(results)
    assert "100,000 rows" in block
    assert re.search(r"2 of 4 .*Imaginary 1", block)
    head = next(line for line in block.splitlines() if line.startswith("| sampler"))
    assert head.count("|") - 1 <= 6


def test_no_results(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="make bench"):
        page(tmp_path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--only", "nuts,scalling"], "no part 'scalling'; did you mean 'scaling'?"),
        (["--repeats", "0"], "repeats is 0"),
        (["--time-limit", "nan"], "time_limit_s is nan"),
    ],
)
def test_slips_in_options(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert main([str(BENCH_STUDY), "--results", str(tmp_path / "r"), *options]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


def test_sizes() -> None:
    assert part_names("nuts,scaling") == ["nuts", "scaling"]
    assert part_names(None) == []
    assert sizes(quick=True) == QUICK
    assert sizes(repeats=7).repeats == 7
    with pytest.raises(HarnessError, match="no part"):
        part_names("")


def test_rows_of_the_mixture() -> None:
    rows = mixture_rows(20_000)
    np.testing.assert_array_equal(rows, mixture_rows(20_000))
    # shares 0.2 and 0.8 of means (-1, -1.5) and (1, 1); sds 1.28 and 1.41 over root 20000
    np.testing.assert_allclose(rows.mean(axis=0), [0.6, 0.5], atol=4 * 0.01)


JOB = """
import json, pathlib, subprocess, sys, time
import numpy as np
file = pathlib.Path(sys.argv[1])
job = json.loads(file.read_text())
rows = np.load(job["rows_file"])
block = bytearray(job["n_bytes"])
time.sleep(job["sleep_s"])
np.savez(file.with_name("draws.npz"), mu=rows)
file.with_name("answer.json").write_text(json.dumps({"warm_times_s": [1.5]}))
if job["fail"]:
    sys.exit("the last word")
"""


def python_job(**job: Any) -> Outcome:
    content = {"n_bytes": 0, "sleep_s": 0.0, "fail": False, **job}
    command = [sys.executable, "-c", JOB]
    return run_job(command, content, np.ones((3, 2)), time_limit_s=5)


def test_a_job_gives_draws_and_its_memory() -> None:
    outcome = python_job(n_bytes=300_000_000, sleep_s=1.0)
    assert outcome.reason == ""
    assert outcome.warm_times_s == (1.5,)
    np.testing.assert_array_equal(outcome.draws["mu"], np.ones((3, 2)))
    if sys.platform == "linux":
        assert outcome.peak_memory_mb is not None
        assert 300 < outcome.peak_memory_mb < 600


@pytest.mark.slow
def test_jobs_that_fail_have_a_reason() -> None:
    assert python_job(fail=True).reason == "the last word"
    start = time.perf_counter()
    assert python_job(sleep_s=60.0).reason == "stopped after 5 s"
    assert time.perf_counter() - start < 30
    missing = run_job(["no-such-python"], {}, np.ones((1, 2)), time_limit_s=5)
    assert "started" in missing.reason


@pytest.mark.parametrize("script", sorted(PEERS_FOLDER.glob("*.py")), ids=lambda file: file.stem)
def test_peers_compile(script: Path, tmp_path: Path) -> None:
    py_compile.compile(str(script), cfile=str(tmp_path / "out.pyc"), doraise=True)


def test_peers_are_scripts_that_there_are() -> None:
    for module, function, _ in PEERS.values():
        assert f"def {function}(" in (PEERS_FOLDER / f"{module}.py").read_text(encoding="utf-8")


def test_the_harness_imports_no_peer() -> None:
    code = "import sys, harness.cli; print(*sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT
    )
    peers = {"pymc", "pytensor", "nutpie", "numpyro", "jax", "stanli"}
    assert not peers & {name.partition(".")[0] for name in answer.stdout.split()}


@pytest.mark.slow
@pytest.mark.usefixtures("cmdstan_home")
def test_a_quick_bench_without_peers(tmp_path: Path) -> None:
    bench = Bench(study=read_study(BENCH_STUDY), study_file=BENCH_STUDY, sizes=QUICK)
    run_bench(bench, tmp_path)
    nuts = read_table(tmp_path / "nuts.csv", NUTS_COLUMNS).set_index("sampler")
    ours = nuts.loc["this project"]
    assert set(ours["status"]) == {"ok"}
    assert (ours["mean_error_mcse_max"] < 5).all()
    assert (ours["warm_time_s"] < ours["cold_time_s"]).all()
    assert (nuts.loc[list(PEERS), "reason"].str.contains("make bench")).all()
    scaling = read_table(tmp_path / "scaling.csv", SCALING_COLUMNS)
    assert set(scaling["status"]) == {"ok"}
    assert {f"{name}.csv" for name in PARTS} <= {file.name for file in tmp_path.iterdir()}
    assert (tmp_path / "figures" / "scaling.png").is_file()
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == page(tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(not PEERS_PYTHON.is_file(), reason="there is no environment with the peers")
@pytest.mark.usefixtures("cmdstan_home")
def test_peers_agree_with_the_reference(tmp_path: Path) -> None:
    bench = Bench(
        study=read_study(BENCH_STUDY),
        study_file=BENCH_STUDY,
        sizes=QUICK,
        peers_python=PEERS_PYTHON,
    )
    run_bench(bench, tmp_path, only=["nuts"])
    nuts = read_table(tmp_path / "nuts.csv", NUTS_COLUMNS)
    assert set(nuts["status"]) == {"ok"}, nuts["reason"].dropna().tolist()
    assert pd.Series(nuts["mean_error_mcse_max"] < 5).all()

"""The bench: what the bare loop computes, and the table's ratios."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from harness.data.dataset import Dataset
from harness.data.stan_json import read_stan_json, write_stan_json
from harness.errors import ProgramError
from harness.program.compilation import CompiledProgram
from harness.study.toml import read_study
from tests.cases import PROJECT, FloatArray, pretend_compiled
from tools.bench import BARE_LOOP, BENCH_COLUMNS, N_REPEATS, QUICK, Bench, bench_table, gradients
from tools.bench.bare_loop import bare_loop
from tools.bench.data_file import data_table, measure_steps


@pytest.mark.parametrize("n_rows", [1, 999, 1000, 1001, 2500])
def test_bare_loop_computes_the_sum_and_its_slopes(n_rows: int) -> None:
    rows = np.random.default_rng(n_rows).normal(size=(n_rows, 2))
    with bare_loop(rows) as loop:
        gradient = loop.run(3)
    eta = 0.3 + rows @ [1.1, -0.7]
    slope = 1 / (1 + np.exp(-eta))
    assert gradient.total == pytest.approx(np.logaddexp(0, eta).sum(), rel=1e-12)
    np.testing.assert_allclose(gradient.slopes, [slope.sum(), *(slope @ rows)], rtol=1e-11)
    assert gradient.time_s > 0


def test_missing_compiler_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(ProgramError, match="'no-such-compiler'"):
        bare_loop(np.zeros((1, 2))).__enter__()


def test_table_sets_each_program_beside_the_bare_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {"gmm": 10e-3, "gmm_glm": 2e-3, "gmm_fused": 0.2e-3}

    def pretend(program: CompiledProgram, _: Path, n_gradients: int) -> float:
        return 0.05 + n_gradients * seconds[program.program.name]

    study = read_study(PROJECT / "studies" / "bench.toml")
    assert set(study.programs) >= set(seconds)
    programs = {name: pretend_compiled(study.programs[name]) for name in seconds}
    monkeypatch.setattr(gradients, "compile_all", lambda _: programs)
    monkeypatch.setattr(gradients, "_time_log_prob", pretend)
    monkeypatch.setattr(gradients, "_time_loop", lambda *_: 0.1e-3)
    table = bench_table(study, study.datasets["large"]).set_index("program")
    assert list(BENCH_COLUMNS)[:3] == ["dataset", "n_rows", "program"]
    np.testing.assert_allclose(table["times_bare_loop"].to_numpy(float), [100, 20, 2, 1])
    np.testing.assert_allclose(table["ratio_to_slowest"].to_numpy(float), [1, 5, 50, 100])
    assert list(table.index) == [*seconds, BARE_LOOP]
    assert set(table["n_rows"]) == {100_000}


def test_other_rows_have_no_bare_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradients, "_time_log_prob", lambda *_: 2.0)
    monkeypatch.setattr(gradients, "_n_gradients", lambda *_: 4)
    times = gradients.time_gradients({}, Dataset(name="three", rows=np.zeros((5, 3))))
    assert times == {}
    assert N_REPEATS % 2 == 1  # so that a median is one of the values


@pytest.mark.slow
def test_steps_on_a_data_file_cost_what_their_numbers_do(tmp_path: Path) -> None:
    """In a process of their own, at most three times the doubles; the file is what it was."""
    numbers = np.random.default_rng(1).standard_normal((100_000, 20)).round(4)
    told: list[str] = []
    plan = Bench(
        study=read_study(PROJECT / "studies" / "bench.toml"),
        study_file=PROJECT / "studies" / "bench.toml",
        sizes=dataclasses.replace(QUICK, data_n_numbers=numbers.size),
        peers_python=tmp_path,
        note=told.append,
    )
    table = data_table(plan, {}).set_index("step")
    assert list(table.index) == ["read", "hash", "hand on", "write"]
    assert set(table["n_numbers"]) == {numbers.size}
    assert table["time_s"].gt(0).all()
    if table["peak_growth_mb"].notna().all():
        assert float(table["peak_growth_mb"].iloc[0]) > numbers.nbytes / 1e6 / 2
        assert table["times_doubles"].max() < 3
    steps = measure_steps(written(tmp_path / "data.json", numbers))
    assert [step["step"] for step in steps] == list(table.index)
    again = read_stan_json(tmp_path / "written.json")
    np.testing.assert_array_equal(again["x"], numbers)


def written(file: Path, numbers: FloatArray) -> Path:
    write_stan_json(file, {"x": numbers})
    return file

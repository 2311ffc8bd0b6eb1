"""Rows of programs of all kinds: found, proved on the program itself, or refused."""

import dataclasses
import json
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.cli import main
from harness.data.dataset import Dataset
from harness.data.stan_json import plain_variables, write_stan_json
from harness.errors import ProgramError
from harness.fits.fit import Status
from harness.methods import Problem, ViMeanfield
from harness.program.compilation import CompiledProgram, compile_program
from harness.program.identities import identities
from harness.program.log_density import NO_ROWS, Density, RowBlocks, Rows
from harness.program.program import Program
from harness.program.rows import RowAxis, choose_axis, find_rows
from tests.cases import DATA, FloatArray
from tests.row_programs import (
    ADDING_UP,
    CASES,
    REFUSED_AT_SIGHT,
    N,
    RowCase,
    each,
    row_data,
    row_program,
)

#: Compiled for the fast tests too; all others take their ten seconds among the slow ones.
FAST = ("logit", "prior_n", "hmm", *REFUSED_AT_SIGHT)


@pytest.fixture(scope="module", autouse=True)
def _home(cmdstan_home: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMDSTAN", str(cmdstan_home))
        yield


def axes_of(name: str) -> dict[str, RowAxis]:
    return {axis.name: axis for axis in find_rows(row_program(name), row_data(name))}


def check(name: str, case: RowCase) -> None:
    axes = axes_of(name)
    if not case.axis:
        assert not axes
        return
    axis = axes[case.axis]
    assert axis.size == case.data[case.axis]
    assert axis.adds_up is (not case.refused)
    assert case.refused in axis.reason
    assert bool(axis.reason) is bool(case.refused)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAST)
def test_rows_are_proved_or_refused(name: str) -> None:
    check(name, CASES[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", each(name for name in CASES if name not in FAST))
def test_rows_of_programs_of_all_kinds_are_proved_or_refused(name: str) -> None:
    check(name, CASES[name])


def check_epoch(name: str) -> None:
    """All rows are the program; the blocks of an epoch, weighted, have its gradient as mean."""
    axis = CASES[name].axis
    with Density(compile_program(row_program(name)).executable, row_data(name)) as density:
        rng = np.random.default_rng(8)
        points = rng.uniform(-0.5, 0.5, (4, density.n_parameters))
        n_rows = density.axes[axis]
        split = np.array_split(rng.permutation(n_rows), 5)
        full = density.gradient(points)
        with RowBlocks(density, axis, [*split, np.arange(n_rows)]) as blocks:
            found = blocks.gradient(points)
            none = blocks.gradient(points, [NO_ROWS])
        assert np.isfinite(full.gradient).all()
        scale = np.abs(full.gradient).max()
        np.testing.assert_allclose(found.value[5], full.value, rtol=1e-12)
        np.testing.assert_allclose(found.gradient[5], full.gradient, rtol=0, atol=1e-12 * scale)
        summed = found.gradient[:5].sum(axis=0) - 4 * none.gradient[0]
        np.testing.assert_allclose(summed, full.gradient, rtol=0, atol=1e-11 * scale)


def test_an_epoch_of_blocks_is_the_program() -> None:
    check_epoch("logit")


@pytest.mark.slow
@pytest.mark.parametrize("name", each(name for name in ADDING_UP if name != "logit"))
def test_an_epoch_of_blocks_is_the_program_of_any_kind(name: str) -> None:
    check_epoch(name)


#: What couples rows in ``couplings.stan``, where its data lie, and in which units.
_COUPLINGS = [
    pytest.param(0, 0.0, 1.0, "", id="nothing"),
    pytest.param(1, 0.0, 1.0, "larger and larger blocks", id="few rows"),
    pytest.param(2, 0.0, 3e7, "where the density is high", id="beside large numbers"),
    pytest.param(3, 7.0, 1.0, "where the density is high", id="far from the origin"),
    pytest.param(4, 70.0, 1.0, "where the density is high", id="beyond rounding"),
]


def couplings(which: int, y: FloatArray, cut: float = 5.0) -> dict[str, Any]:
    """Data of ``couplings.stan``."""
    return {"which": which, "cut": cut, "N": y.size, "y": y.tolist()}


@pytest.mark.parametrize(("which", "centre", "scale", "refused"), _COUPLINGS)
def test_what_couples_rows_is_seen_where_it_counts(
    which: int, centre: float, scale: float, refused: str
) -> None:
    y = centre + scale * np.random.default_rng(4).normal(size=300)
    found = find_rows(row_program("couplings"), couplings(which, y))
    assert found[0].adds_up is (not refused)
    assert refused in found[0].reason


def test_what_couples_rows_at_a_fit_alone_is_seen_after_it() -> None:
    """Beyond a cut that the proof's paths do not pass: they end at the mode."""
    y = 7 + np.random.default_rng(4).normal(size=300)
    data = couplings(3, y, cut=y.mean() + 0.3 * y.std() / np.sqrt(y.size))
    program = dataclasses.replace(row_program("couplings"), parameters=("mu",))
    dataset = Dataset(name="rows", variables=plain_variables(data))
    problem = Problem(program=compile_program(program), dataset=dataset)
    assert find_rows(program, data)[0].adds_up
    fit = ViMeanfield(batch_size=30).fit(problem, seed=1)
    assert fit.status is Status.NOT_APPLICABLE
    assert "at the fit's draws" in fit.reason
    assert ViMeanfield().fit(problem, seed=1).status is Status.OK


def test_a_pair_among_thousands_of_rows_is_seen() -> None:
    """Each pair is in two parts of some identity, whatever the random numbers, but for 1 in 100."""
    rows = np.arange(5000)
    missed = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        pair = rng.choice(rows, 2, replace=False)
        parts = [identity.parts for identity in identities(rows, None, rng)]
        missed += not any(_is_split(pair, each) for each in parts)
    assert missed <= 2


def _is_split(pair: Rows, parts: Sequence[Rows]) -> bool:
    found = [int(np.isin(pair, part).sum()) for part in parts]
    return found.count(1) == 2


def axis(name: str, size: int, reason: str = "") -> RowAxis:
    return RowAxis(name=name, size=size, variables=("y",), adds_up=not reason, reason=reason)


def test_the_largest_axis_that_adds_up_is_taken_unless_another_is_named() -> None:
    axes = [axis("a", 5), axis("b", 9), axis("c", 20, "latent")]
    assert choose_axis(axes).name == "b"
    assert choose_axis(axes, "a").name == "a"
    with pytest.raises(ProgramError, match=r"'c'.*: latent"):
        choose_axis(axes, "c")
    with pytest.raises(ProgramError, match="no axis 'd'"):
        choose_axis(axes, "d")
    with pytest.raises(ProgramError, match="c: latent"):
        choose_axis(axes[2:])
    with pytest.raises(ProgramError, match="no integer"):
        choose_axis([])


@pytest.mark.parametrize(("n", "reason"), [(1, "1 rows"), (0, "0 rows")])
def test_fewer_than_two_rows_cannot_be_taken_apart(n: int, reason: str) -> None:
    data = {"N": n, "K": 3, "X": [[0.1, 0.2, 0.3]] * n, "y": [1] * n}
    found = find_rows(row_program("logit"), data)
    assert [(one.size, one.adds_up) for one in found] == [(n, False)]
    assert reason in found[0].reason


@pytest.mark.parametrize("n", [2, 3, 4])
def test_few_rows_are_enough(n: int) -> None:
    data = {"N": n, "K": 3, "X": [[0.1, 0.2, 0.3]] * n, "y": [1] * n}
    assert find_rows(row_program("logit"), data)[0].adds_up


def write_data(folder: Path, name: str) -> Path:
    file = folder / "data.json"
    write_stan_json(file, row_data(name))
    return file


def test_the_command_prints_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_data(tmp_path, "logit")
    assert main(["rows", str(row_program("logit").file), str(file), "--json"]) == 0
    entry = {"name": "N", "size": N, "variables": ["X", "y"], "adds_up": True, "reason": ""}
    assert json.loads(capsys.readouterr().out) == {"axes": [entry]}


def test_the_command_prints_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_data(tmp_path, "logit")
    assert main(["rows", str(row_program("logit").file), str(file)]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"N .*X, y", printed)


def test_the_command_says_why_rows_cannot_be_taken_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_data(tmp_path, "latents")
    assert main(["rows", str(row_program("latents").file), str(file)]) == 0
    printed = capsys.readouterr().out
    assert "latents.stan" in printed
    file = write_data(tmp_path, "no_rows")
    assert main(["rows", str(row_program("no_rows").file), str(file)]) == 0
    assert "no integer of its data" in capsys.readouterr().out


def test_the_command_refuses_what_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rows", "nowhere.stan", str(write_data(tmp_path, "logit"))]) == 2
    assert main(["rows", str(row_program("logit").file), "nowhere.json"]) == 2
    told = capsys.readouterr().err
    assert "nowhere.stan" in told
    assert "nowhere.json" in told
    assert len(told.splitlines()) == 2


def test_the_command_refuses_data_of_another_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_data(tmp_path, "latents")
    assert main(["rows", str(row_program("logit").file), str(file)]) == 2
    told = capsys.readouterr().err
    assert file.name in told
    assert "'K'" in told
    assert len(told.splitlines()) == 1


def test_nothing_is_written_beside_the_program(tmp_path: Path) -> None:
    program = tmp_path / "latents.stan"
    program.write_text(row_program("latents").file.read_text())
    find_rows(Program(name="latents", file=program, parameters=()), row_data("latents"))
    assert list(tmp_path.iterdir()) == [program]


@pytest.fixture(scope="module")
def plain_logit(cmdstan_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program as CmdStan's make alone compiles it."""
    source = tmp_path_factory.mktemp("plain") / "logit.stan"
    source.write_text(row_program("logit").file.read_text())
    subprocess.run(["make", source.with_suffix("")], cwd=cmdstan_home, check=True)
    return source.with_suffix("")


@pytest.mark.slow
@pytest.mark.parametrize(
    "method",
    [
        ("method=sample", "num_samples=200", "num_warmup=200"),
        ("method=variational", "iter=500"),
        ("method=variational", "algorithm=fullrank", "iter=500"),
        ("method=pathfinder",),
        ("method=optimize",),
    ],
)
def test_draws_of_the_executable_are_byte_for_byte_the_plain_ones(
    plain_logit: Path, tmp_path: Path, method: tuple[str, ...]
) -> None:
    data = write_data(tmp_path, "logit")

    def lines(executable: Path) -> list[str]:
        file = tmp_path / "out.csv"
        subprocess.run(
            [
                *(str(executable), *method, "random", "seed=4", "data", f"file={data}"),
                *("output", f"file={file}", "sig_figs=18", "num_threads=1"),
            ],
            check=True,
            capture_output=True,
        )
        return [line for line in file.read_text().splitlines() if line[0] != "#"]

    ours = lines(compile_program(row_program("logit")).executable)
    assert len(ours) > 1
    assert ours == lines(plain_logit)


def seconds_per_gradient(blocks: RowBlocks, points: FloatArray) -> float:
    """The shortest of some times, of a gradient on block 0."""
    times = []
    for _ in range(7):
        start = time.perf_counter()
        blocks.gradient(points, [0], weight=50.0)
        times.append((time.perf_counter() - start) / len(points))
    return min(times)


@pytest.mark.slow
@pytest.mark.parametrize("m", [200, 1000])
def test_a_gradient_on_a_batch_costs_about_that_of_the_program_on_these_rows(m: int) -> None:
    rng = np.random.default_rng(9)
    n = 50 * m
    x = rng.normal(size=(n, 10))
    y = (rng.random(n) < 1 / (1 + np.exp(-x[:, 0]))).astype(int)
    compiled: CompiledProgram = compile_program(row_program("logit"))
    points = rng.normal(size=(2000, 11)) / 10
    rows = rng.permutation(n)[:m]
    with (
        Density(compiled.executable, {"N": n, "K": 10, "X": x, "y": y}) as whole,
        Density(compiled.executable, {"N": m, "K": 10, "X": x[rows], "y": y[rows]}) as part,
        RowBlocks(whole, "N", [rows]) as batch,
    ):
        ratios = []
        for _ in range(5):
            start = time.perf_counter()
            part.gradient(points)
            plain = (time.perf_counter() - start) / len(points)
            ratios.append(seconds_per_gradient(batch, points) / plain)
    assert min(ratios) < 1.5


def test_data_of_all_programs_are_there() -> None:
    with_data_of_its_own = {"couplings"}
    programs = {file.stem for file in (DATA / "rows").glob("*.stan")}
    assert programs - with_data_of_its_own == CASES.keys()
    assert len(CASES) >= 30

"""Rows of data variables in files: the same density as in memory, or one line that says why not."""

import itertools
import json
import os
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from harness.cli import main
from harness.data.dataset import Dataset, with_rows_files
from harness.data.stan_json import plain_variables, write_stan_json
from harness.errors import DatasetError, FitError, MethodError, ProgramError
from harness.methods import Problem, make_method
from harness.methods.density import open_density
from harness.methods.row_axis import row_axis
from harness.program.compilation import compile_program
from harness.program.filed_rows import counted
from harness.program.log_density import RowBlocks
from harness.study.comparison import Comparison, comparison_study
from harness.study.parts import BATCHES
from tests.row_programs import row_program

N, K = 3000, 3
Arrays = Mapping[str, npt.NDArray[Any]]


@pytest.fixture(scope="module", autouse=True)
def _home(cmdstan_home: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMDSTAN", str(cmdstan_home))
        yield


def logit_rows() -> dict[str, npt.NDArray[Any]]:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(N, K))
    return {"X": x, "y": (rng.random(N) < 1 / (1 + np.exp(-x[:, 0]))).astype(np.int64)}


def saved(folder: Path, rows: Arrays) -> dict[str, Path]:
    for name, array in rows.items():
        np.save(folder / f"{name}.npy", array)
    return {name: folder / f"{name}.npy" for name in rows}


def both(folder: Path, program: str, rows: Arrays, **rest: Any) -> tuple[Problem, Problem]:
    """A problem with its rows in memory, and the same with its rows in files."""
    compiled = compile_program(row_program(program))
    n_rows = len(next(iter(rows.values())))
    whole = Dataset(name="data", variables=plain_variables({"N": n_rows, **rows, **rest}))
    filed = with_rows_files(
        Dataset(name="data", variables=plain_variables(rest)), saved(folder, rows)
    )
    return (
        Problem(program=compiled, dataset=whole),
        Problem(program=compiled, dataset=counted(filed, compiled.program)),
    )


def check_same(memory: Problem, filed: Problem) -> None:
    """Values and gradients of all rows, and of blocks of them, agree."""
    assert memory.dataset.digest == filed.dataset.digest
    proved = row_axis(filed)
    assert (proved.name, proved.size, proved.adds_up) == ("N", N, True)
    rng = np.random.default_rng(9)
    with open_density(memory) as a, open_density(filed) as b:
        points = rng.uniform(-0.5, 0.5, (4, a.n_parameters))
        blocks = [np.sort(rng.choice(N, 50, replace=False)), np.arange(N)]
        pairs = [(a.gradient(points), b.gradient(points))]
        with RowBlocks(a, "N", blocks) as ours, RowBlocks(b, "N", blocks) as theirs:
            pairs += [(ours.gradient(points, weight=3.0), theirs.gradient(points, weight=3.0))]
        assert a.variable_names() == b.variable_names()
        np.testing.assert_allclose(b.constrain(points), a.constrain(points), rtol=1e-14)
        np.testing.assert_allclose(b.log_density(points), pairs[0][0].value, rtol=1e-12)
    for whole, read in pairs:
        np.testing.assert_allclose(read.value, whole.value, rtol=1e-12)
        scale = np.abs(whole.gradient).max()
        np.testing.assert_allclose(read.gradient, whole.gradient, rtol=0, atol=1e-12 * scale)


def test_rows_in_files_have_the_density_of_rows_in_memory(tmp_path: Path) -> None:
    check_same(*both(tmp_path, "logit", logit_rows(), K=K))


@pytest.mark.slow
@pytest.mark.exhaustive
def test_rows_of_other_types_have_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    vectors = {"y": rng.normal(size=(N, 2)).astype(np.float32)}
    check_same(*both(tmp_path, "vectors", vectors, D=2))
    counts = {"y": rng.poisson(2, N).astype(np.int32), "exposure": np.exp(rng.normal(size=N))}
    check_same(*both(tmp_path, "counts", {**counts, "X": rng.normal(size=(N, 2))}))


@pytest.mark.parametrize(
    ("name", "options"),
    [("vi_meanfield", {"batch_size": 100}), ("subsample_advi", {"m": 500, "max_iterations": 500})],
)
def test_fits_are_the_same(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    fits = [
        make_method(name, options).fit(problem, seed=3)
        for problem in both(tmp_path, "logit", logit_rows(), K=K)
    ]
    memory, filed = (fit.read_draws() for fit in fits)
    for variable in memory["posterior"].data_vars:
        np.testing.assert_allclose(
            filed["posterior"][str(variable)], memory["posterior"][str(variable)]
        )
    np.testing.assert_allclose(
        filed["sample_stats"]["log_p"], memory["sample_stats"]["log_p"], rtol=1e-12
    )


@pytest.mark.slow
def test_transformed_data_that_summarise_all_rows_are_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    x = np.column_stack([np.ones(N), rng.normal(size=(N, 2)) + 3])
    _, filed = both(tmp_path, "centred", {"X": x, "Y": rng.normal(size=N)}, K=3, Kc=2)
    with pytest.raises(ProgramError, match=r"means_X"):
        row_axis(filed)
    fit = make_method("vi_meanfield", {}).fit(filed, seed=1)
    assert "means_X" in fit.reason
    with pytest.raises(FitError, match=r"means_X"):
        make_method("dadvi", {}).fit(filed, seed=1)


def test_file_that_changes_ends_a_fit_in_one_line(tmp_path: Path) -> None:
    _, filed = both(tmp_path, "logit", logit_rows(), K=K)
    row_axis(filed)
    os.utime(tmp_path / "y.npy", ns=(1, 1))
    with pytest.raises((FitError, DatasetError)) as caught:
        make_method("vi_meanfield", {}).fit(filed, seed=1)
    assert "y.npy' was changed" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_value_outside_its_bounds_is_told(tmp_path: Path) -> None:
    rows = logit_rows()
    rows["y"][7] = 2
    _, filed = both(tmp_path, "logit", rows, K=K)
    with pytest.raises((FitError, DatasetError, ProgramError), match=r"is 2, but must be"):
        make_method("vi_meanfield", {}).fit(filed, seed=1)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"y": np.zeros(N - 1, dtype=int)}, r"X\.npy' has 3000 rows and .*y\.npy' has 2999"),
        ({"X": np.zeros((N, K), dtype=complex)}, r"X\.npy' .*complex128"),
        ({"X": np.zeros((N, K), dtype=">f8")}, r"X\.npy' .*>f8"),
        ({"X": np.asfortranarray(np.zeros((N, K)))}, r"X\.npy' .*columns"),
        ({"y": np.full(N, 2**40)}, r"y\.npy' .*1099511627776"),
        ({"y": np.array(3)}, r"y\.npy' .*no rows"),
    ],
)
def test_files_that_disagree_are_refused(tmp_path: Path, change: Any, complaint: str) -> None:
    files = saved(tmp_path, {**logit_rows(), **change})
    with pytest.raises(DatasetError, match=complaint) as caught:
        with_rows_files(Dataset(name="data", variables={"K": K}), files)
    assert "\n" not in str(caught.value)


def test_no_files_of_rows_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.npy").write_text("1,2")
    np.savez(tmp_path / "two.npz", a=np.zeros(3), b=np.zeros(3))
    np.save(tmp_path / "words.npy", np.array(["a", None], dtype=object))
    for name, told in (
        ("text.npy", "of numbers"),
        ("two.npz", "one array"),
        ("words.npy", "of numbers"),
        ("absent.npy", "cannot be read"),
    ):
        with pytest.raises(DatasetError, match=rf"{name}.*{told}"):
            with_rows_files(Dataset(name="data", variables={}), {"y": tmp_path / name})
    with pytest.raises(DatasetError, match="'y' is in the data"):
        with_rows_files(
            Dataset(name="data", variables={"y": [1]}), saved(tmp_path, {"y": np.zeros(3)})
        )


@pytest.mark.parametrize(
    ("program", "names", "complaint"),
    [
        ("logit", ["X"], r"'y' .*N rows too"),
        ("by_column", ["X", "Z", "y"], r"'X' .*dimension"),
        ("latents", ["y"], "parameter"),
        ("logit", ["nothing"], "nothing"),
    ],
)
def test_variables_that_do_not_lie_along_one_integer_are_refused(
    tmp_path: Path, program: str, names: list[str], complaint: str
) -> None:
    files = saved(tmp_path, {name: np.zeros((5, 5)) for name in names})
    with pytest.raises(DatasetError, match=complaint):
        counted(with_rows_files(Dataset(name="data", variables={}), files), row_program(program))
    wrong = with_rows_files(
        Dataset(name="data", variables={"N": 7, "K": K}), saved(tmp_path, logit_rows())
    )
    with pytest.raises(DatasetError, match=r"N = 7.* 3000"):
        counted(wrong, row_program("logit"))


def test_cmdstans_own_methods_are_refused_and_none_is_the_default(tmp_path: Path) -> None:
    files = saved(tmp_path, logit_rows())
    asked: dict[str, Any] = {
        "model": row_program("logit").file,
        "data": {"K": K},
        "rows_files": files,
    }
    study = comparison_study(Comparison(**asked, batch=100, subsample=50))
    names = {run.method.name for run in study.runs}
    assert names == {*BATCHES, "evidence", "subsample_advi", "subsample_nuts"}
    for name in ("nuts", "advi", "pathfinder", "laplace"):
        with pytest.raises(MethodError, match=f"'{name}' .*files"):
            comparison_study(Comparison(**asked, methods=(name,)))


def test_rows_in_files_travel_by_name(tmp_path: Path) -> None:
    filed = with_rows_files(Dataset(name="data", variables={"K": K}), saved(tmp_path, logit_rows()))
    content = pickle.dumps(filed)
    assert len(content) < 5000
    assert pickle.loads(content).digest == filed.digest  # noqa: S301 - our own
    os.utime(tmp_path / "X.npy", ns=(1, 1))
    with pytest.raises(DatasetError, match=r"X\.npy"):
        pickle.loads(content)  # noqa: S301 - our own


def test_command_says_what_is_wrong_with_its_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_stan_json(tmp_path / "data.json", {"K": K})
    model = str(row_program("logit").file)
    wrong = ("X", f"X={tmp_path / 'X.npy'}", "X=a.npy,X=b.npy")
    for command, given in itertools.product(("compare", "rows"), wrong):
        assert main([command, model, str(tmp_path / "data.json"), "--rows-file", given]) == 2
        told = capsys.readouterr().err
        assert told.count("\n") == 1
        assert "X" in told


@pytest.mark.parametrize(("value", "told_of"), [(0.5, "0.5"), (1.0, "int32")])
def test_command_names_the_file_whose_rows_are_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], value: float, told_of: str
) -> None:
    write_stan_json(tmp_path / "data.json", {"K": K})
    files = saved(tmp_path, {**logit_rows(), "y": np.full(N, value)})
    model, given = str(row_program("logit").file), ",".join(f"{n}={f}" for n, f in files.items())
    assert main(["rows", model, str(tmp_path / "data.json"), "--rows-file", given]) == 2
    told = capsys.readouterr().err
    assert f"rows file '{files['y']}'" in told
    assert told_of in told
    assert "data.json" not in told


def test_command_proves_rows_in_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_stan_json(tmp_path / "data.json", {"K": K})
    files = saved(tmp_path, logit_rows())
    given = ",".join(f"{name}={file}" for name, file in files.items())
    asked = ["rows", str(row_program("logit").file), str(tmp_path / "data.json"), "--json"]
    assert main([*asked, "--rows-file", given]) == 0
    axes = {axis["name"]: axis for axis in json.loads(capsys.readouterr().out)["axes"]}
    assert axes["N"]["adds_up"]
    assert axes["N"]["size"] == N
    assert not any(axis["adds_up"] for name, axis in axes.items() if name != "N")

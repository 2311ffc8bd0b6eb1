"""The notebook's rows number for number, and one clear line for every bad input."""

import sys
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from harness.data.dataset import Dataset, FloatArray, make_dataset
from harness.data.generators import notebook_large, notebook_small
from harness.errors import DatasetError


def notebook_cell(rng: np.random.RandomState, n_samples: int) -> tuple[FloatArray, FloatArray]:
    """The notebook's own lines: its rows and the shares that its labels have."""
    ms = np.array([[-1, -1.5], [1, 1]])
    ps = np.array([0.2, 0.8])
    zs = np.array([rng.multinomial(1, ps) for _ in range(n_samples)]).T
    xs = [
        z[:, np.newaxis] * rng.multivariate_normal(m, np.eye(2), size=n_samples)
        for z, m in zip(zs, ms, strict=True)
    ]
    return np.sum(np.dstack(xs), axis=2), zs.mean(axis=1)


@cache
def notebook() -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Small rows and shares, then large rows and shares, from one stream."""
    rng = np.random.RandomState(123)
    return (*notebook_cell(rng, 100), *notebook_cell(rng, 100_000))


def test_small_set_is_the_notebooks() -> None:
    rows, shares, _, _ = notebook()
    np.testing.assert_array_equal(notebook_small(), rows)
    np.testing.assert_allclose(notebook_small()[0], [-0.32907883, 1.27803371], atol=5e-9)
    np.testing.assert_array_equal(shares, [0.13, 0.87])


def test_large_set_continues_the_notebooks_stream() -> None:
    _, _, rows, shares = notebook()
    np.testing.assert_array_equal(notebook_large(), rows)
    np.testing.assert_allclose(notebook_large()[0], [-0.21209315, -2.20276329], atol=5e-9)
    np.testing.assert_array_equal(shares, [0.19929, 0.80071])


def test_digest_is_checked() -> None:
    digest = Dataset(name="small", rows=notebook()[0]).digest
    dataset = make_dataset("small", generator="notebook_small", sha256=digest)
    assert (dataset.n_rows, dataset.digest) == (100, digest)
    wrong = "0" * 64
    with pytest.raises(DatasetError, match=f"'small' .* {digest}, expected {wrong}"):
        make_dataset("small", generator="notebook_small", sha256=wrong)


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: np.where(np.arange(6).reshape(3, 2) == 3, np.nextafter(rows, 9), rows),
        lambda rows: rows[::-1],
        lambda rows: rows.reshape(2, 3),
        lambda rows: rows[:-1],
    ],
    ids=["last bit", "order", "shape", "fewer"],
)
def test_digest_sees_every_change(change: Callable[[FloatArray], FloatArray]) -> None:
    rows = np.arange(6.0).reshape(3, 2)
    assert Dataset(name="a", rows=change(rows)).digest != Dataset(name="a", rows=rows).digest


def test_digest_ignores_memory_layout() -> None:
    rows = np.arange(6.0).reshape(3, 2)
    same = [np.asfortranarray(rows), rows.astype(">f8"), np.repeat(rows, 2, axis=1)[:, ::2]]
    assert {Dataset(name="b", rows=layout).digest for layout in same} == {
        Dataset(name="a", rows=rows).digest
    }


def test_files_give_their_rows(tmp_path: Path) -> None:
    rows = np.array([[1.0, -2.5], [1e-3, 4.0]])
    np.save(tmp_path / "rows.npy", rows)
    (tmp_path / "rows.csv").write_text("a,b\n1,-2.5\n1e-3,4\n")
    for name in ["rows.npy", "rows.csv"]:
        np.testing.assert_array_equal(make_dataset("r", file=tmp_path / name).rows, rows)


def test_one_column_csv_is_a_table(tmp_path: Path) -> None:
    (tmp_path / "y.csv").write_text("y\n1\n2\n3\n")
    assert make_dataset("y", file=tmp_path / "y.csv").rows.shape == (3, 1)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("nan.csv", "a,b\n1,2\n3,nan\nnan,4\n", "'d' has 2 rows with NaN or inf.* is row 2;"),
        ("inf.csv", "a,b\n1,2\n3,-inf\n", "'d' has 1 rows with NaN or infinite.* is row 2;"),
        ("rows.txt", "a,b\n1,2\n", "rows.txt' ends in '.txt'; allowed are .csv, .npy, .parquet"),
        ("empty.csv", "", "empty.csv' is not a table of numbers: .*no rows"),
        ("header.csv", "a,b\n", "header.csv' is not a table of numbers: .*no rows"),
        ("no_header.csv", "1,2\n3,4\n", "no_header.csv' .* '1,2' must be a header line"),
        ("words.csv", "a,b\n1,two\n", "words.csv' is not a table of numbers: .*'two'"),
        ("ragged.csv", "a,b\n1,2\n3\n", "ragged.csv' is not a table of numbers: .*columns"),
        ("latin.csv", b"a,b\n1,\xe9\n", "latin.csv' is not a table of numbers: "),
        ("empty.npy", b"", "empty.npy' is not a table of numbers: "),
        ("cut.npy", b"\x93NUMPY\x01\x00v\x00{'desc", "cut.npy' is not a table of numbers: "),
        ("empty.parquet", b"", "empty.parquet' is not a table of numbers: "),
        ("broken.parquet", b"PAR1 no PAR1", "broken.parquet' is not a table of numbers: "),
    ],
)
def test_bad_text_is_refused_in_one_line(
    tmp_path: Path, name: str, content: str | bytes, complaint: str
) -> None:
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(DatasetError, match=complaint) as caught:
        make_dataset("d", file=tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        (np.arange(5.0), r"shape \(5,\); give a table"),
        (np.zeros((2, 2, 2)), r"shape \(2, 2, 2\); give a table"),
        (np.zeros((0, 2)), r"shape \(0, 2\); give a table"),
        (np.zeros((2, 0)), r"shape \(2, 0\); give a table"),
        (np.array([["1", "two"]]), "is not a table of numbers: .*of type <U3"),
        (np.array([[1.0, 2.0 + 1.0j]]), "is not a table of numbers: .*of type complex128"),
        (np.array([[1.0, None]]), "is not a table of numbers: Object arrays"),
    ],
    ids=["1-d", "3-d", "no rows", "no columns", "words", "complex", "objects"],
)
def test_bad_array_is_refused_in_one_line(
    tmp_path: Path, rows: npt.NDArray[np.generic], complaint: str
) -> None:
    np.save(tmp_path / "rows.npy", rows)
    with pytest.raises(DatasetError, match=complaint) as caught:
        make_dataset("d", file=tmp_path / "rows.npy")
    assert "\n" not in str(caught.value)


def test_parquet_gives_its_columns(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [1, -2, 2**31], "b": np.array([0.5, 1e-3, 4], dtype=np.float32)})
    table.iloc[::-1].to_parquet(tmp_path / "rows.parquet")  # with an index, which is no column
    dataset = make_dataset("r", file=tmp_path / "rows.parquet")
    np.testing.assert_array_equal(dataset.rows, table.iloc[::-1].to_numpy(float))


@pytest.mark.parametrize(
    ("column", "complaint"),
    [
        (["1", "2", "3"], "'b' is of type str, not real numbers"),
        ([True, False, True], "'b' is of type bool, not real numbers"),
        (pd.to_datetime(["2020-01-01"] * 3), "'b' is of type datetime64.*, not real numbers"),
        (pd.Categorical(["u", "v", "u"]), "'b' is of type category, not real numbers"),
        ([Decimal(1), Decimal(2), Decimal(3)], "'b' is of type object, not real numbers"),
        ([1.0, np.nan, np.nan], "'d' has 2 rows with NaN or infinite.* is row 2;"),
        (pd.array([1, 2, None], dtype="Int64"), "'d' has 1 rows with NaN or infinite.* is row 3;"),
        ([-np.inf, 2.0, 3.0], "'d' has 1 rows with NaN or infinite.* is row 1;"),
    ],
    ids=["words", "logicals", "dates", "factor", "decimals", "NaN", "null", "infinite"],
)
def test_bad_parquet_is_refused_in_one_line(
    tmp_path: Path, column: list[object], complaint: str
) -> None:
    pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": column}).to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(DatasetError, match=complaint) as caught:
        make_dataset("d", file=tmp_path / "rows.parquet")
    assert "\n" not in str(caught.value)


def test_parquet_without_rows_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"a": np.empty(0)}).to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(DatasetError, match=r"shape \(0, 1\)"):
        make_dataset("d", file=tmp_path / "rows.parquet")


def test_missing_pyarrow_is_told_with_the_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pd.DataFrame({"a": [1.0]}).to_parquet(tmp_path / "rows.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DatasetError, match=r"'advi-harness\[parquet\]'$") as caught:
        make_dataset("d", file=tmp_path / "rows.parquet")
    assert "\n" not in str(caught.value)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"absent\.csv'"):
        make_dataset("d", file=tmp_path / "absent.csv")


def test_unknown_generator_is_named_with_the_known() -> None:
    with pytest.raises(DatasetError, match=r"'note'.*notebook_small, "):
        make_dataset("d", generator="note")

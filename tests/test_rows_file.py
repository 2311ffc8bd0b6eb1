"""Rows in NumPy files: C++ reads what NumPy wrote, and a line for every file that it should not."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.data.dataset import Dataset, make_dataset
from harness.data.generators import mixture_chunks, write_mixture
from harness.data.npy_file import (
    CHUNK_ROWS,
    STAN_LENGTH,
    FloatArray,
    RowsFile,
    chunks_of,
    write_rows,
)
from harness.errors import DatasetError
from tests.rows_library import RowsLibrary


def some_rows(n_rows: int) -> FloatArray:
    return np.array([3.0, -1e3]) + np.random.default_rng(n_rows).standard_normal((n_rows, 2))


def saved(path: Path, array: np.typing.NDArray[Any]) -> RowsFile:
    np.save(path, array)
    return RowsFile.of(path)


@pytest.mark.parametrize("n_rows", [1, 7, 4095, 4096, 4097, 100_000])
@pytest.mark.parametrize("max_mapped", [0, 2**28])
def test_cpp_reads_what_numpy_wrote(
    rows_library: RowsLibrary, tmp_path: Path, n_rows: int, max_mapped: int
) -> None:
    rows = some_rows(n_rows)
    rows_library.open(saved(tmp_path / "rows.npy", rows), n_rows, max_mapped=max_mapped)
    assert rows_library.is_mapped() == (max_mapped > 0)
    np.testing.assert_array_equal(rows_library.rows(n_rows), rows)
    centred = rows - rows.mean(axis=0)
    wanted = [*rows.mean(axis=0), *(centred**2).sum(axis=0)]
    np.testing.assert_allclose(rows_library.summary(), wanted, rtol=1e-11, atol=1e-20)


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_cpp_reads_every_version_of_the_format(
    rows_library: RowsLibrary, tmp_path: Path, version: tuple[int, int]
) -> None:
    rows = some_rows(10)
    with (tmp_path / "rows.npy").open("wb") as file:
        np.lib.format.write_array(file, rows, version=version)
    rows_library.open(RowsFile.of(tmp_path / "rows.npy"), 10)
    np.testing.assert_array_equal(rows_library.rows(10), rows)


@pytest.mark.parametrize(
    ("array", "complaint"),
    [
        (some_rows(10).astype(np.float32), "has descr '<f4', where '<f8' is needed"),
        (some_rows(10).astype(">f8"), "has descr '>f8', where '<f8' is needed"),
        (some_rows(10).astype(np.int64), "has descr '<i8', where '<f8' is needed"),
        (np.asfortranarray(some_rows(10)), "has fortran_order True, where False is needed"),
        (some_rows(9), "has shape (9, 2), where (10, 2) is needed"),
        (some_rows(10).T.copy(), "has shape (2, 10), where (10, 2) is needed"),
        (some_rows(10)[:, 0], "has shape (10,), where (10, 2) is needed"),
    ],
)
def test_other_arrays_are_refused(
    rows_library: RowsLibrary, tmp_path: Path, array: np.typing.NDArray[Any], complaint: str
) -> None:
    file = saved(tmp_path / "rows.npy", array)
    with pytest.raises(RuntimeError) as caught:
        rows_library.open(file, 10)
    assert str(caught.value) == f"rows file '{file.path}' {complaint}"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is cut short; write it again"),
        (b"x,y\n1,2\n3,4\n5,6\n", "is not a .npy file"),
        (b"\x93NUMPY\x07\x00v\x00{'descr", "is not a .npy file"),
        (b"\x93NUMPY\x01\x00v\x00{'descr", "is cut short; write it again"),
        (b"\x93NUMPY\x01\x00\x08\x00{'a': 1}", "is not a .npy file: its header has no 'descr'"),
        (b"\x93NUMPY\x01\x00\x09\x00{'descr':", "is not a .npy file: its header is broken"),
    ],
)
def test_other_files_are_refused(
    rows_library: RowsLibrary, tmp_path: Path, content: bytes, complaint: str
) -> None:
    path = tmp_path / "rows.npy"
    path.write_bytes(content)
    with pytest.raises(RuntimeError) as caught:
        rows_library.open(RowsFile.of(path), 10)
    assert str(caught.value) == f"rows file '{path}' {complaint}"


def test_file_without_its_last_byte_is_refused(rows_library: RowsLibrary, tmp_path: Path) -> None:
    path = tmp_path / "rows.npy"
    saved(path, some_rows(10))
    os.truncate(path, 128 + 159)
    with pytest.raises(RuntimeError, match=r"287 of 288 bytes"):
        rows_library.open(RowsFile.of(path), 10)


def test_missing_file_is_named(rows_library: RowsLibrary, tmp_path: Path) -> None:
    file = saved(tmp_path / "rows.npy", some_rows(10))
    file.path.unlink()
    with pytest.raises(RuntimeError, match=r"rows\.npy'"):
        rows_library.open(file, 10)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\0")


def replace(path: Path) -> None:
    np.save(path.with_name("other.npy"), some_rows(5000) + 1)
    status = path.stat()
    os.utime(path.with_name("other.npy"), ns=(status.st_atime_ns, status.st_mtime_ns))
    path.with_name("other.npy").rename(path)


CHANGES = pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda path: os.utime(path, ns=(1, 1)), "changed"),
        (append, "changed"),
        (replace, "changed"),
        (lambda path: os.truncate(path, 128), "80128 to 128 bytes"),
        (Path.unlink, "No such file"),
    ],
    ids=["time", "size", "inode", "cut", "gone"],
)


@CHANGES
def test_file_that_changed_since_its_check_is_refused(
    rows_library: RowsLibrary, tmp_path: Path, change: Any, complaint: str
) -> None:
    file = saved(tmp_path / "rows.npy", some_rows(5000))
    change(file.path)
    with pytest.raises(RuntimeError, match=rf"rows\.npy' .*{complaint}"):
        rows_library.open(file, 5000)
    if file.path.exists():
        with pytest.raises(DatasetError, match=r"rows\.npy'"):
            file.check_unchanged()


def test_file_cut_while_it_is_read_in_pieces_is_noticed(
    rows_library: RowsLibrary, tmp_path: Path
) -> None:
    file = saved(tmp_path / "rows.npy", some_rows(50_000))
    rows_library.open(file, 50_000, max_mapped=0)
    os.truncate(file.path, 128)
    with pytest.raises(RuntimeError, match=r"rows\.npy'"):
        rows_library.sum(np.zeros(3))


@pytest.mark.parametrize("change", [lambda path: os.utime(path, ns=(1, 1)), append, replace])
def test_change_while_open_is_noticed(
    rows_library: RowsLibrary, tmp_path: Path, change: Any
) -> None:
    file = saved(tmp_path / "rows.npy", some_rows(5000))
    rows_library.open(file, 5000)
    theta = np.zeros(3)
    rows_library.sum(theta)
    change(file.path)
    with pytest.raises(RuntimeError, match="changed"):
        rows_library.sum(theta)


def test_stan_value_holds_identity_and_path(tmp_path: Path) -> None:
    file = RowsFile(path=tmp_path / "ä b.npy", size=3 * 2**30 + 7, mtime_ns=2**62 + 5, inode=9)
    value = file.stan_value()
    assert len(value) == STAN_LENGTH
    assert value[:9] == [7, 3, 0, 5, 0, 4, 9, 0, 0]
    assert bytes(value[9:]).rstrip(b"\0").decode() == str(file.path)
    long = RowsFile(path=Path("/" + "x" * 1015), size=1, mtime_ns=1, inode=1)
    with pytest.raises(DatasetError, match=r"1016 .* 1015"):
        long.stan_value()


def test_npy_of_doubles_is_mapped_and_others_are_read(tmp_path: Path) -> None:
    rows = some_rows(50)
    arrays: dict[str, np.typing.NDArray[Any]] = {
        "c": rows,
        "f": np.asfortranarray(rows),
        "float32": rows.astype(np.float32),
        "big": rows.astype(">f8"),
    }
    for name, array in arrays.items():
        saved(tmp_path / f"{name}.npy", array)
        dataset = make_dataset(name, file=tmp_path / f"{name}.npy")
        assert isinstance(dataset.rows, np.memmap) == (dataset.file is not None) == (name == "c")
        assert dataset.digest == Dataset(name="d", rows=array.astype(np.float64)).digest


def test_chunks_cover_the_rows_and_find_what_is_not_finite(tmp_path: Path) -> None:
    rows = some_rows(2 * CHUNK_ROWS + 5)
    saved(tmp_path / "rows.npy", rows)
    dataset = make_dataset("d", file=tmp_path / "rows.npy")
    chunks = list(chunks_of(dataset.rows))
    assert [len(chunk) for chunk in chunks] == [CHUNK_ROWS, CHUNK_ROWS, 5]
    np.testing.assert_array_equal(np.concatenate(chunks), rows)
    rows[CHUNK_ROWS + 3, 1] = np.nan
    rows[-1] = np.inf
    saved(tmp_path / "rows.npy", rows)
    complaint = f"2 rows .*row {CHUNK_ROWS + 4};"
    with pytest.raises(DatasetError, match=complaint):
        make_dataset("d", file=tmp_path / "rows.npy")


def test_digest_is_of_the_file_that_was_checked(tmp_path: Path) -> None:
    file = saved(tmp_path / "rows.npy", some_rows(50))
    dataset = make_dataset("d", file=file.path)
    os.utime(file.path, ns=(1, 1))
    with pytest.raises(DatasetError, match="changed"):
        _ = dataset.digest


def test_mixture_of_any_size_is_seeded(tmp_path: Path) -> None:
    n_rows = CHUNK_ROWS + 10
    write_mixture(tmp_path / "rows.npy", n_rows=n_rows, seed=3)
    rows = np.load(tmp_path / "rows.npy")
    np.testing.assert_array_equal(rows, np.concatenate(list(mixture_chunks(n_rows, seed=3))))
    assert rows.shape == (n_rows, 2)
    mean = 0.2 * np.array([-1.0, -1.5]) + 0.8 * np.array([1.0, 1.0])
    assert (np.abs(rows.mean(axis=0) - mean) < 4 * rows.std(axis=0) / np.sqrt(n_rows)).all()
    other = np.concatenate(list(mixture_chunks(n_rows, seed=4)))
    assert not (rows == other).any()


def test_wrong_count_and_full_disk_are_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"rows\.npy' .*5 .* 6"):
        write_rows(tmp_path / "rows.npy", [some_rows(2), some_rows(3)], n_rows=6)
    with pytest.raises(DatasetError, match=r"absent.rows\.npy'"):
        write_rows(tmp_path / "absent" / "rows.npy", [some_rows(2)], n_rows=2)

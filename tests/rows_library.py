"""The Stan-free headers of the programs that read a file, called through ctypes."""

import ctypes
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.data.npy_file import FloatArray, RowsFile
from tests.cases import DATA, PROJECT

Numbers = npt.NDArray[np.uint32]


def pointer(array: npt.NDArray[Any]) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)


def build_library(folder: Path) -> "RowsLibrary":
    """Compile the headers as CmdStan would."""
    file = folder / "rows_file.so"
    command = [*os.environ.get("CXX", "g++").split(), "-std=c++17", "-O3", "-Wall", "-Wextra"]
    command += ["-Werror", "-shared", "-fPIC", f"-I{PROJECT / 'stan' / 'functions'}"]
    subprocess.run([*command, str(DATA / "rows_file.cpp"), "-o", str(file)], check=True)
    return RowsLibrary(functions=ctypes.CDLL(str(file)))


@dataclass(frozen=True, kw_only=True, eq=False)
class RowsLibrary:
    """One open file and one stream of batches at a time, as in a Stan program."""

    functions: ctypes.CDLL

    def _call(self, name: str, *arguments: Any) -> None:
        function = getattr(self.functions, name)
        function.restype = ctypes.c_char_p
        complaint = function(*arguments)
        if complaint is not None:
            raise RuntimeError(complaint.decode())

    def open(self, file: RowsFile, n_rows: int, *, max_mapped: int = 2**28) -> None:
        identity = [ctypes.c_uint64(n) for n in (file.size, file.mtime_ns, file.inode)]
        limits = ctypes.c_int64(n_rows), ctypes.c_int64(max_mapped)
        self._call("open_file", str(file.path).encode(), *identity, *limits)

    def is_mapped(self) -> bool:
        return bool(self.functions.is_mapped())

    def summary(self) -> FloatArray:
        """Means, centred squares, centred product."""
        out = np.empty(5)
        self.functions.file_summary(pointer(out))
        return out

    def sum(self, theta: FloatArray) -> tuple[float, FloatArray]:
        slopes, total = np.empty(3), np.empty(1)
        self._call("file_sum", pointer(theta), pointer(slopes), pointer(total))
        return float(total[0]), slopes

    def moments(self, theta: FloatArray) -> FloatArray:
        sums = np.empty(10)
        self._call("file_moments", pointer(theta), pointer(sums))
        return sums

    def gather(self, indices: Numbers) -> FloatArray:
        rows = np.full((indices.size, 2), np.nan)
        self.functions.gather(pointer(indices), ctypes.c_int64(indices.size), pointer(rows))
        return rows

    def open_batches(
        self,
        batch_size: int,
        *,
        seed: int,
        run_length: int = 1,
        without_replacement: bool = True,
        anchor_after: int = 0,
    ) -> None:
        self.functions.open_batches(
            ctypes.c_int64(batch_size),
            ctypes.c_uint32(run_length),
            ctypes.c_uint64(seed),
            int(without_replacement),
            ctypes.c_int64(anchor_after),
        )

    def batch_sums(self, theta: FloatArray, n: int) -> tuple[FloatArray, FloatArray]:
        """Estimates, shape (n,), and their slopes, shape (n, 3)."""
        sums, slopes = np.empty(n), np.empty((n, 3))
        arguments = (pointer(theta), ctypes.c_int64(n), pointer(sums), pointer(slopes))
        self._call("batch_sums", *arguments)
        return sums, slopes

    def stream(
        self,
        n_rows: int,
        *,
        seed: int,
        shape: tuple[int, int],
        run_length: int = 1,
        without_replacement: bool = True,
    ) -> Numbers:
        numbers = np.empty(shape, dtype=np.uint32)
        self.functions.stream(
            ctypes.c_uint32(n_rows),
            ctypes.c_uint32(run_length),
            int(without_replacement),
            ctypes.c_uint64(seed),
            ctypes.c_int64(shape[1]),
            ctypes.c_int64(shape[0]),
            pointer(numbers),
        )
        return numbers

    def permute(self, n: int, *, seed: int) -> Numbers:
        """Images of the whole domain; empty if the fast and the plain way differ."""
        images = np.empty(max(4, 2 * n), dtype=np.uint32)
        function = self.functions.permute
        function.restype = ctypes.c_uint64
        sizes = ctypes.c_uint64(seed), ctypes.c_uint64(images.size)
        return images[: function(ctypes.c_uint32(n), *sizes, pointer(images))]

    def below(self, n: int, *, seed: int, n_draws: int) -> Numbers:
        draws = np.empty(n_draws, dtype=np.uint32)
        sizes = ctypes.c_uint32(n), ctypes.c_uint64(seed), ctypes.c_int64(n_draws)
        self.functions.below(*sizes, pointer(draws))
        return draws

    def words(self, *, seed: int, n: int) -> npt.NDArray[np.uint64]:
        words = np.empty(n, dtype=np.uint64)
        self.functions.words(ctypes.c_uint64(seed), ctypes.c_int64(n), pointer(words))
        return words

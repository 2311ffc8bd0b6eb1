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
    """One open file at a time."""

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
        """Means and centred squares."""
        out = np.empty(4)
        self.functions.file_summary(pointer(out))
        return out

    def sum(self, theta: FloatArray) -> tuple[float, FloatArray]:
        slopes, total = np.empty(3), np.empty(1)
        self._call("file_sum", pointer(theta), pointer(slopes), pointer(total))
        return float(total[0]), slopes

    def rows(self, n_rows: int) -> FloatArray:
        rows = np.full((n_rows, 2), np.nan)
        self.functions.file_rows(pointer(rows))
        return rows

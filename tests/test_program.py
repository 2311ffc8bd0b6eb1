"""A program's data contract: what goes where in CmdStan's data."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from harness.data.dataset import Dataset
from harness.data.npy_file import write_rows
from harness.errors import DatasetError
from harness.program.contract import DataContract
from harness.program.program import Program

CONTRACT = DataContract(rows="y", n_columns=2, n_rows="N", likelihood_weight="w")
PROGRAM = Program(
    name="line",
    file=Path("line.stan"),
    contract=CONTRACT,
    data={"prior_sd": 3.0},
    parameters=("theta",),
)


def test_data_hold_rows_count_weight_and_constants() -> None:
    rows = np.arange(6.0).reshape(3, 2)
    data = PROGRAM.stan_data(rows, likelihood_weight=2.5)
    np.testing.assert_array_equal(data.pop("y"), rows)
    assert data == {"N": 3, "w": 2.5, "prior_sd": 3.0}


def test_rows_of_other_width_are_refused() -> None:
    complaint = r"shape \(4, 3\), but program 'line' takes rows of 2 columns"
    with pytest.raises(DatasetError, match=complaint):
        PROGRAM.stan_data(np.zeros((4, 3)), likelihood_weight=1.0)


def test_check_names_the_data_set() -> None:
    PROGRAM.check_rows(Dataset(name="pairs", rows=np.zeros((4, 2))))
    with pytest.raises(DatasetError, match=r"'triples' .* 'line' .* 2"):
        PROGRAM.check_rows(Dataset(name="triples", rows=np.zeros((4, 3))))


def test_programs_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        PROGRAM.name = "curve"  # type: ignore[misc]


def test_program_that_reads_a_file_is_told_which(tmp_path: Path) -> None:
    contract = CONTRACT.model_copy(update={"rows": None, "rows_file": "f"})
    program = dataclasses.replace(PROGRAM, contract=contract)
    rows = np.arange(6.0).reshape(3, 2)
    data = program.stan_data(rows, likelihood_weight=2.5)
    assert data.pop("f").rows is rows
    assert data == {"N": 3, "w": 2.5, "prior_sd": 3.0}
    file = write_rows(tmp_path / "rows.npy", [rows], n_rows=3)
    assert program.stan_data(rows, likelihood_weight=1.0, file=file)["f"] == file.stan_value()
    assert program.data_names == {"f", "N", "w", "prior_sd"}

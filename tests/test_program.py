"""A program's data contract: what goes where in CmdStan's data."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from harness.datasets import Dataset
from harness.errors import DatasetError
from harness.program import DataContract, Program

PROGRAM = Program(
    name="line",
    file=Path("line.stan"),
    contract=DataContract(rows="y", n_columns=2, n_rows="N", likelihood_weight="w"),
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
    with pytest.raises(DatasetError, match=r"'triples' has shape .* 'line' takes .* 2 columns"):
        PROGRAM.check_rows(Dataset(name="triples", rows=np.zeros((4, 3))))


def test_programs_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        PROGRAM.name = "curve"  # type: ignore[misc]

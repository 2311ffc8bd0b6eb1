"""What stanc says of a program's data: sizes."""

from pathlib import Path

import numpy as np
import pytest

from harness.data.stan_values import Value
from harness.program.mir import declared_shapes
from harness.program.program import Program
from harness.program.stanc import ProgramVariables, describe_program


@pytest.fixture(autouse=True)
def _wheel_built_cmdstan(cmdstan_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))


def described(folder: Path, code: str) -> ProgramVariables:
    file = folder / "drawn.stan"
    file.write_text(f"{code}\nparameters {{ real mu; }} model {{ mu ~ normal(0, 1); }}")
    return describe_program(Program(name="drawn", file=file, parameters=()))


def test_random_data_are_taken_since_they_have_a_seed_of_their_own(tmp_path: Path) -> None:
    assert described(tmp_path, "transformed data { real y = normal_rng(0, 1); }").data == ()


def test_random_generated_quantities_are_no_data(tmp_path: Path) -> None:
    file = tmp_path / "gq.stan"
    file.write_text("parameters { real mu; } generated quantities { real y = normal_rng(mu, 1); }")
    found = describe_program(Program(name="gq", file=file, parameters=()))
    assert found.generated_quantities == ("y",)


def test_sizes_are_what_the_data_make_them(tmp_path: Path) -> None:
    code = """data {
      int N; array[3] int n; array[N / 2, 2 * N - 1] matrix[N %/% 2, n[2]] m; complex z;
      array[0] complex_matrix[2, N] zm; cholesky_factor_cov[4, N] L; simplex[N + n[3]] s;
      array[N] tuple(real, array[2] tuple(vector[N], complex)) t; vector[min({N, 2})] u; }"""
    data: dict[str, Value] = {"N": 7, "n": np.array([1, 5, 9], dtype=np.int32)}
    assert declared_shapes(described(tmp_path, code).input_vars, data) == {
        "N": (),
        "n": (3,),
        "m": (3, 13, 3, 5),
        "z": (2,),
        "zm": (0, 2, 7, 2),
        "L": (4, 7),
        "s": (16,),
        "t.1": (7,),
        "t.2.1": (7, 2, 7),
        "t.2.2": (7, 2, 2),
        "u": (None,),
    }
    assert declared_shapes(described(tmp_path, code).input_vars, {})["s"] == (None,)

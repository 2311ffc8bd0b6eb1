"""What stanc says of a program's data: sizes, and whether they are random."""

from pathlib import Path

import numpy as np
import pytest

from harness.data.stan_values import Value
from harness.errors import ProgramError
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


FUNCTIONS = """
functions {
  real own_rng(real s) { return normal_rng(0, s); }
  real outer_rng(real s) { return own_rng(s) + 1; }
  void shout_rng() { print(normal_rng(0, 1)); }
}
"""


@pytest.mark.parametrize(
    ("block", "named"),
    [
        ("real y = normal_rng(0, 10);", "normal_rng"),
        (
            "vector[2] y; for (i in 1 : 2) { if (i > 1) { y[i] = 1 + exponential_rng(1); } }",
            "expon",
        ),
        ("real y = own_rng(1);", "own_rng"),
        ("real y = outer_rng(1);", "outer_rng"),
        ("shout_rng();", "shout_rng"),
        ('{ profile("p") { print(uniform_rng(0, 1)); } }', "uniform_rng"),
        ("real y = normal_rng(0, 1) + poisson_rng(2);", "normal_rng, poisson_rng"),
    ],
)
def test_random_data_are_refused(tmp_path: Path, block: str, named: str) -> None:
    with pytest.raises(ProgramError, match=f"'drawn' calls {named}") as caught:
        described(tmp_path, f"{FUNCTIONS}transformed data {{ {block} }}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "code",
    [
        FUNCTIONS,
        "transformed data { real normal_rng_like = 1; // normal_rng(0, 1)\n }",
        'transformed data { print("(FunApp (StanLib normal_rng FnRng))"); }',
        "transformed data { real y = normal_lpdf(0 | 0, 1); }",
    ],
)
def test_what_only_looks_like_random_data_is_taken(tmp_path: Path, code: str) -> None:
    assert described(tmp_path, code).parameters == ("mu",)


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

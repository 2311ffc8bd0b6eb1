"""What stanc's account of a program says of its rows."""

import os
import subprocess
from pathlib import Path

import pytest

from harness.errors import ProgramError
from harness.program.axes import Along, ProgramAxis, find_axes, read_account
from harness.program.axes.sizes import fields
from harness.program.log_density.wrapper import befriend, wrap
from tests.row_programs import ADDING_UP, REFUSED, REFUSED_AT_SIGHT, row_program


@pytest.fixture(scope="module")
def stanc(cmdstan_home: Path) -> Path:
    return cmdstan_home / "bin" / "stanc"


def axes_of(stanc: Path, file: Path) -> dict[str, ProgramAxis]:
    told = subprocess.run(
        [stanc, "--debug-mir", f"--o={os.devnull}", file],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {axis.name: axis for axis in find_axes(read_account(told))}


def axes_of_code(stanc: Path, folder: Path, code: str) -> dict[str, ProgramAxis]:
    file = folder / "program.stan"
    file.write_text(code)
    return axes_of(stanc, file)


@pytest.mark.parametrize("name", [*ADDING_UP, *REFUSED])
def test_rows_that_can_be_gathered_are_found(stanc: Path, name: str) -> None:
    case = {**ADDING_UP, **REFUSED}[name]
    axis = axes_of(stanc, row_program(name).file)[case.axis]
    assert axis.refusal == ""
    assert set(axis.data_names) <= case.data.keys()


@pytest.mark.parametrize("name", REFUSED_AT_SIGHT)
def test_rows_that_cannot_be_gathered_are_refused_at_sight(stanc: Path, name: str) -> None:
    case = REFUSED_AT_SIGHT[name]
    axes = axes_of(stanc, row_program(name).file)
    assert list(axes) == ([case.axis] if case.axis else [])
    assert all(case.refused in axis.refusal for axis in axes.values())


def test_everything_along_an_axis_is_found_where_it_lies(stanc: Path, tmp_path: Path) -> None:
    axes = axes_of_code(
        stanc,
        tmp_path,
        """data {
             int N; int K;
             matrix[N, K] by_row; matrix[K, N] by_column; array[2, N] vector[K] deep;
             matrix[N, N] both; array[N] tuple(int, vector[K]) items;
             tuple(vector[N], tuple(array[K, N] int, real)) nested; real scale;
           }
           transformed data { array[K] row_vector[N] made; vector[K] mean_; real x = N; }
           parameters { vector[K] beta; }""",
    )
    assert list(axes) == ["N", "K"]
    assert axes["K"].refusal.startswith("parameter 'beta' has the size K")
    along = {variable.name: variable.along for variable in axes["N"].variables}
    inner = Along(parts=(Along(dimensions=(1,)), Along()))
    assert along == {
        "by_row": Along(dimensions=(0,)),
        "by_column": Along(dimensions=(1,)),
        "deep": Along(dimensions=(1,)),
        "both": Along(dimensions=(0, 1)),
        "items": Along(dimensions=(0,)),
        "nested": Along(parts=(Along(dimensions=(0,)), inner)),
        "made": Along(dimensions=(1,)),
    }
    assert axes["N"].summaries == ("x",)


def test_sizes_that_count_elements_are_the_integer(stanc: Path, tmp_path: Path) -> None:
    axes = axes_of_code(
        stanc,
        tmp_path,
        """data {
             int N; int K; int J;
             matrix[N, K] X; vector[rows(X)] y; row_vector[J] u; array[J, 2] int group;
           }
           transformed data {
             matrix[rows(X), cols(X)] centred; array[size(y)] vector[K] made;
             vector[size(made)] more; vector[cols(X)] means;
             row_vector[num_elements(u)] v; vector[rows(u)] one;
             int n_groups = max(group[, 1]);
           }
           parameters { vector[cols(X)] beta; vector[n_groups] effect; }""",
    )
    assert list(axes) == ["N", "J"]
    along = {variable.name: variable.along.dimensions for variable in axes["N"].variables}
    first = (0,)
    assert along == {"X": first, "y": first, "centred": first, "made": first, "more": first}
    assert [variable.name for variable in axes["J"].variables] == ["u", "group", "v"]
    assert not any(axis.refusal for axis in axes.values())


@pytest.mark.parametrize(
    ("further", "reason"),
    [
        ("parameters { vector[rows(X)] theta; }", "'theta' has the size rows(X), not N"),
        ("parameters { vector[num_elements(X)] theta; }", "the size num_elements(X), not N"),
        ("transformed data { vector[num_elements(X)] x; }", "the size num_elements(X), not N"),
        ("transformed parameters { vector[rows(X)] mu = y; }", "'mu' has the size rows(X), not N"),
        ("transformed data { vector[size(y) - 1] step; }", "the size size(y) - 1, not N"),
        ("transformed data { int M = size(y); vector[M] z; }", "size M, which is computed from N"),
        ("transformed data { vector[K > 1 ? N : 0] w; }", "the size K > 1 ? N : 0, not N"),
    ],
)
def test_sizes_that_count_elements_otherwise_are_refused(
    stanc: Path, tmp_path: Path, further: str, reason: str
) -> None:
    code = f"data {{ int N; int K; matrix[N, K] X; vector[N] y; }} {further}"
    assert reason in axes_of_code(stanc, tmp_path, code)["N"].refusal


def test_summaries_are_followed_through_loops_conditions_and_locals(
    stanc: Path, tmp_path: Path
) -> None:
    axes = axes_of_code(
        stanc,
        tmp_path,
        """data { int N; vector[N] y; int other; }
           transformed data {
             real total = 0; int n_above = 0; real free = other; real last;
             vector[N] centred;
             for (n in 1:N) { real local = y[n]; total += local; if (y[n] > 0) n_above += 1; }
             last = total / 2;
             centred = y - total;
           }
           parameters { real mu; }""",
    )
    assert axes["N"].summaries == ("total", "n_above", "last")


def test_a_number_of_predictors_is_no_axis(stanc: Path) -> None:
    assert list(axes_of(stanc, row_program("logit").file)) == ["N"]


def test_a_long_sum_is_read(stanc: Path, tmp_path: Path) -> None:
    terms = " + ".join(["sum(y)"] * 2000)
    axes = axes_of_code(
        stanc,
        tmp_path,
        f"data {{ int N; vector[N] y; }} transformed data {{ real s = {terms}; }}"
        " parameters { real mu; }",
    )
    assert axes["N"].summaries == ("s",)


def test_fields_of_a_record_are_found_by_name() -> None:
    record = [["name", "x"], ["sizes", "1", ["2", "3"]], "lone", [["no"], "field"]]
    assert fields(record) == {"name": "x", "sizes": ["1", ["2", "3"]]}
    assert fields("lone") == {}


@pytest.mark.parametrize(
    "text", ["", "((functions_block ()))", "((prepare_data x) (input_vars (y)))"]
)
def test_an_account_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="another form"):
        read_account(text)


def test_cpp_of_another_form_is_refused() -> None:
    with pytest.raises(ProgramError, match="class"):
        befriend("class a_model : public model_base {};")


def test_the_header_names_members_as_stanc_has_renamed_them(stanc: Path, tmp_path: Path) -> None:
    file = row_program("random_data").file
    cpp = tmp_path / "program.hpp"
    subprocess.run([stanc, f"--o={cpp}", file], check=True)
    wrapped = wrap(cpp.read_text(), axes_of(stanc, file).values(), name="x.hpp")
    assert "mapped(&Model::_stan_class_data__, &Model::_stan_class, Along{{0}, {}})" in wrapped
    assert "held(&Model::_stan_new, Along{{0}, {}})" in wrapped
    assert befriend(cpp.read_text()).count("friend struct ::harness_axes;") == 1

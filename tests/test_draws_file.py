"""Files of draws, as CmdStan wrote them."""

from pathlib import Path

import numpy as np

from harness.methods.draws_file import continued, parse_draws_file

FILE = Path(__file__).parent / "data" / "advi" / "fixed_eta.csv"


def test_draws_file_gives_variables_without_the_mean_row() -> None:
    draws = parse_draws_file(FILE.read_text(), has_mean_row=True)
    shapes = {name: values.shape for name, values in draws.parts.items()}
    assert shapes == {
        "mu": (50,),
        "sigma": (50,),
        "share": (50, 3),
        "log_sigma": (50,),
        "y_rep": (50,),
        "count": (50, 2),
    }
    np.testing.assert_array_equal(draws.parts["mu"][:2], [1.8296, 0.808234])
    np.testing.assert_array_equal(draws.parts["share"][0], [0.187292, 0.327668, 0.48504])
    np.testing.assert_array_equal(draws.column("log_p__")[:2], [-20.4292, -21.2685])
    np.testing.assert_array_equal(draws.column("log_g__")[:2], [-1.39816, -0.897728])


def test_first_row_counts_where_it_is_a_draw() -> None:
    draws = parse_draws_file(FILE.read_text())
    assert draws.table.shape[0] == 51
    np.testing.assert_array_equal(draws.column("log_p__")[:1], [0.0])


def test_single_draw_keeps_its_dimensions() -> None:
    text = "# note\nlp__,log_p__,log_g__,z.1.1,z.2.1\n0,0,0,1,2\n0,-1,-2,3,4\n"
    draws = parse_draws_file(text, has_mean_row=True)
    np.testing.assert_array_equal(draws.parts["z"], [[[3.0], [4.0]]])
    assert (draws.column("log_p__").tolist(), draws.column("log_g__").tolist()) == ([-1.0], [-2.0])


def test_numbers_keep_every_digit_between_blanks() -> None:
    text = "lp_approx__,lp__,x.1,x.2\n1.5, nan, 0.100000000000000001, 2\n# time\n-1, -inf, 3, 4\n"
    draws = parse_draws_file(text)
    np.testing.assert_array_equal(draws.table[:, 2:], [[0.1, 2], [3, 4]])
    np.testing.assert_array_equal(draws.column("lp__"), [np.nan, -np.inf])


def test_line_that_was_cut_off_is_no_draw() -> None:
    np.testing.assert_array_equal(parse_draws_file("x,y\n1,2\n3").table, [[1, 2]])


def test_more_draws_are_taken_from_a_file_that_begins_with_the_first_alone() -> None:
    first, more, other = (
        parse_draws_file(f"x,log_q__\n{rows}")
        for rows in ("1,nan\n2,5\n", "1,nan\n2,5\n3,6\n", "1,nan\n2.5,5\n3,6\n")
    )
    assert continued(first, more) is more
    assert continued(first, other) is None


def test_file_without_draws_is_empty() -> None:
    assert parse_draws_file("# note\nlp__,x\n").table.shape == (0, 2)

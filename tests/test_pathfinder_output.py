"""Pathfinder's console, as CmdStan printed it (``data/pathfinder/``)."""

from pathlib import Path

import pytest

from harness.methods.pathfinder_output import PathfinderConsole, parse_console

FOLDER = Path(__file__).parent / "data" / "pathfinder"


def written(name: str) -> str:
    return (FOLDER / f"{name}.stdout").read_text()


def test_console_of_a_run_whose_second_path_failed() -> None:
    """Three paths from one init: each line's evaluations hold the gradients so far once more."""
    console = parse_console(written("failed_path"), n_elbo_draws=25)
    assert console.n_failed_paths == 1
    assert len(console.elbos) == 3
    assert max(console.elbos) == -321.405413
    assert console.n_iterations == 3 * 12
    assert console.n_gradients == 3 * (413 - 372 - 25)
    assert console.k_hat is None


def test_large_k_hat_is_read() -> None:
    console = parse_console(written("large_k"), n_elbo_draws=25)
    assert console.k_hat == 0.72
    assert console.n_failed_paths == 0


STEP = (
    "Path [{path}] : Iter      log prob        ||dx||      ||grad||     alpha      alpha0      "
    "# evals       ELBO    Best ELBO        Notes \n"
    "   {step}      -3.180e+02      7.511e-05   2.942e-03    7.337e-01  7.337e-01      "
    "{n_evals} {elbo} -3.216e+02                  \n"
)


@pytest.mark.parametrize(
    ("steps", "n_gradients"),
    [
        ([(1, 29, "-inf")], 3),
        ([(1, 29, "-inf"), (2, 58, "-3e+02")], 4),
        ([(1, 29, "-inf"), (2, 58, "-3e+02"), (3, 78, "nan")], 20),  # a failed line search
        ([(1, 29, "-inf"), (2, 33, "-3e+02")], None),  # an ELBO without draws
    ],
)
def test_gradients_of_a_path(steps: list[tuple[int, int, str]], n_gradients: int | None) -> None:
    text = "".join(
        STEP.format(path=3, step=step, n_evals=n_evals, elbo=elbo) for step, n_evals, elbo in steps
    )
    console = parse_console(text, n_elbo_draws=25)
    assert (console.n_iterations, console.n_gradients) == (len(steps), n_gradients)


def test_console_that_says_nothing() -> None:
    assert parse_console("", n_elbo_draws=25) == PathfinderConsole(
        elbos=(), n_failed_paths=0, n_iterations=0, n_gradients=None, k_hat=None
    )

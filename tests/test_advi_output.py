"""ADVI's console and ELBO file, as CmdStan wrote them (``data/advi/``)."""

from pathlib import Path

import numpy as np
import pytest

from harness.methods.advi_output import (
    ETA_GRID,
    AdviConsole,
    parse_adapted_eta,
    parse_console,
    parse_elbo_file,
)

FOLDER = Path(__file__).parent / "data" / "advi"
DIVERGING = "   MAY BE DIVERGING... INSPECT ELBO"


def written(name: str) -> str:
    return (FOLDER / name).read_text()


def noted(*notes: str) -> str:
    """A console whose last evaluations, of which CmdStan said nothing, carry these notes."""
    lines = written("fixed_eta.stdout").splitlines()
    last = max(i for i, line in enumerate(lines) if line.startswith("   400  "))
    for i, note in enumerate(reversed(notes)):
        lines[last - i] += note
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("name", "converged", "etas"),
    [
        ("meanfield", "median", (100.0, 10.0, 1.0, 0.1)),
        ("fullrank", "no", (100.0, 10.0, 1.0, 0.1)),
        ("fixed_eta", "no", ()),
    ],
)
def test_console_of_true_runs(name: str, converged: str, etas: tuple[float, ...]) -> None:
    assert parse_console(written(f"{name}.stdout")) == AdviConsole(
        converged=converged, may_be_diverging=False, elbo_was_larger=False, etas_tried=etas
    )


@pytest.mark.parametrize(
    ("note", "converged"),
    [
        ("   MEAN ELBO CONVERGED", "mean"),
        ("   MEDIAN ELBO CONVERGED", "median"),
        ("   MEAN ELBO CONVERGED   MEDIAN ELBO CONVERGED", "mean and median"),
    ],
)
def test_rule_that_stopped_the_run(note: str, converged: str) -> None:
    assert parse_console(noted(note)).converged == converged


@pytest.mark.parametrize("n_tried", [1, 2, 3, 4, 5])
def test_step_sizes_tried(n_tried: int) -> None:
    steps = [1, *range(50, 50 * n_tried + 1, 50)]
    lines = [f"Iteration: {step:3} / 250 [ {step // 3:2}%]  (Adaptation)" for step in steps]
    assert parse_console("\n".join(lines)).etas_tried == ETA_GRID[:n_tried]


@pytest.mark.parametrize("eta", ["0.01", "1e-05", "100"])
def test_adapted_step_size(eta: str) -> None:
    options = "#     eta = 1 (Default)\n# id = 1\nlp__,log_p__,log_g__,x\n"
    text = f"{options}# Stepsize adaptation complete.\n# eta = {eta}\n0,0,0,1\n"
    assert parse_adapted_eta(text) == float(eta)
    assert parse_adapted_eta(options) is None
    assert parse_adapted_eta(written("fixed_eta.csv")) is None


def test_divergence_counts_at_the_last_evaluation_only() -> None:
    assert parse_console(noted(DIVERGING)).may_be_diverging
    assert parse_console(noted(DIVERGING, DIVERGING)).may_be_diverging
    assert not parse_console(noted(DIVERGING, "")).may_be_diverging
    stopped = parse_console(noted("   MEDIAN ELBO CONVERGED" + DIVERGING))
    assert (stopped.converged, stopped.may_be_diverging) == ("median", True)


def test_better_elbo_before_the_end_is_noted() -> None:
    message = (
        "Informational Message: The ELBO at a previous iteration is larger than the ELBO upon "
        "convergence!\nThis variational approximation may not have converged to a good optimum.\n"
    )
    console = parse_console(noted("   MEAN ELBO CONVERGED") + "\n" + message)
    assert console.elbo_was_larger


def test_console_cut_off_before_the_first_evaluation() -> None:
    text = written("meanfield.stdout").partition("Begin stochastic")[0]
    console = parse_console(text)
    assert (console.converged, console.may_be_diverging) == ("no", False)
    assert parse_console("").etas_tried == ()


def test_elbo_file() -> None:
    trace = parse_elbo_file(written("fixed_eta.elbo.csv"))
    np.testing.assert_array_equal(trace.iteration, [100, 200, 300, 400])
    np.testing.assert_array_equal(trace.elapsed_s, [0, 0.001, 0.001, 0.001])
    np.testing.assert_array_equal(trace.elbo, [-19.8832, -18.4759, -17.8194, -17.6966])
    assert np.issubdtype(trace.iteration.dtype, np.integer)


def test_elbo_file_and_console_tell_the_same_story() -> None:
    trace = parse_elbo_file(written("meanfield.elbo.csv"))
    table = written("meanfield.stdout").partition("delta_ELBO_med   notes \n")[2]
    printed = np.array(
        [line.split()[:2] for line in table.partition("\n\n")[0].splitlines()], dtype=float
    )
    np.testing.assert_array_equal(trace.iteration, printed[:, 0])
    np.testing.assert_allclose(trace.elbo, printed[:, 1], atol=6e-4)


@pytest.mark.parametrize("text", ["", "# iter,time_in_seconds,ELBO\n", "# model = m\n\n"])
def test_elbo_file_without_evaluations_is_empty(text: str) -> None:
    trace = parse_elbo_file(text)
    assert trace.iteration.shape == trace.elapsed_s.shape == trace.elbo.shape == (0,)

"""ADVI's ELBO file, as CmdStan wrote them (``data/advi/``)."""

from pathlib import Path

import numpy as np
import pytest

from harness.methods.advi_output import (
    ETA_GRID,
    AdviEnd,
    ElboTrace,
    end_of_run,
    etas_tried,
    parse_adapted_eta,
    parse_elbo_file,
    relative_changes,
)

FOLDER = Path(__file__).parent / "data" / "advi"


def written(name: str) -> str:
    return (FOLDER / name).read_text()


def trace_of(*elbos: float, step: int = 100) -> ElboTrace:
    """Evaluations every so many iterations."""
    iterations = step * np.arange(1, 1 + len(elbos))
    return ElboTrace(iteration=iterations, elapsed_s=iterations / 1e5, elbo=np.array(elbos))


@pytest.mark.parametrize(("name", "max_iterations"), [("meanfield", 10_000), ("fixed_eta", 400)])
def test_relative_changes_are_those_that_cmdstan_printed(name: str, max_iterations: int) -> None:
    """Between them, the file's digits and the console's three decimals leave an error of 0.001."""
    changes = relative_changes(
        parse_elbo_file(written(f"{name}.elbo.csv")), max_iterations=max_iterations, eval_elbo=100
    )
    table = written(f"{name}.stdout").partition("delta_ELBO_med   notes \n")[2]
    lines = [line.split() for line in table.splitlines()]
    printed = [line[2:4] for line in lines if line and line[0].isdigit()]
    np.testing.assert_allclose(changes, np.array(printed, dtype=float), atol=1e-3)


@pytest.mark.parametrize(
    ("name", "max_iterations", "converged"),
    [("meanfield", 10_000, "median"), ("fixed_eta", 400, "no")],
)
def test_end_of_true_runs(name: str, max_iterations: int, converged: str) -> None:
    trace = parse_elbo_file(written(f"{name}.elbo.csv"))
    assert end_of_run(
        trace, max_iterations=max_iterations, eval_elbo=100, tol_rel_obj=0.01
    ) == AdviEnd(converged=converged, may_be_diverging=False, elbo_was_larger=False)


@pytest.mark.parametrize(
    ("elbos", "max_iterations", "converged"),
    [
        ([-10.0, -10.0], 200, "no"),  # changes of 1 and 0: their mean is 0.5, their upper half 1
        ([-10.0, -10.0, -10.0], 1000, "mean and median"),  # a window of two
        ([-10.0, -20.0, -20.0, -20.0, -20.0], 10_000, "median"),
        ([-10.0, -5.0], 250, "no"),  # the limit comes before another evaluation
        ([-10.0, -10.2, -10.0], 1000, "mean"),  # few digits: the rule that was nearest
        ([], 50, "no"),
    ],
)
def test_rule_that_stopped_the_run(elbos: list[float], max_iterations: int, converged: str) -> None:
    end = end_of_run(
        trace_of(*elbos), max_iterations=max_iterations, eval_elbo=100, tol_rel_obj=0.01
    )
    assert end.converged == converged


@pytest.mark.parametrize(
    ("eta", "tried"),
    [(100.0, 2), (10.0, 3), (1.0, 4), (0.1, 5), (0.01, 5), (0.3, 0)],
)
def test_step_sizes_tried(eta: float, tried: int) -> None:
    assert etas_tried(eta) == ETA_GRID[:tried]


@pytest.mark.parametrize("eta", ["0.01", "1e-05", "100"])
def test_adapted_step_size(eta: str) -> None:
    options = "#     eta = 1 (Default)\n# id = 1\nlp__,log_p__,log_g__,x\n"
    text = f"{options}# Stepsize adaptation complete.\n# eta = {eta}\n0,0,0,1\n"
    assert parse_adapted_eta(text) == float(eta)
    assert parse_adapted_eta(options) is None
    assert parse_adapted_eta(written("fixed_eta.csv")) is None


def test_divergence_counts_at_the_last_evaluation_only() -> None:
    def diverges(*elbos: float) -> bool:
        trace = trace_of(*[-10.0] * 9, *elbos)
        return end_of_run(
            trace, max_iterations=2000, eval_elbo=100, tol_rel_obj=1e-9
        ).may_be_diverging

    assert diverges(-10.0, -50.0)
    assert not diverges(-50.0)  # not before the eleventh evaluation
    assert not diverges(-50.0, -50.0, -50.0)


def test_better_elbo_before_the_end_is_noted() -> None:
    def was_larger(*elbos: float, max_iterations: int) -> bool:
        trace = trace_of(*elbos)
        return end_of_run(
            trace, max_iterations=max_iterations, eval_elbo=100, tol_rel_obj=0.01
        ).elbo_was_larger

    assert was_larger(-10.0, -20.0, -20.0, -20.0, max_iterations=1000)
    assert not was_larger(-19.5, -20.0, -20.0, -20.0, max_iterations=1000)
    assert not was_larger(-10.0, -20.0, -30.0, max_iterations=300)  # it ended at its limit


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

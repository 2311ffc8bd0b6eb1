"""Check that a program weights the likelihood of its rows, and nothing else."""

import numpy as np
import numpy.typing as npt

from harness.data.dataset import FloatArray
from harness.errors import FitError
from harness.methods.base import Problem
from harness.methods.cmdstan_run import run_folder, run_method
from harness.methods.draws_file import parse_draws_file

#: Rows and points that the check looks at: all that a wrong program needs to be found out.
_MAX_ROWS = 50
_N_POINTS = 5
#: Log densities agree if they differ by less than this part of their size.
_TOLERANCE = 1e-8

_Rows = npt.NDArray[np.intp]


def check_weights(problem: Problem, *, seed: int) -> None:
    r"""Refuse a program whose log density does not follow its contract.

    With rows R and weight w the log density must be
    :math:`\log p(\theta) + w \sum_{i \in R} \ell_i(\theta)`.  So at any point duplicating every row
    must give the same log density as weight 2, and increasing the weight from 2 to 3 must add as
    much as increasing it from 1 to 2.  A weighted prior, a likelihood without the weight, and
    rows that depend on one another violate this.

    Parameters
    ----------
    problem : Problem
        A program with a contract, and its data.
    seed : int
        Decides the points.

    Raises
    ------
    FitError
        With the values that disagree.
    """
    n_rows = problem.n_rows or 0
    rows = np.linspace(0, n_rows - 1, min(n_rows, _MAX_ROWS)).astype(np.intp)
    try:
        points = _points(problem, rows, seed=seed)
    except FitError:
        return  # no point has a density: the fit fails too, and tells of it better
    once, twice, thrice = (_log_density(problem, points, rows, weight) for weight in (1, 2, 3))
    doubled = _log_density(problem, points, np.repeat(rows, 2), 1)
    contract = problem.program.program.contract
    name = f"'{contract.likelihood_weight}'" if contract else "the weight"
    _compare(
        problem,
        doubled,
        twice,
        f"duplicating every row gives the log density {{}}, but {name} = 2 gives {{}}",
    )
    _compare(
        problem,
        thrice - twice,
        twice - once,
        f"increasing {name} from 2 to 3 adds {{}} to the log density, but from 1 to 2 adds {{}}",
    )


def _compare(problem: Problem, found: FloatArray, expected: FloatArray, sentence: str) -> None:
    """Refuse log densities that differ."""
    scale = np.maximum(np.abs(found), np.abs(expected)) + 1
    gap = np.abs(found - expected) / scale
    if gap.max() > _TOLERANCE or not np.isfinite(gap).all():
        worst = int(np.argmax(np.where(np.isfinite(gap), gap, np.inf)))
        told = sentence.format(f"{found[worst]:.6g}", f"{expected[worst]:.6g}")
        raise FitError(
            f"program '{problem.program.program.name}' violates its contract at a test point: "
            f"{told}; the weight must multiply the log likelihood of every row and nothing else"
        )


def _points(problem: Problem, rows: _Rows, *, seed: int) -> list[str]:
    """Return a header and lines of CSV with points of positive density."""
    data = problem.program.program.data_of(problem.dataset, indices=rows)
    with run_folder(data) as (data_file, folder):
        output = folder / "points.csv"
        run_method(
            problem.program.executable,
            *("method=sample", f"num_samples={_N_POINTS}", "num_warmup=0", "adapt", "engaged=0"),
            *("algorithm=hmc", "engine=nuts", "max_depth=3", "stepsize=0.01"),
            data_file=data_file,
            output_file=output,
            seed=seed,
        )
        draws = parse_draws_file(output.read_text())
    kept = [i for i, name in enumerate(draws.names) if not name.endswith("__")]
    lines = [",".join(map(repr, row)) for row in draws.table[:, kept].tolist()]
    return [",".join(draws.names[i] for i in kept), *lines]


def _log_density(
    problem: Problem, points: list[str], rows: _Rows, likelihood_weight: float
) -> FloatArray:
    """Return the log density at each point, under some rows and a weight."""
    data = problem.program.program.data_of(
        problem.dataset, indices=rows, likelihood_weight=likelihood_weight
    )
    with run_folder(data) as (data_file, folder):
        output, given = folder / "log_p.csv", folder / "points.csv"
        given.write_text("\n".join([*points, ""]))
        run_method(
            problem.program.executable,
            *("method=log_prob", f"constrained_params={given}", "jacobian=1"),
            data_file=data_file,
            output_file=output,
            seed=1,
        )
        log_density: FloatArray = parse_draws_file(output.read_text()).table[:, 0]
        return log_density

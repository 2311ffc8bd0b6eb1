"""Read what CmdStan leaves of an ADVI run: its ELBO file and its step size (pure).

The console says no more, and a program can print whatever the console says.
"""

import csv
import re
from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Step size scales in the order in which CmdStan's adaptation tries them.
ETA_GRID = (100.0, 10.0, 1.0, 0.1, 0.01)

_ETA = re.compile(r"^# Stepsize adaptation complete\.\s*\n# eta = (\S+)", re.MULTILINE)

#: CmdStan's limits on relative changes: of its warning, and of its note on a better ELBO.
_DIVERGING, _BETTER = 0.5, 0.05
#: Evaluations before the first warning.
_CALM = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class ElboTrace:
    """The ELBO file.

    Attributes
    ----------
    iteration : ndarray of int, shape (n_evaluations,)
        Iterations of gradient ascent after which the ELBO was estimated.
    elapsed_s : ndarray, shape (n_evaluations,)
        Seconds since the start of gradient ascent.
    elbo : ndarray, shape (n_evaluations,)
        Monte Carlo estimates of the evidence lower bound, in nats.
    """

    iteration: npt.NDArray[np.int64]
    elapsed_s: npt.NDArray[np.float64]
    elbo: npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class AdviEnd:
    """How gradient ascent ended.

    Attributes
    ----------
    converged : str
        The stopping rule that was met, ``"mean"``, ``"median"`` or ``"mean and median"``
        relative change of the ELBO; ``"no"`` if the run ended at its iteration limit.
    may_be_diverging : bool
        Whether CmdStan's warning stands at the last ELBO evaluation; a run may recover from
        earlier ones.
    elbo_was_larger : bool
        Whether the run converged and an earlier ELBO was more than 5% better.
    """

    converged: str
    may_be_diverging: bool
    elbo_was_larger: bool


def relative_changes(
    trace: ElboTrace, *, max_iterations: int, eval_elbo: int
) -> npt.NDArray[np.float64]:
    """Return what CmdStan's stopping rule looks at, as it computes it.

    Parameters
    ----------
    trace : ElboTrace
        The evaluations.
    max_iterations, eval_elbo : int
        The run's; the last ``max_iterations / (10 eval_elbo)`` changes count, at least two.

    Returns
    -------
    ndarray, shape (n_evaluations, 2)
        Mean and median of the relative changes up to each evaluation.
    """
    window: deque[float] = deque(maxlen=int(max(0.1 * max_iterations / eval_elbo, 2.0)))
    previous = 0.0
    found = []
    for elbo in trace.elbo.tolist():
        window.append(_relative_change(elbo, previous))
        total = 0.0
        for change in window:  # not `sum`, which is more exact than C++
            total += change
        found.append((total / len(window), sorted(window)[len(window) // 2]))
        previous = elbo
    return np.array(found, dtype=np.float64).reshape(-1, 2)


def _relative_change(elbo: float, other: float) -> float:
    """Return how far another ELBO is away, in units of this one."""
    return abs((other - elbo) / elbo) if elbo else float("inf")


def end_of_run(
    trace: ElboTrace, *, max_iterations: int, eval_elbo: int, tol_rel_obj: float
) -> AdviEnd:
    """Say how a run ended.

    Parameters
    ----------
    trace : ElboTrace
        Its evaluations.
    max_iterations, eval_elbo, tol_rel_obj : int, int, float
        The run's options.

    Returns
    -------
    AdviEnd
    """
    if not trace.elbo.size:
        return AdviEnd(converged="no", may_be_diverging=False, elbo_was_larger=False)
    changes = relative_changes(trace, max_iterations=max_iterations, eval_elbo=eval_elbo)[-1]
    last = int(trace.iteration[-1])
    met = changes < tol_rel_obj
    if not met.any() and last + eval_elbo <= max_iterations:
        met = changes == changes.min()  # something stopped it: a file with few digits
    rules = [rule for rule, is_met in zip(("mean", "median"), met, strict=True) if is_met]
    better = _relative_change(float(trace.elbo[-1]), float(trace.elbo.max()))
    return AdviEnd(
        converged=" and ".join(rules) or "no",
        may_be_diverging=last > _CALM * eval_elbo and bool((changes > _DIVERGING).any()),
        elbo_was_larger=bool(rules) and better > _BETTER,
    )


def etas_tried(eta: float) -> tuple[float, ...]:
    """Return the step size scales that adaptation tried before it chose one.

    It goes down its grid until one does worse than the one before.

    Parameters
    ----------
    eta : float
        The one it chose.

    Returns
    -------
    tuple of float
    """
    return ETA_GRID[: ETA_GRID.index(eta) + 2] if eta in ETA_GRID else ()


def parse_elbo_file(text: str) -> ElboTrace:
    """Parse the file that ``variational`` writes as its diagnostic file.

    Parameters
    ----------
    text : str
        The file's content: comment lines and rows of iteration, seconds and ELBO.

    Returns
    -------
    ElboTrace
        Empty if the run ended before the first evaluation.
    """
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    rows = [row for row in csv.reader(lines) if row[0].strip().isdigit()]
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return ElboTrace(
        iteration=table[:, 0].astype(np.int64), elapsed_s=table[:, 1], elbo=table[:, 2]
    )


def parse_adapted_eta(text: str) -> float | None:
    """Parse the step size scale that adaptation chose from the file of draws.

    The console cannot be trusted with it: where the last of the grid, 0.01, is taken because
    nothing was better, CmdStan prints the one before.

    Parameters
    ----------
    text : str
        The file's content.

    Returns
    -------
    float or None
        None without adaptation.
    """
    found = _ETA.search(text)
    return float(found.group(1)) if found else None

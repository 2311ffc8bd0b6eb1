"""Read what CmdStan leaves of an ADVI run: its console, its ELBO file, its step size (pure)."""

import csv
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Step size scales in the order in which CmdStan's adaptation tries them.
ETA_GRID = (100.0, 10.0, 1.0, 0.1, 0.01)

_ADAPTATION = re.compile(r"^Iteration: +(\d+) / (\d+) \[.*\(Adaptation\)", re.MULTILINE)
_ETA = re.compile(r"^# Stepsize adaptation complete\.\s*\n# eta = (\S+)", re.MULTILINE)
_CONVERGED = re.compile(r"(MEDIAN|MEAN) ELBO CONVERGED")
_DIVERGING = "MAY BE DIVERGING"
_ELBO_WAS_LARGER = "The ELBO at a previous iteration is larger"
_EVALUATION = re.compile(r"\s*\d+\s+\S+\s+\d+\.\d+\s+\d+\.\d+")


@dataclass(frozen=True, kw_only=True)
class AdviConsole:
    """What CmdStan printed.

    Attributes
    ----------
    converged : str
        The stopping rule that was met, ``"mean"``, ``"median"`` or ``"mean and median"``
        relative change of the ELBO; ``"no"`` if the run ended at its iteration limit.
    may_be_diverging : bool
        Whether the last ELBO evaluation carried CmdStan's warning; a run may recover from
        earlier ones.
    elbo_was_larger : bool
        Whether CmdStan noted at the end that an earlier ELBO was more than 5% better.
    etas_tried : tuple of float
        Step size scales that adaptation tried; empty without adaptation.
    """

    converged: str
    may_be_diverging: bool
    elbo_was_larger: bool
    etas_tried: tuple[float, ...]


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


def parse_console(text: str) -> AdviConsole:
    """Parse what ``variational`` prints.

    Parameters
    ----------
    text : str
        CmdStan's standard output.

    Returns
    -------
    AdviConsole
    """
    rules_met = [rule.lower() for rule in _CONVERGED.findall(text)]
    steps = [(int(step), int(n_steps)) for step, n_steps in _ADAPTATION.findall(text)]
    n_tried = max((step * len(ETA_GRID) // n_steps for step, n_steps in steps), default=0)
    evaluations = [line for line in text.splitlines() if _EVALUATION.match(line)]
    return AdviConsole(
        converged=" and ".join(rules_met) or "no",
        may_be_diverging=bool(evaluations) and _DIVERGING in evaluations[-1],
        elbo_was_larger=_ELBO_WAS_LARGER in text,
        etas_tried=ETA_GRID[:n_tried],
    )


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

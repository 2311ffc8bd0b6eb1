"""Read what CmdStan leaves of an ADVI run: its console, its ELBO file and its draws (pure)."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import stanio

_ETA = re.compile(r"Found best value \[eta = ([^\]]+)\]")
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
    adapted_eta : float or None
        The step size scale that adaptation chose; None without adaptation.
    """

    converged: str
    may_be_diverging: bool
    elbo_was_larger: bool
    adapted_eta: float | None


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


@dataclass(frozen=True, kw_only=True, eq=False)
class AdviDraws:
    """Draws from the fitted approximation.

    Attributes
    ----------
    variables : Mapping
        Of each Stan variable, an array of shape (draw, ...).
    log_p, log_q : ndarray, shape (draw,)
        Log density of the model on the unconstrained scale, up to a constant, and of the
        approximation, up to a constant.
    """

    variables: Mapping[str, npt.NDArray[np.generic]]
    log_p: npt.NDArray[np.float64]
    log_q: npt.NDArray[np.float64]


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
    eta = _ETA.search(text)
    evaluations = [line for line in text.splitlines() if _EVALUATION.match(line)]
    return AdviConsole(
        converged=" and ".join(rules_met) or "no",
        may_be_diverging=bool(evaluations) and _DIVERGING in evaluations[-1],
        elbo_was_larger=_ELBO_WAS_LARGER in text,
        adapted_eta=float(eta.group(1)) if eta else None,
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


def parse_draws_file(text: str) -> AdviDraws:
    """Parse the file of draws, without its first row, which is the approximation's mean.

    Parameters
    ----------
    text : str
        The file's content: comment lines, a header, the mean and the draws.

    Returns
    -------
    AdviDraws
    """
    header, _mean, *rows = [line for line in text.splitlines() if line and line[0] != "#"]
    table = np.loadtxt(rows, delimiter=",", ndmin=2)
    variables = {
        name: variable.extract_reshape(table)
        for name, variable in stanio.parse_header(header).items()
        if not name.endswith("__")
    }
    column = {name: i for i, name in enumerate(header.split(","))}
    return AdviDraws(
        variables=variables, log_p=table[:, column["log_p__"]], log_q=table[:, column["log_g__"]]
    )

"""Read what CmdStan prints of a Pathfinder run (pure)."""

import itertools
import math
import re
from dataclasses import dataclass

_STEP_HEADER = re.compile(r"^Path \[(\d+)\] : Iter +log prob ")
_STEP = re.compile(
    r"^\s*(?P<iteration>\d+)(?:\s+\S+){5}\s+(?P<n_evals>\d+)\s+(?P<first>nan|[-+]?[\d.]+(?:e[-+]\d+)?|[-+]?inf)"
)
_BEST = re.compile(
    r"^Path \[(\d+)\] :Best Iter: \[\d+\] ELBO \((\S+)\) evaluations: \(\d+\)$", re.MULTILINE
)
_SUCCEEDED = re.compile(r"^Only (\d+) of the (\d+) pathfinders succeeded\.$", re.MULTILINE)
_K_HAT = re.compile(r"^Pareto k value \(([^)]+)\) is greater than 0\.7\.", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class PathfinderConsole:
    """What CmdStan printed.

    Attributes
    ----------
    elbos : tuple of float
        ELBO of each path that succeeded, in nats, at its best iteration.
    n_failed_paths : int
        Paths without an approximation.
    n_iterations : int
        Iterations of L-BFGS, all paths.
    n_gradients : int or None
        Gradients that L-BFGS evaluated, all paths; None if the console doesn't tell.
    k_hat : float or None
        PSIS k-hat, which CmdStan prints above 0.7 only.
    """

    elbos: tuple[float, ...]
    n_failed_paths: int
    n_iterations: int
    n_gradients: int | None
    k_hat: float | None


@dataclass(frozen=True, kw_only=True)
class _Step:
    """A line of the console: an iteration of L-BFGS."""

    iteration: int
    n_evals: int
    first_elbo: float


def parse_console(text: str, *, n_elbo_draws: int) -> PathfinderConsole:
    """Parse what ``pathfinder`` prints with ``refresh=1``.

    Parameters
    ----------
    text : str
        CmdStan's standard output.
    n_elbo_draws : int
        Log densities that are evaluated at each iteration for its ELBO.

    Returns
    -------
    PathfinderConsole
    """
    paths = _steps_of_paths(text)
    counts = [_n_gradients(steps, n_elbo_draws=n_elbo_draws) for steps in paths.values()]
    known = [count for count in counts if count is not None]
    succeeded, k_hat = _SUCCEEDED.search(text), _K_HAT.search(text)
    return PathfinderConsole(
        elbos=tuple(float(value) for value in dict(_BEST.findall(text)).values()),
        n_failed_paths=int(succeeded.group(2)) - int(succeeded.group(1)) if succeeded else 0,
        n_iterations=sum(steps[-1].iteration for steps in paths.values()),
        n_gradients=sum(known) if known and len(known) == len(counts) else None,
        k_hat=float(k_hat.group(1)) if k_hat else None,
    )


def _steps_of_paths(text: str) -> dict[str, list[_Step]]:
    """Return the iterations of each path; a header that names the path stands above each."""
    paths: dict[str, list[_Step]] = {}
    for above, line in itertools.pairwise(text.splitlines()):
        header, step = _STEP_HEADER.match(above), _STEP.match(line)
        if header and step:
            paths.setdefault(header.group(1), []).append(
                _Step(
                    iteration=int(step["iteration"]),
                    n_evals=int(step["n_evals"]),
                    first_elbo=float(step["first"]),
                )
            )
    return paths


def _n_gradients(steps: list[_Step], *, n_elbo_draws: int) -> int | None:
    """Return the gradients that a path's L-BFGS evaluated.

    Stan 2.39 adds the running number of gradients to its column of evaluations at each
    iteration, so that the sum counts the first ones many times; what the last iteration added,
    without its ELBO's draws, is the number.  A line search that failed has no ELBO (NaN).
    """
    before = steps[-2].n_evals if len(steps) > 1 else 1
    n_elbo = 0 if math.isnan(steps[-1].first_elbo) else n_elbo_draws
    n_gradients = steps[-1].n_evals - before - n_elbo
    return n_gradients if n_gradients > 0 else None

"""Draws on the unconstrained scale, where the gradients of the log density are taken.

No method of CmdStan writes them but the sampler's diagnostic file.  So each draw starts a chain
of a single transition, whose step is too short to leave it.
"""

from dataclasses import dataclass

import numpy as np

from harness.data.dataset import FloatArray
from harness.data.stan_json import write_stan_json
from harness.errors import FitError
from harness.methods.base import Problem
from harness.methods.cmdstan_run import SIG_FIGS, run_cmdstan, run_folder
from harness.methods.draws_file import DrawsFile, parse_draws_file

#: A discrepancy takes so many draws, evenly spaced.
MAX_POINTS = 200

_STEP = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class Points:
    """Some draws on the unconstrained scale.

    Attributes
    ----------
    indices : ndarray of int, shape (point,)
        Which of the draws.
    positions : ndarray, shape (point, unconstrained)
        The draws, to within 1e-9 of the momentum's scale.
    wall_time_s : float
        Of CmdStan's process, in seconds.
    """

    indices: np.typing.NDArray[np.intp]
    positions: FloatArray
    wall_time_s: float


def unconstrained_points(
    problem: Problem, draws: DrawsFile, *, usable: np.typing.NDArray[np.bool_]
) -> Points | None:
    """Put some draws on the unconstrained scale.

    Parameters
    ----------
    problem : Problem
        The program and its data.
    draws : DrawsFile
        Draws on the constrained scale.
    usable : ndarray of bool, shape (draw,)
        Draws with a finite log density; no chain can start from others.

    Returns
    -------
    Points or None
        None if no draw is usable or CmdStan refuses one.
    """
    among = np.flatnonzero(usable)
    if among.size == 0:
        return None
    indices = among[:: -(-among.size // MAX_POINTS)]
    with run_folder(problem.stan_data()) as (data_file, folder):
        for chain, index in enumerate(indices, start=1):
            inits = draws.inits(index, problem.program.parameters)
            write_stan_json(folder / f"init_{chain}.json", inits)
        try:
            timed = run_cmdstan(
                [
                    *(str(problem.program.executable), "id=1", "method=sample"),
                    *(f"num_chains={indices.size}", "num_warmup=0", "num_samples=1"),
                    *("adapt", "engaged=0", "algorithm=hmc", "engine=nuts", "max_depth=1"),
                    *(f"stepsize={_STEP}", "data", f"file={data_file}"),
                    *(f"init={folder / 'init.json'}", "random", "seed=1"),
                    *("output", f"file={folder / 'out.csv'}", f"sig_figs={SIG_FIGS}"),
                    f"diagnostic_file={folder / 'point.csv'}",
                ]
            )
        except FitError:
            return None
        names = [f"point_{chain}.csv" for chain in range(1, indices.size + 1)]
        if indices.size == 1:
            names = ["point.csv"]
        files = [parse_draws_file((folder / name).read_text()) for name in names]
    columns = files[0].names
    kept = [
        i for i, name in enumerate(columns) if not name.endswith("__") and f"g_{name}" in columns
    ]
    return Points(
        indices=indices,
        positions=np.array([file.table[0, kept] for file in files]),
        wall_time_s=timed.wall_time_s,
    )

"""Whether a reference has draws at every mode that an optimiser reaches.

Chains that all sit in one mode by luck agree with each other.
"""

import numpy as np

from harness.data.dataset import Dataset, FloatArray
from harness.errors import HarnessError
from harness.evidence.cascade import MOST_PARAMETERS
from harness.evidence.judge import missed_problem
from harness.evidence.mass import measured_masses
from harness.evidence.method import Evidence
from harness.evidence.missed import missed
from harness.evidence.modes import find_modes
from harness.evidence.undisturbed import undisturbed
from harness.execution.run import FittedRun
from harness.methods.draw_points import unconstrained_points
from harness.methods.metered import Metered
from harness.summary.free_scale import FreeScales

#: Of the gradients of the reference, the part that the search for modes may take.
_PART = 0.1
#: Keeps the generator apart from others of the same seed.
_STREAM = 17


def can_be_held_against_modes(item: FittedRun) -> bool:
    """Whether a reference can be compared with what an optimiser reaches.

    Not without the program's executable; nor where exchangeable components make modes of the same
    draws, which their labels deal with; and what evidence gives has been compared already.
    """
    components = item.program.program.components
    is_symmetric = components is not None and components.exchangeable
    is_evidence = isinstance(item.run.method, Evidence)
    return item.program.executable.is_file() and not is_symmetric and not is_evidence


def unvisited(item: FittedRun, dataset: Dataset, scales: FreeScales) -> str:
    """Say which mode the chains of a reference lack.

    Parameters
    ----------
    item : FittedRun
        Markov chains to all rows; its seed decides where the optimiser starts.
    dataset : Dataset
        Its own.
    scales : FreeScales
        Has the density.

    Returns
    -------
    str
        A clause; empty if draws of all modes that were found are there, if those that are not would
        change little, or if the program has too many parameters or parameters that cannot be put on
        the unconstrained scale.
    """
    try:
        density = scales.density(item.program, dataset)
        if not 0 < density.n_parameters <= MOST_PARAMETERS:
            return ""
        points, is_free = unconstrained_points(item.fit, density, item.program.parameters)
        target = Metered(density)
        n_gradients = item.fit.cost.n_gradients
        limit = _PART * n_gradients if n_gradients else np.inf
        return lacking_mode(points, target, seed=item.run.seed, limit=limit) if is_free else ""
    except HarnessError:
        return ""  # whoever fits the program is told why it has no density


@undisturbed()
def lacking_mode(chains: FloatArray, target: Metered, *, seed: int, limit: float = np.inf) -> str:
    """Search for modes, and say which of them chains lack.

    Parameters
    ----------
    chains : ndarray, shape (chain, draw, d)
        On the unconstrained scale.
    target : Metered
    seed : int
    limit : float
        Gradients that the search may take, but for what it has begun.

    Returns
    -------
    str
        A clause; empty if they lack none that would change much.
    """
    rng = np.random.default_rng([seed, _STREAM])
    search = measured_masses(find_modes(target, rng, limit=limit), chains, target, rng)
    return missed_problem(missed(search, chains.reshape(-1, chains.shape[-1])))

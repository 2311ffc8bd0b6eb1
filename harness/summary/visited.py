"""Whether chains have draws at every mode that an optimiser reaches.

Chains that all sit in one mode by luck agree with each other.
"""

from functools import partial

import numpy as np

from harness.data.dataset import FloatArray
from harness.errors import HarnessError
from harness.evidence.cascade import MOST_PARAMETERS
from harness.evidence.judge import missed_problem
from harness.evidence.mass import missed_by_chains
from harness.evidence.method import Evidence
from harness.evidence.modes import find_modes
from harness.evidence.undisturbed import undisturbed
from harness.execution.run import FittedRun
from harness.methods.draw_points import unconstrained_points
from harness.methods.metered import Metered
from harness.study.study import Run, Study
from harness.summary.free_scale import FreeScales
from harness.summary.once import Once

#: Of the gradients of the reference, the part that the search for modes may take.
_PART = 0.1
#: Keeps the generator apart from others of the same seed.
_STREAM = 17


class Visits:
    """Looks which mode chains lack, of each fit once.

    Parameters
    ----------
    study : Study
        Has the data sets.
    kept : Once
    scales : FreeScales
        Has the densities.
    """

    def __init__(self, study: Study, kept: Once, scales: FreeScales) -> None:
        self._datasets = study.datasets
        self._kept = kept
        self._scales = scales
        self._known: dict[Run, str] = {}

    def lacking(self, item: FittedRun) -> str:
        """Say which mode the chains of a fit lack.

        Parameters
        ----------
        item : FittedRun
            Markov chains to all rows; its seed decides where the optimiser starts.

        Returns
        -------
        str
            A clause; empty if draws of all modes that were found are there, or if those that are
            not would change little.  Nothing is known of draws without their program, or
            with parameters that cannot be put on the unconstrained scale; nor where
            exchangeable components make modes of the same draws, which their labels deal with.
            What evidence gives has been compared with the modes already.
        """
        if item.run not in self._known:
            self._known[item.run] = self._find(item) if _can_be_known(item) else ""
        return self._known[item.run]

    def known(self, run: Run) -> str:
        """Return what was found of a run; empty if nothing was looked for."""
        return self._known.get(run, "")

    def _find(self, item: FittedRun) -> str:
        """Return what the store has, or look."""
        of = self._kept.made_from(item, "modes")
        return self._kept.once(of, partial(self._look, item), dump=str.encode, load=bytes.decode)

    def _look(self, item: FittedRun) -> str:
        """Search for modes of the fit's density."""
        try:
            density = self._scales.density(item.program, self._datasets[item.run.dataset])
            if not density.n_parameters:
                return ""
            points, is_free = unconstrained_points(item.fit, density, item.program.parameters)
            n_gradients = item.fit.cost.n_gradients
            limit = _PART * n_gradients if n_gradients else np.inf
            seed = item.run.seed
            return lacking_mode(points, Metered(density), seed=seed, limit=limit) if is_free else ""
        except HarnessError:
            return ""  # whoever fits the program is told why it has no density


def _can_be_known(item: FittedRun) -> bool:
    """Whether chains can be compared with what an optimiser reaches."""
    components = item.program.program.components
    is_symmetric = components is not None and components.exchangeable
    is_evidence = isinstance(item.run.method, Evidence)
    return item.program.executable.is_file() and not is_symmetric and not is_evidence


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
    is_searched = target.n_parameters <= MOST_PARAMETERS
    search = find_modes(target, rng, limit=limit) if is_searched else None
    return missed_problem(missed_by_chains(search, chains, target, rng))

"""Ranks of every fit as it comes, and how many fits there are none of."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from harness.calibration.joint import Joint
from harness.calibration.ranks import rank_quantities
from harness.calibration.simulation import Replicate
from harness.execution.run import FittedRun
from harness.fits.fit import Status
from harness.fits.quantities import Named
from harness.program.compilation import CompiledProgram
from harness.study.series import SeriesKey
from harness.study.study import derive_seed

#: What seeds are derived from beside a replicate's number and a method's name.
_RANK, _TRUTH = "rank", "truth"


class Ranking:
    """Ranks the true values of replicates among the draws of fits.

    The process that evaluates the density of a replicate serves all its fits that come one after
    another; use it in a ``with`` block, which ends the last.

    Parameters
    ----------
    replicates : iterable of Replicate
    program : CompiledProgram
        The model.
    titles : Mapping
        What tables call each method.
    seed : int
        Decides how ties are broken.
    """

    def __init__(
        self,
        replicates: Iterable[Replicate],
        program: CompiledProgram,
        titles: Mapping[SeriesKey, str],
        *,
        seed: int,
    ) -> None:
        self._replicates = {item.dataset.name: item for item in replicates}
        self._program = program
        self._titles = titles
        self._seed = seed
        self._joint: tuple[Replicate, Joint, Named] | None = None
        self._fits: dict[str, list[FittedRun]] = {title: [] for title in titles.values()}
        #: Fits that were made earlier.
        self.n_stored = 0
        #: Of each fit and quantity a row of ``ranks.csv``.
        self.rows: list[dict[str, Any]] = []

    def __enter__(self) -> "Ranking":
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._joint is not None:
            self._joint[1].close()
            self._joint = None

    def _opened(self, replicate: Replicate) -> tuple[Joint, Named]:
        """Return the density of a replicate, and the quantities of its true values."""
        if self._joint is None or self._joint[0] is not replicate:
            self._close()
            seed = derive_seed(self._seed, _TRUTH, str(replicate.number))
            joint = Joint(self._program, replicate, seed=seed)
            self._joint = (replicate, joint, joint.of_truth())
        return self._joint[1:]

    def add(self, item: FittedRun) -> None:
        """Rank the true values among the draws of a fit.

        Raises
        ------
        CalibrationError
            If the model does not allow a true value, or declares other sizes.
        """
        run = item.run
        title = self._titles[SeriesKey(run.program, run.method.name, run.variant)]
        self._fits[title].append(item)
        if item.fit.status is not Status.OK:
            return
        self.n_stored += item.from_store
        replicate = self._replicates[run.dataset]
        joint, truth = self._opened(replicate)
        number = str(replicate.number)
        rng = np.random.default_rng(
            derive_seed(self._seed, _RANK, number, run.method.name, run.variant)
        )
        ranks = rank_quantities(truth, joint.of_fit(item.fit), kind=item.fit.draw_kind, rng=rng)
        self.rows += [
            {"method": title, "replicate": replicate.number, **asdict(rank)} for rank in ranks
        ]

    def counts(self) -> list[dict[str, Any]]:
        """Return of each method how many fits failed, and how many had something to warn of."""
        return [
            {
                "method": title,
                "n_replicates": len(items),
                "n_failed": sum(item.fit.status is not Status.OK for item in items),
                "n_warned": sum(bool(item.fit.warnings) for item in items),
                "failure": _most_frequent(
                    item.fit.reason for item in items if item.fit.status is not Status.OK
                ),
            }
            for title, items in self._fits.items()
        ]


def _most_frequent(reasons: Iterable[str]) -> str:
    """Return the most frequent reason, with how often it is given; empty without any."""
    found = Counter(reasons).most_common(1)
    return f"{found[0][0]} ({found[0][1]} times)" if found else ""

"""What the bench runs, and how large."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.data.dataset import Dataset, FloatArray
from harness.data.generators import TRUE_MEANS, TRUE_SHARES
from harness.errors import HarnessError, StudyError
from harness.study.study import Run, Study, derive_seed
from tools.bench.jobs import Outcome

#: Cores that every run of the bench gets.
N_CORES = 2
#: Variants by which the bench's study says what a run is for.
REFERENCE, SCALING = "reference", "scaling"
MINIBATCH, ALL_ROWS = "mini-batch", "all rows"


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How large a bench is.

    Attributes
    ----------
    n_rows : int or None
        Rows of the data set, its first; None for all.
    n_warmup, n_draws : int or None
        Lengths of chains; None for the study's.
    compile_anew : bool
        Whether programs are compiled anew for cold times; if not, the time is that of the
        compilation that is found.
    repeats : int
        Seeds of each NUTS run, of this project and of its peers.
    n_steps : int
        Steps of PyMC's mini-batch ADVI; its ADVI on all rows, whose steps take longer, has a sixth.
    n_minibatch_seeds : int
        Seeds of each mini-batch method.
    scaling_n_rows : tuple of int
        Numbers of rows that methods are timed on.
    scaling_repeats : int
        Seeds of each, as long as they take no longer than `repeat_below_s` together.
    repeat_below_s : float
        See `scaling_repeats`.
    time_limit_s : float
        A method that takes longer is not run on more rows.
    job_limit_s : float
        No run takes longer; it is ended.
    data_n_numbers : int
        Numbers in the file of data whose reading and writing are measured.
    gradient_repeats : int
        Repetitions of the timing of gradients.
    gradient_time_s : float
        Gradients are counted up until they take so long.
    """

    n_rows: int | None = None
    n_warmup: int | None = None
    n_draws: int | None = None
    compile_anew: bool = True
    repeats: int = 3
    n_steps: int = 60_000
    n_minibatch_seeds: int = 5
    scaling_n_rows: tuple[int, ...] = (10**2, 10**3, 10**4, 10**5, 10**6, 10**7)
    scaling_repeats: int = 5
    repeat_below_s: float = 45.0
    time_limit_s: float = 60.0
    job_limit_s: float = 3600.0
    data_n_numbers: int = 4_000_000
    gradient_repeats: int = 5
    gradient_time_s: float = 1.0


#: Small enough for a test; its results mean nothing.
QUICK = Sizes(
    n_rows=500,
    n_warmup=200,
    n_draws=200,
    compile_anew=False,
    repeats=1,
    n_steps=500,
    n_minibatch_seeds=1,
    scaling_n_rows=(200, 400),
    scaling_repeats=1,
    data_n_numbers=20_000,
    gradient_repeats=1,
    gradient_time_s=0.05,
)


def sizes(
    *, quick: bool = False, repeats: int | None = None, time_limit_s: float | None = None
) -> Sizes:
    """Return the usual sizes, or small ones, with what is given changed.

    Raises
    ------
    HarnessError
        If a number is not positive.
    """
    given = {"repeats": repeats, "time_limit_s": time_limit_s}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    for name, value in changes.items():
        if not value > 0:
            raise HarnessError(f"the bench's {name} is {value}; give a positive number")
    return replace(QUICK if quick else Sizes(), **changes)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One call of the bench.

    Attributes
    ----------
    study : Study
        Programs, data set and settings.
    study_file : Path
        Where it stands.
    sizes : Sizes
        How large.
    peers_python : Path or None
        The interpreter of the environment that has the peers.
    note : callable
        Called with a line for each run that begins.
    compiled : dict
        Compilations that were timed already, by program.
    """

    study: Study
    study_file: Path
    sizes: Sizes = field(default_factory=Sizes)
    peers_python: Path | None = None
    note: Callable[[str], None] = lambda _: None
    compiled: dict[str, Outcome] = field(default_factory=dict)

    @property
    def dataset(self) -> Dataset:
        """The study's largest data set, or the first of its rows."""
        largest = max(self.study.datasets.values(), key=lambda item: item.n_rows)
        return Dataset(name=largest.name, rows=largest.rows[: self.sizes.n_rows])

    def runs(self, *, method: str | None = None, variant: str | None = None) -> list[Run]:
        """Return the first replicate of each of the study's runs that match."""
        return [
            run
            for run in self.study.runs
            if run.replicate == 1
            and method in (None, run.method.name)
            and variant in (None, run.variant)
        ]

    def nuts_runs(self) -> list[Run]:
        """Return what the peers are compared with, the baseline first.

        Raises
        ------
        StudyError
            If the study has none.
        """
        runs = [r for r in self.runs(method="nuts") if r.variant not in (REFERENCE, SCALING)]
        if not runs:
            raise StudyError(
                f"study '{self.study.name}' has no run of nuts to time; add a [[cross]]"
            )
        return runs


def seeds(run: Run, n: int) -> list[int]:
    """Return seeds of repetitions of a run, derived from its own."""
    return [derive_seed(run.seed, str(i)) for i in range(n)]


def mixture_rows(n_rows: int) -> FloatArray:
    """Draw rows of the notebook's mixture, the same for the same number.

    Parameters
    ----------
    n_rows : int

    Returns
    -------
    ndarray, shape (n_rows, 2)
    """
    rng = np.random.default_rng(n_rows)
    component = (rng.random(n_rows) > TRUE_SHARES[0]).astype(np.intp)
    rows: FloatArray = rng.standard_normal((n_rows, 2))
    rows += TRUE_MEANS[component]
    return rows

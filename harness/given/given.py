"""Draws that were given, with what is known of where they come from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar

import lazy_loader as lazy
from pydantic.dataclasses import dataclass as options_dataclass

from harness.data.dataset import Dataset, FloatArray
from harness.errors import DrawsError, MethodError
from harness.fits.fit import Diagnostics, DrawKind, Fit
from harness.given.twins import columns_of, shared_part
from harness.methods import DEFAULT_VARIANT, Method, Problem, RowsUsed
from harness.methods.base import OPTIONS_CONFIG
from harness.program.program import Program

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")

#: What decides randomness where nothing says which seed a run had.
DEFAULT_SEED = 1
#: Fewer draws than these have no sd worth the name.
LEAST_DRAWS = 4


@options_dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class GivenDraws:
    """Stands for the method of draws whose method is not the harness's; it cannot fit."""

    name: ClassVar[str] = "draws"
    title: ClassVar[str] = "draws"
    family: ClassVar[str] = "draws"
    draw_kind: ClassVar[DrawKind] = DrawKind.INDEPENDENT
    rows_used: ClassVar[RowsUsed] = RowsUsed.ALL

    def check(self, dataset: Dataset, program: Program) -> None:
        """Take anything."""

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        """Refuse: there is nothing to run."""
        del problem, seed
        raise MethodError(f"'{self.name}' are draws that were given, which cannot be made again")


def given_method(name: str, draw_kind: DrawKind) -> Method:
    """Return what stands for the method of draws.

    Parameters
    ----------
    name : str
        What tables call them.
    draw_kind : DrawKind

    Returns
    -------
    Method
    """
    own = {"name": name, "title": name, "family": name, "draw_kind": draw_kind}
    made: Method = type(GivenDraws.__name__, (GivenDraws,), own)()
    return made


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
    """The draws of one fit.

    Attributes
    ----------
    title : str
        What messages call them.
    method : Method
        What made them, or what stands for it.
    variant : str
        The name of its options in tables.
    draw_kind : DrawKind
    variables : Mapping
        Draws by variable, each of shape (chain, draw, ...).
    groups : Mapping
        Further groups of a fit's draws, ``sample_stats`` among them.
    own_log_p : ndarray, shape (chain, draw), or None
        Log density of the posterior as CmdStan wrote it beside the draws, up to a constant.
    n_digits : int
        Significant digits of these and of the draws.
    diagnostics : Diagnostics
        What its run said of itself.
    fit_time_s : float or None
        As far as it is known.
    program, stan_version : str
        As far as they are known.
    parameters : tuple of str
        The variables of the program's ``parameters`` block, if they are known.
    seed : int
        Of its run, if that is known.
    notes : tuple of str
        What a reader has to know of these draws.
    """

    title: str
    method: Method
    variant: str = DEFAULT_VARIANT
    draw_kind: DrawKind
    variables: Mapping[str, FloatArray]
    groups: "Mapping[str, xr.Dataset]" = field(default_factory=dict)
    own_log_p: FloatArray | None = None
    n_digits: int = 6
    diagnostics: Diagnostics = field(default_factory=Diagnostics)
    fit_time_s: float | None = None
    program: str = ""
    stan_version: str = ""
    parameters: tuple[str, ...] = ()
    seed: int = DEFAULT_SEED
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is no set of draws.

        Raises
        ------
        DrawsError
        """
        if not self.variables:
            raise DrawsError(f"{self.title} has no draws of any variable")
        n_chains, n_draws = next(iter(self.variables.values())).shape[:2]
        if n_draws < LEAST_DRAWS:
            raise DrawsError(
                f"{self.title} has {n_draws} draws in a chain; give at least {LEAST_DRAWS}"
            )
        if n_chains > 1:
            self._refuse_twins(n_chains)

    def _refuse_twins(self, n_chains: int) -> None:
        """Refuse chains that have draws in common, which would agree with each other."""
        rows = columns_of(self.variables.values())
        for first, second in combinations(range(n_chains if rows.size else 0), 2):
            part = shared_part(rows[first], rows[second])
            if part:
                raise DrawsError(
                    f"chains {first + 1} and {second + 1} of {self.title} have "
                    f"{100 * part:.0f}% of their draws in common; give each chain once"
                )

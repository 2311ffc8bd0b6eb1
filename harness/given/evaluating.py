"""Draws that were given, put on the unconstrained scale, and what a program says of each there."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import lazy_loader as lazy
import numpy as np

from harness.data.dataset import FloatArray
from harness.errors import DrawsError
from harness.fits.fit import DrawKind
from harness.fits.posterior import variable_of
from harness.fits.quantities import scalars
from harness.given.given import Given
from harness.messages.faults import capped
from harness.messages.numerals import numeral
from harness.methods.evaluation import MAX_POINTS
from harness.methods.scales import element_table
from harness.program.log_density import Density

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")

#: Log densities that differ by a constant agree, up to this and the rounding of files.
_SAME_NATS = 1e-3


def check_parameters(fit: Given, parameters: Collection[str], *, program: str) -> None:
    """Refuse draws of which no variable is a parameter of a program.

    Parameters
    ----------
    fit : Given
    parameters : collection of str
        The program's.
    program : str
        What messages call it.

    Raises
    ------
    DrawsError
        If none is.
    """
    known = {variable_of(name.partition("[")[0]) for name in fit.variables}
    if known.isdisjoint(parameters):
        raise DrawsError(
            f"{fit.title} is of another program than '{program}': it has draws of "
            f"{', '.join(sorted(known))}, the program has the parameters {', '.join(parameters)}"
        )


def evaluated(fit: Given, density: Density, *, program: str) -> Given:
    """Evaluate a posterior at draws.

    Parameters
    ----------
    fit : Given
        With the draws of all parameters of the program, or it stays as it is but for a note.
    density : Density
        Of the program with all its data.
    program : str
        What messages call it.

    Returns
    -------
    Given
        With ``log_p`` in place of what its file told, if the approximation's density is known, and
        the group ``points``: some draws on the unconstrained scale with the gradients there.

    Raises
    ------
    DrawsError
        If chains were drawn from another density.
    """
    table = element_table(scalars(fit.variables), density.variable_names())
    if isinstance(table, str):
        note = f"no log density is known: there are no draws of {table}, which '{program}' has"
        return replace(fit, notes=(*fit.notes, note))
    positions = density.unconstrain(table)
    causes = density.failures
    finite = np.isfinite(positions).all(axis=1)
    at = np.flatnonzero(finite)
    at = at[:: max(1, -(-at.size // MAX_POINTS))]
    value, gradient = density.gradient(positions[at])
    usable = np.isfinite(value) & np.isfinite(gradient).all(axis=1)
    found = _Points(
        at=at[usable],
        positions=positions[at[usable]],
        log_p=value[usable],
        gradient=gradient[usable],
    )
    told = _other_density(fit, found, program)
    if told and fit.draw_kind is DrawKind.CHAINS:
        raise DrawsError(f"{fit.title} {told}; give the data that the draws were made from")
    groups = {**fit.groups, **found.group()}
    log_p = np.where(finite, 0.0, np.nan)  # of most chains' draws no more need be known
    log_p[at] = value
    stats = fit.groups.get("sample_stats")
    if stats is not None and "log_q" in stats.data_vars:
        log_p = density.log_density(positions)
        by_chain = np.where(np.isfinite(log_p), log_p, np.nan).reshape(stats["log_q"].shape)
        groups["sample_stats"] = stats.assign(log_p=(("chain", "draw"), by_chain))
    lost = _lost(log_p, (*causes, *density.failures))
    return replace(fit, notes=(*fit.notes, *filter(None, [lost, told])), groups=groups)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Points:
    """Some draws on the unconstrained scale, all with a finite log density and gradient."""

    at: np.typing.NDArray[np.intp]
    positions: FloatArray
    log_p: FloatArray
    gradient: FloatArray

    def group(self) -> "dict[str, xr.Dataset]":
        """Return what a fit's draws have of them."""
        if not self.at.size:
            return {}
        dims = ("point", "unconstrained")
        named = {"position": (dims, self.positions), "gradient": (dims, self.gradient)}
        return {"points": xr.Dataset(named)}


def _lost(log_p: FloatArray, causes: tuple[str, ...]) -> str:
    """Say how many of the draws that were looked at have no log density."""
    n_lost = int((~np.isfinite(log_p)).sum())
    if not n_lost:
        return ""
    why = capped("; ".join(dict.fromkeys(causes))) or "it is not finite there"
    return f"{n_lost:,} draws have no log density: {why}"


def _other_density(fit: Given, found: _Points, program: str) -> str:
    """Say that the log densities in a file are not those of the program with these data."""
    if fit.own_log_p is None or not found.at.size:
        return ""
    own = fit.own_log_p.ravel()[found.at]
    known = np.isfinite(own)
    if not known.any():
        return ""
    differences = (own - found.log_p)[known]
    spread = float(np.median(np.abs(differences - np.median(differences))))
    # what a relative error of 1 in all that was rounded would do
    reach = np.abs(found.log_p) + np.sum(np.abs(found.gradient * found.positions), axis=1)
    if spread <= _SAME_NATS + 10.0 ** (1 - fit.n_digits) * float(np.median(reach)):
        return ""
    return (
        f"has log densities that are not those of '{program}' with these data: they differ by "
        f"{numeral(spread, 2)} nats around a constant"
    )

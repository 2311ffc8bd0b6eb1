"""CmdStan's files of draws as fits: chains together, every approximation by itself."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import lazy_loader as lazy
import numpy as np

from harness.data.dataset import FloatArray
from harness.errors import DrawsError
from harness.fits.fit import Diagnostics, DrawKind
from harness.fits.sampler import sampler_diagnostics, sampler_stats
from harness.given.csv_file import CsvFile
from harness.given.given import DEFAULT_SEED, Given, given_method
from harness.messages.numerals import counted
from harness.methods import Method, variant_of
from harness.methods.advi import Advi
from harness.methods.advi_output import end_of_run, parse_adapted_eta, parse_elbo_file
from harness.methods.nuts import Nuts

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")

#: Log densities of draws, of the posterior and of the approximation, by CmdStan's methods.
_DENSITIES = {
    "variational": ("log_p__", "log_g__"),
    "pathfinder": ("lp__", "lp_approx__"),
    "laplace": ("log_p__", "log_q__"),
}
_OFF = frozenset({"0", "false"})


def csv_fits(files: Sequence[CsvFile]) -> Iterator[Given]:
    """Give the fits that some files hold.

    Parameters
    ----------
    files : sequence of CsvFile
        In the order given.  Those of the sampler are chains, and those with the same settings
        chains of one fit; any other is a fit of its own.

    Yields
    ------
    Given

    Raises
    ------
    DrawsError
        If chains are not of one program, or differ in their lengths.
    """
    chains: dict[Method | None, list[CsvFile]] = {}
    for file in files:
        if file.config.method == "sample":
            chains.setdefault(file.config.harness_method(), []).append(file)
    for group in chains.values():
        yield _chains_fit(group)
    for file in files:
        if file.config.method != "sample":
            yield _approximation(file)


def _seed(file: CsvFile) -> int:
    return file.config.count("random.seed", DEFAULT_SEED)


def _chains_fit(files: Sequence[CsvFile]) -> Given:
    """Put chains together."""
    first = files[0]
    for other in files[1:]:
        _check_same(first, other)
    table = np.stack([file.table for file in files])
    stats = sampler_stats(first.names, table)
    method = first.config.harness_method(n_chains=len(files))
    depth = method.max_tree_depth if isinstance(method, Nuts) else None
    parts = [file.parts for file in files]
    title = first.title if len(files) == 1 else f"{first.title} (with {len(files) - 1} more)"
    return Given(
        title=title,
        method=method or given_method("chains", DrawKind.CHAINS),
        variant=_variant(method),
        draw_kind=DrawKind.CHAINS,
        variables={name: np.stack([part[name] for part in parts]) for name in parts[0]},
        groups={"sample_stats": stats},
        n_digits=first.config.n_digits,
        own_log_p=table[:, :, first.names.index("lp__")] if "lp__" in first.names else None,
        diagnostics=sampler_diagnostics(stats, max_tree_depth=depth),
        program=first.config.program,
        stan_version=first.config.stan_version,
        seed=_seed(first),
        notes=tuple(
            note if len(files) == 1 else f"{file.title}: {note}"
            for file in files
            for note in file.notes
        ),
    )


def _variant(method: Method | None) -> str:
    """Name the options of a method, but not the number of files."""
    if method is None:
        return "default"
    return variant_of(replace(method, n_chains=4) if isinstance(method, Nuts) else method)


def _check_same(first: CsvFile, other: CsvFile) -> None:
    """Refuse two files that cannot be chains of one fit."""
    ours, theirs = first.config.program, other.config.program
    if ours != theirs:
        raise DrawsError(
            f"{other.title} is of program '{theirs}', but {first.title} of program '{ours}'; "
            "chains that are judged together must be of one program"
        )
    lone = sorted(set(first.names) ^ set(other.names))
    if lone:
        has, lacks = (first, other) if lone[0] in first.names else (other, first)
        raise DrawsError(
            f"{has.title} has '{lone[0]}', which {lacks.title} lacks; chains that are judged "
            "together must be of one program"
        )
    if first.names != other.names:
        raise DrawsError(f"{first.title} and {other.title} have their columns in different orders")
    if len(first.table) != len(other.table):
        raise DrawsError(
            f"{first.title} has {counted(len(first.table), 'draw')} but {other.title} "
            f"{len(other.table):,}; give chains of equal lengths"
        )


def _approximation(file: CsvFile) -> Given:
    """Take the draws of an approximation."""
    log_p, log_q = (file.own(name) for name in _DENSITIES[file.config.method])
    reason = _no_weights(file)
    groups: dict[str, xr.Dataset] = {}
    if log_p is not None and log_q is not None and not reason:
        groups["sample_stats"] = xr.Dataset({"log_p": _by_draw(log_p), "log_q": _by_draw(log_q)})
    method = file.config.harness_method()
    diagnostics, told = Diagnostics(), ""
    if isinstance(method, Advi):
        diagnostics, told = _ascent(file, method)
    return Given(
        title=file.title,
        method=method or given_method(file.config.method, DrawKind.INDEPENDENT),
        variant=_variant(method),
        draw_kind=DrawKind.INDEPENDENT,
        variables={name: values[None] for name, values in file.parts.items()},
        groups=groups,
        n_digits=file.config.n_digits,
        own_log_p=_full_density(file, log_p),
        diagnostics=diagnostics,
        program=file.config.program,
        stan_version=file.config.stan_version,
        seed=_seed(file),
        notes=(*file.notes, *(text for text in (reason, told) if text)),
    )


def _full_density(file: CsvFile, log_p: FloatArray | None) -> FloatArray | None:
    """Return the log density of the posterior on the unconstrained scale, if it is that."""
    has_jacobian = file.config.text("method.laplace.jacobian") not in _OFF
    return None if log_p is None or not has_jacobian else log_p[None]


def _by_draw(values: FloatArray) -> "xr.DataArray":
    """Give draws the dimensions (chain, draw)."""
    return xr.DataArray(values[None], dims=("chain", "draw"))


def _no_weights(file: CsvFile) -> str:
    """Say why the densities beside the draws are not those of importance weights."""
    config = file.config
    of = "method.pathfinder"
    is_pooled = config.count(f"{of}.num_paths", 4) > 1 and config.flag(f"{of}.psis_resample")
    if config.method == "pathfinder" and is_pooled and config.flag(f"{of}.calculate_lp"):
        return (
            "k-hat is not known: the draws are resampled, and the file does not have those that "
            "they were taken from"
        )
    if config.method == "laplace" and config.text("method.laplace.jacobian") in _OFF:
        return (
            "k-hat is not known: the approximation is of the density without the Jacobian "
            "(jacobian=0)"
        )
    log_p = file.own(_DENSITIES[config.method][0])
    if log_p is None or not np.isfinite(log_p).any():
        return "k-hat is not known: the file has no log density of the draws (calculate_lp=0)"
    return ""


def _ascent(file: CsvFile, method: Advi) -> tuple[Diagnostics, str]:
    """Say how gradient ascent ended, if the ELBO is still where the run wrote it."""
    eta = method.eta or parse_adapted_eta(file.comments)
    named = file.config.text("output.diagnostic_file")
    elbo_file = Path(named) if named else None
    if elbo_file is None or not elbo_file.is_file():
        return Diagnostics(eta=eta), (
            "whether the ELBO converged is not known: CmdStan's diagnostic_file of this run is "
            "not there"
        )
    trace = parse_elbo_file(elbo_file.read_text(encoding="utf-8", errors="replace"))
    end = end_of_run(
        trace,
        max_iterations=method.max_iterations,
        eval_elbo=method.eval_elbo,
        tol_rel_obj=method.tol_rel_obj,
    )
    return (
        Diagnostics(
            elbo=float(trace.elbo[-1]) if trace.elbo.size else None,
            converged=end.converged,
            may_be_diverging=end.may_be_diverging,
            eta=eta,
        ),
        "",
    )

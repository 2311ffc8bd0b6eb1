"""Reference draws: what the errors of a fit are measured against, and whether they may be."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from harness.data.dataset import FloatArray
from harness.fits.fit import DrawKind, Fit
from harness.fits.quantities import Quantities, is_constant
from harness.messages.numerals import beside_limit, counted
from harness.metrics.batch import batches_of
from harness.verdict import mixing
from harness.verdict.rules import E_BFMI_LIMIT, ESS_LIMIT


@dataclass(frozen=True, kw_only=True, eq=False)
class ReferenceDraws:
    """Draws of a posterior that fits are measured against.

    Attributes
    ----------
    title : str
        What messages call them.
    quantities : Quantities
        The draws, as chains.
    problems : tuple of str
        The checks that they fail, a clause each; with any, they are no reference.
    caveat : str
        What every sentence about an error has to add, empty of a reference like any other.
    """

    title: str
    quantities: Quantities
    problems: tuple[str, ...]
    caveat: str = ""


def reference_from_fit(fit: Fit, named: Quantities, *, title: str) -> ReferenceDraws:
    """Take a fit of the study as reference.

    Parameters
    ----------
    fit : Fit
        A fit that is ok, of Markov chains if it is to be any.
    named : Quantities
        Its quantities.
    title : str
        What messages call it.

    Returns
    -------
    ReferenceDraws
    """
    problems = list(sampler_problems(fit))
    if fit.draw_kind is not DrawKind.CHAINS:
        problems.append("its draws are not Markov chains, so they cannot be checked")
    else:
        problems += chain_problems(named.judged)
    return ReferenceDraws(title=title, quantities=named, problems=tuple(problems))


def sampler_problems(fit: Fit) -> Iterable[str]:
    """Say what the sampler itself reports against taking a fit as reference.

    Parameters
    ----------
    fit : Fit

    Yields
    ------
    str
        A clause each.
    """
    diagnostics = fit.diagnostics
    if diagnostics.n_divergent:
        tried = f" (tried: {'; '.join(diagnostics.attempts)})" if diagnostics.attempts else ""
        advice = "" if diagnostics.attempts else "raise adapt_delta, or "
        yield (
            f"{counted(diagnostics.n_divergent, 'transition')} diverged{tried}; {advice}"
            "reparametrise the program: a non-centred one often helps where it is hierarchical"
        )
    if diagnostics.e_bfmi_min is not None and diagnostics.e_bfmi_min <= E_BFMI_LIMIT:
        yield f"its smallest E-BFMI is {_beside(diagnostics.e_bfmi_min, 'above', E_BFMI_LIMIT)}"


@np.errstate(all="ignore")
def chain_problems(draws: Mapping[str, FloatArray]) -> list[str]:
    """Check chains as a reference must be checked.

    Parameters
    ----------
    draws : Mapping
        Scalars, each (chain, draw); constants are skipped.

    Returns
    -------
    list of str
        A clause for each check that fails, with the worst parameter; empty if none does.
    """
    varying = {name: values for name, values in draws.items() if not is_constant(values)}
    if not varying:
        return ["none of its quantities varies"]
    batches = batches_of(np.stack(list(varying.values()), axis=-1))
    r_hat, ess_bulk, ess_tail, errors = (
        dict(zip(varying, np.concatenate(batches).tolist(), strict=True))
        for batches in (
            [batch.r_hat for batch in batches],
            [batch.ess_bulk for batch in batches],
            [batch.ess_tail for batch in batches],
            [batch.sd_mcse / batch.sd for batch in batches],
        )
    )
    n_chains, n_draws = next(iter(varying.values())).shape
    limit = mixing.r_hat_limit(
        0.5 / np.square(list(errors.values())),  # of a Gaussian, by the error of its sd
        n_quantities=len(varying),
        n_chains=n_chains,
        n_draws=n_chains * n_draws,
    )
    return diagnosed_problems(r_hat, ess_bulk, ess_tail, r_hat_limit=limit)


def diagnosed_problems(
    r_hat: Mapping[str, float],
    ess_bulk: Mapping[str, float],
    ess_tail: Mapping[str, float],
    *,
    r_hat_limit: float,
) -> list[str]:
    """Check what the diagnostics of a reference's chains say; see :func:`chain_problems`.

    Parameters
    ----------
    r_hat, ess_bulk, ess_tail : Mapping
        Of each quantity that varies.
    r_hat_limit : float
        What the largest R-hat may be.

    Returns
    -------
    list of str
    """
    if not r_hat:
        return ["none of its quantities varies"]
    problems = []
    worst = max(r_hat, key=lambda name: (np.isnan(r_hat[name]), r_hat[name]))
    if all(map(np.isnan, r_hat.values())):  # as of a single chain
        problems.append("it has no R-hat: give two chains or more")
    elif not r_hat[worst] < r_hat_limit:
        problems.append(f"R-hat of {worst} is {_beside(r_hat[worst], 'below', r_hat_limit)}")
    for what, ess in (("bulk", ess_bulk), ("tail", ess_tail)):
        least = min(ess, key=lambda name: (not np.isnan(ess[name]), ess[name]))
        if not ess[least] > ESS_LIMIT:
            problems.append(f"{what} ESS of {least} is {_beside(ess[least], 'above', ESS_LIMIT)}")
    return problems


def _beside(value: float, side: str, limit: float) -> str:
    """Say that a number is not on the right side of its limit."""
    if np.isnan(value):
        return "not known"
    number, bound = beside_limit(value, limit)
    return f"{number}, not {side} {bound}"


def quantities_digest(named: Quantities) -> str:
    """Return a SHA-256 of quantities' names and draws.

    Parameters
    ----------
    named : Quantities

    Returns
    -------
    str
    """
    hasher = hashlib.sha256()
    for labels, draws in named.by_labels.items():
        for name, values in draws.items():
            hasher.update(f"{labels} {name} {values.shape}\n".encode())
            hasher.update(np.ascontiguousarray(values).data)
    return hasher.hexdigest()


def mismatch(reference: ReferenceDraws, named: Quantities, *, program: str) -> str:
    """Say why a reference is that of another posterior than a fit.

    Parameters
    ----------
    reference : ReferenceDraws
    named : Quantities
        Those of the fit; the reference may lack some of them.
    program : str
        The fit's program, for the message.

    Returns
    -------
    str
        A clause with the first quantity that only the reference has, or with why there is
        nothing to compare; empty if they match.
    """
    known = {*named.judged, *named.undefined}
    lone = [name for name in reference.quantities.judged if name not in known]
    if lone:
        return f"it has '{lone[0]}', which program '{program}' does not have"
    if reference.quantities.judged_labels != named.judged_labels:
        return "its components have other names"
    return ""

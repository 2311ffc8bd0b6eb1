"""Reference draws: what the errors of a fit are measured against, and whether they may be."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.datasets import FloatArray
from harness.errors import JsonFileError, ReferenceFileError
from harness.fit import DrawKind, Fit
from harness.metrics import chains
from harness.program import Program
from harness.quantities import Quantities, is_constant, quantities
from harness.stan_json import load_json
from harness.study import Study
from harness.verdict.rules import E_BFMI_LIMIT, ESS_LIMIT, R_HAT_LIMIT

_MIN_DRAWS = 4
_ELEMENT = re.compile(r"^([A-Za-z]\w*)(?:\[(\d+(?:,\d+)*)\])?$")


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
    """

    title: str
    quantities: Quantities
    problems: tuple[str, ...]


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
    problems = list(_sampler_problems(fit))
    if fit.draw_kind is not DrawKind.CHAINS:
        problems.append("its draws are not Markov chains, so that nothing checks them")
    else:
        problems += chain_problems(named.judged)
    return ReferenceDraws(title=title, quantities=named, problems=tuple(problems))


def _sampler_problems(fit: Fit) -> Iterable[str]:
    """Say what the sampler itself reports."""
    diagnostics = fit.diagnostics
    if diagnostics.n_divergent:
        yield f"{diagnostics.n_divergent} transitions diverged"
    if diagnostics.e_bfmi_min is not None and diagnostics.e_bfmi_min <= E_BFMI_LIMIT:
        yield f"its smallest E-BFMI is {diagnostics.e_bfmi_min:.2f}, not above {E_BFMI_LIMIT}"


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
    problems = []
    r_hat = {name: chains.r_hat(values) for name, values in varying.items()}
    worst = max(r_hat, key=lambda name: (np.isnan(r_hat[name]), r_hat[name]))
    if not r_hat[worst] < R_HAT_LIMIT:
        problems.append(f"R-hat of {worst} is {r_hat[worst]:.3f}, not below {R_HAT_LIMIT}")
    for what, estimate in (("bulk", chains.ess_bulk), ("tail", chains.ess_tail)):
        ess = {name: estimate(values) for name, values in varying.items()}
        least = min(ess, key=lambda name: (not np.isnan(ess[name]), ess[name]))
        if not ess[least] > ESS_LIMIT:
            problems.append(f"{what} ESS of {least} is {ess[least]:.0f}, not above {ESS_LIMIT:.0f}")
    return problems


def read_reference(file: Path, program: Program) -> ReferenceDraws:
    """Read reference draws from a file.

    Parameters
    ----------
    file : Path
        JSON in the form of posteriordb: a list of chains, each an object of names (``mu[1,2]``)
        to lists of draws; or a ``.zip`` of one such file.
    program : Program
        Whose summarised variables the file must hold; it may hold others.

    Returns
    -------
    ReferenceDraws

    Raises
    ------
    ReferenceFileError
        If the file is missing, broken, of another form, lacks a variable or an element of one,
        has chains of unequal lengths or values that are not finite.
    """
    try:
        elements = _chain_arrays(load_json(file))
        arrays = {name: _variable(elements, name) for name in program.parameters}
    except (JsonFileError, ReferenceFileError) as error:
        raise ReferenceFileError(f"reference file '{file}' {error}") from error
    named = quantities(arrays, program)
    problems = tuple(chain_problems(named.judged))
    return ReferenceDraws(title=f"file {file.name}", quantities=named, problems=problems)


def read_references(study: Study) -> dict[str, ReferenceDraws]:
    """Read the references of a study that come from files.

    Parameters
    ----------
    study : Study

    Returns
    -------
    dict
        By data set.

    Raises
    ------
    ReferenceFileError
        See :func:`read_reference`.
    """
    references: dict[str, ReferenceDraws] = {}
    for dataset, source in study.references.items():
        names = [run.program for run in study.runs if run.dataset == dataset]
        if source.file is not None and names:
            references[dataset] = read_reference(source.file, study.programs[names[0]])
    return references


def _chain_arrays(content: Any) -> dict[str, FloatArray]:
    """Return the draws of each element, shape (chain, draw)."""
    form = "give a list of chains, each an object of parameter names to lists of draws"
    if not isinstance(content, list) or not all(isinstance(chain, dict) for chain in content):
        raise ReferenceFileError(f"has another form; {form}")
    if not content or not content[0]:
        raise ReferenceFileError(f"is empty; {form}")
    for number, chain in enumerate(content, start=1):
        other = set(chain) ^ set(content[0])
        if other:
            raise ReferenceFileError(f"has '{min(other)}' in chain 1 or {number} but not in both")
    return {name: _element(name, [chain[name] for chain in content]) for name in content[0]}


def _element(name: str, values: list[Any]) -> FloatArray:
    """Check the draws of one element."""
    try:
        array = np.array(values, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise ReferenceFileError(
            f"has draws of '{name}' that are not numbers, or chains of unequal lengths"
        ) from error
    if array.ndim != 2 or array.shape[1] < _MIN_DRAWS:
        raise ReferenceFileError(
            f"has draws of '{name}' of shape {array.shape}; give each chain a list of "
            f"{_MIN_DRAWS} or more numbers"
        )
    if not np.isfinite(array).all():
        n_bad = int((~np.isfinite(array)).sum())
        raise ReferenceFileError(f"has {n_bad} draws of '{name}' that are NaN or infinite")
    return array


def _variable(elements: Mapping[str, FloatArray], variable: str) -> FloatArray:
    """Put the elements of a variable together, shape (chain, draw, ...)."""
    indices: dict[tuple[int, ...], FloatArray] = {}
    for name, values in elements.items():
        found = _ELEMENT.match(name.replace(" ", ""))
        if found is not None and found.group(1) == variable:
            index = found.group(2)
            indices[tuple(int(i) for i in index.split(",")) if index else ()] = values
    if not indices:
        known = sorted({name.partition("[")[0] for name in elements})
        raise ReferenceFileError(f"has no draws of '{variable}'; it has {', '.join(known)}")
    n_axes = {len(index) for index in indices}
    if len(n_axes) > 1:
        raise ReferenceFileError(f"has elements of '{variable}' with different numbers of indices")
    shape = tuple(max(axis) for axis in zip(*indices, strict=True))
    missing = [index for index in np.ndindex(*shape) if tuple(i + 1 for i in index) not in indices]
    if missing or len(indices) != int(np.prod(shape)):
        where = ",".join(str(i + 1) for i in missing[0]) if missing else "0"
        raise ReferenceFileError(f"lacks draws of '{variable}[{where}]' or has elements too many")
    in_order = [indices[tuple(i + 1 for i in index)] for index in np.ndindex(*shape)]
    stacked = np.stack(in_order, axis=-1)
    return stacked.reshape(*stacked.shape[:2], *shape)


def check_quantities(reference: ReferenceDraws, named: Quantities, *, program: str) -> None:
    """Refuse a reference that has other quantities than a fit.

    Parameters
    ----------
    reference : ReferenceDraws
    named : Quantities
        Those of the fit.
    program : str
        The fit's program, for the message.

    Raises
    ------
    ReferenceFileError
        With the first quantity that only one of the two has.
    """
    ours, theirs = set(named.judged), set(reference.quantities.judged)
    if ours != theirs:
        lone = min(ours ^ theirs)
        who = "only the program" if lone in ours else "only the reference"
        raise ReferenceFileError(
            f"the reference ({reference.title}) does not match program '{program}': "
            f"{who} has '{lone}'"
        )

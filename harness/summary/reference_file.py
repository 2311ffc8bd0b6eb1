"""Reference draws in files, whole or in part."""

import dataclasses
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.data.dataset import FloatArray
from harness.data.stan_json import load_json
from harness.errors import JsonFileError, ReferenceFileError
from harness.fits.quantities import RAW, RELABELLED, Named, Quantities, quantities
from harness.program.program import Program
from harness.study.study import Study
from harness.summary.reference import ReferenceDraws, chain_problems

_MIN_DRAWS = 4
# theta, theta[1,2] and, as in CmdStan's files, theta.1.2
_ELEMENT = re.compile(r"([A-Za-z]\w*?)(?:\[(\d+(?:,\d+)*)\]|((?:\.\d+)+))?")

#: The draws of a variable's elements, each (chain, draw), by their indices from 1.
_Elements = dict[tuple[int, ...], FloatArray]


def read_reference(file: Path, program: Program) -> ReferenceDraws:
    """Read reference draws from a file.

    Parameters
    ----------
    file : Path
        JSON in the form of posteriordb: a list of chains, each an object of names (``mu[1,2]``
        or ``mu.1.2``) to lists of draws; or a ``.zip`` or ``.gz`` of one such file.
    program : Program
        Whose summarised variables the file may hold, whole or in part, among others.

    Returns
    -------
    ReferenceDraws
        Of what is there.

    Raises
    ------
    ReferenceFileError
        If the file is missing, broken, of another form, has chains of unequal lengths or values
        that are not finite, or has nothing of what is summarised.
    """
    try:
        variables = elements_of(load_json(file), program.parameters)
        named = _quantities(variables, program)
    except (JsonFileError, ReferenceFileError) as error:
        raise ReferenceFileError(f"reference file '{file}' {error}{_other_form(file)}") from error
    problems = tuple(chain_problems(named.judged))
    return ReferenceDraws(title=f"file {file.name}", quantities=named, problems=problems)


def _other_form(file: Path) -> str:
    """Say what to do with draws in a form that is another command's."""
    if file.suffix.lower() not in {".nc", ".csv", ".nc4", ".zarr"}:
        return ""
    return "; give posteriordb's JSON, or compare fits with this file by `harness judge`"


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


def elements_of(content: Any, wanted: Collection[str] | None) -> dict[str, _Elements]:
    """Return the elements of variables that a file has, checked.

    Parameters
    ----------
    content : object
        A list of chains as JSON gives it.
    wanted : collection of str or None
        The variables to look for, whole or in part; None takes all that have Stan's names.

    Returns
    -------
    dict
        By variable, the draws of its elements by their indices from 1, each (chain, draw).

    Raises
    ------
    ReferenceFileError
        As :func:`read_reference`; the message goes on from the file's name.
    """
    form = "give a list of chains, each an object of parameter names to lists of draws"
    if not isinstance(content, list) or not all(isinstance(chain, dict) for chain in content):
        raise ReferenceFileError(f"has another format; {form}")
    if not content or not content[0]:
        raise ReferenceFileError(f"is empty; {form}")
    for number, chain in enumerate(content, start=1):
        other = set(chain) ^ set(content[0])
        if other:
            raise ReferenceFileError(f"has '{min(other)}' in chain 1 or {number} but not in both")
    found: dict[str, _Elements] = {name: {} for name in wanted or ()}
    for name in content[0]:
        match = _ELEMENT.fullmatch(name.replace(" ", ""))
        if match is None or (wanted is not None and match[1] not in found):
            continue
        elements = found.setdefault(match[1], {})
        index = _index(match[2] or match[3] or "")
        if index in elements:
            raise ReferenceFileError(f"has '{name}' twice, under two names")
        if 0 in index:
            raise ReferenceFileError(f"has '{name}'; indices start at 1")
        elements[index] = _draws(name, [chain[name] for chain in content])
    _check(found, known=content[0])
    return {name: dict(sorted(elements.items())) for name, elements in found.items() if elements}


def _index(text: str) -> tuple[int, ...]:
    """Return an element's indices."""
    return tuple(int(number) for number in re.findall(r"\d+", text))


def _check(found: Mapping[str, _Elements], *, known: Iterable[str]) -> None:
    """Refuse a file with nothing in it, and variables of which nobody knows the shape."""
    if not any(found.values()):
        told = sorted({re.split(r"[\[.]", name)[0] for name in known})
        raise ReferenceFileError(f"has no draws of {_quoted(found)}; it has {', '.join(told)}")
    for name, elements in found.items():
        if len({len(index) for index in elements}) > 1:
            raise ReferenceFileError(f"has elements of '{name}' with different numbers of indices")


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _draws(name: str, values: list[Any]) -> FloatArray:
    """Check the draws of one element, shape (chain, draw)."""
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


def _quantities(variables: Mapping[str, _Elements], program: Program) -> Quantities:
    """Name the quantities that are there.

    The components of a mixture can be ordered only if their means and shares are whole.
    """
    components = program.components
    if components is None:
        return _plain(_named(variables), program)
    own = (components.means, components.shares)
    whole = {name: array for name in own if (array := _whole(variables.get(name, {}))) is not None}
    others = _named({name: of for name, of in variables.items() if name not in own})
    if len(whole) == len(own):
        ordered = quantities(whole, program)
        return dataclasses.replace(
            ordered,
            by_labels={
                labels: {**named, **(others if labels in (RAW, RELABELLED) else {})}
                for labels, named in ordered.by_labels.items()
            },
        )
    if not others:
        raise ReferenceFileError(
            f"lacks draws of some elements of {_quoted(own)}, which are needed to order the "
            "components, and has no other quantity of the tables"
        )
    plain = _plain(others, program)
    return dataclasses.replace(plain, by_labels={RAW: others, RELABELLED: others})


def _plain(named: Named, program: Program) -> Quantities:
    """Return quantities without components."""
    return dataclasses.replace(
        quantities({}, dataclasses.replace(program, components=None)), by_labels={RAW: named}
    )


def _named(variables: Mapping[str, _Elements]) -> dict[str, FloatArray]:
    """Return the elements of some variables by name."""
    return {
        f"{variable}[{','.join(map(str, index))}]" if index else variable: values
        for variable, elements in variables.items()
        for index, values in elements.items()
    }


def _whole(elements: _Elements) -> FloatArray | None:
    """Put the elements of a variable together, shape (chain, draw, ...); None if some lack."""
    if not elements:
        return None
    shape = tuple(max(axis) for axis in zip(*elements, strict=True))
    if len(elements) != np.prod(shape, dtype=int):
        return None
    stacked = np.stack(list(elements.values()), axis=-1)
    return stacked.reshape(*stacked.shape[:2], *shape)

"""``[sweep]`` and ``[scale]`` of a study: its tables, with what is swept written out (pure)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from harness.data.generators import option_names
from harness.data.stan_json import SUFFIXES
from harness.errors import StudyError
from harness.messages.clauses import did_you_mean
from harness.messages.docstrings import descriptions_of
from harness.methods import DEFAULT_VARIANT, METHODS
from harness.study.file import CrossTable, DatasetTable, StudyTable
from harness.study.swept import Setting, Sweep

#: The scale of a study as it is written.
FULL = "full"
_KEYS = "'datasets.OPTION', 'datasets.NAME.OPTION' or 'methods.METHOD.OPTION'"


@dataclass(frozen=True)
class _Key:
    """A key of the sweep: which option of which data sets, or of which method."""

    text: str
    kind: str
    name: str
    option: str
    values: tuple[Any, ...]

    def is_of(self, item: DatasetTable | CrossTable) -> bool:
        """Whether it sweeps an option of a data set or a cross, which has no value of its own."""
        if self.option in item.options:
            return False
        if isinstance(item, CrossTable):
            return self.kind == "methods" and item.method == self.name
        if self.kind != "datasets":
            return False
        return item.name == self.name or (not self.name and self.option in _options(item))


def at_scale(table: StudyTable, scale: str) -> StudyTable:
    """Return a study at one of its scales.

    Parameters
    ----------
    table : StudyTable
    scale : str
        :data:`FULL`, or the name of a ``[scale]``.

    Returns
    -------
    StudyTable

    Raises
    ------
    StudyError
        If the study has no such scale, or the scale sweeps what the study does not.
    """
    if scale == FULL:
        return table
    if scale not in table.scale:
        hint = did_you_mean(scale, [FULL, *table.scale])
        raise StudyError(f"study '{table.name}' has no scale '{scale}'{hint}")
    part = table.scale[scale]
    for key in part.sweep:
        if key not in table.sweep:
            raise StudyError(
                f"scale '{scale}' sweeps '{key}', which [sweep] does not"
                f"{did_you_mean(key, table.sweep)}"
            )
    most = part.replicates or max((cross.replicates for cross in table.cross), default=1)
    crosses = [
        cross.model_copy(update={"replicates": min(cross.replicates, most)})
        for cross in table.cross
    ]
    return table.model_copy(update={"sweep": {**table.sweep, **part.sweep}, "cross": crosses})


def expand(table: StudyTable) -> tuple[StudyTable, Sweep]:
    """Write out what a study sweeps.

    Parameters
    ----------
    table : StudyTable

    Returns
    -------
    StudyTable
        With a data set for each combination of the values that are swept of it, with a cross for
        each combination of those of its method, and with the names of these data sets in the place
        of the one that they are made from.
    Sweep

    Raises
    ------
    StudyError
        If a key has another form, or names what the study does not have.
    """
    keys = [_read(key, values, table) for key, values in table.sweep.items()]
    _check_axes(keys)
    datasets: dict[str, Setting] = {}
    variants: dict[tuple[str, str], Setting] = {}
    names: dict[str, list[str]] = {}
    written, crosses = [], []
    for item in table.datasets:
        for values in _combinations(keys, item):
            name = _name(item.name, values)
            names.setdefault(item.name, []).append(name)
            written.append(_with_options(item, values, name=name))
            if values:
                datasets[name] = Setting(item.name, values)
    for cross in table.cross:
        for values in _combinations(keys, cross):
            is_plain = bool(values) and cross.variant == DEFAULT_VARIANT
            variant = _name("" if is_plain else cross.variant, values)
            on = _in_full(cross.datasets, names)
            crosses.append(_with_options(cross, values, variant=variant, datasets=on))
            if values:
                variants[cross.method, variant] = Setting(cross.variant, values)
    references = [
        item.model_copy(update={"datasets": _in_full(item.datasets, names)})
        for item in table.references
    ]
    update = {"datasets": written, "cross": crosses, "references": references, "sweep": {}}
    sweep = Sweep(axes=_axes(keys), datasets=datasets, variants=variants)
    return table.model_copy(update=update), sweep


def _axes(keys: Sequence[_Key]) -> dict[str, tuple[Any, ...]]:
    """Return the values of each option that is swept, of several data sets together."""
    axes: dict[str, tuple[Any, ...]] = {}
    for key in keys:
        axes[key.option] = tuple(dict.fromkeys((*axes.get(key.option, ()), *key.values)))
    return axes


def _with_options[T: (DatasetTable, CrossTable)](
    item: T, values: Mapping[str, Any], **update: Any
) -> T:
    """Return a table with further options."""
    return item.model_copy(update={**update, "options": {**item.options, **values}})


def _in_full(given: Sequence[str], names: Mapping[str, Sequence[str]]) -> list[str]:
    """Put the data sets that are made from one in its place."""
    return [each for name in given for each in names.get(name, [name])]


def _combinations(
    keys: Sequence[_Key], item: DatasetTable | CrossTable
) -> Iterator[dict[str, Any]]:
    """Give the combinations of the values that are swept of a data set or a cross."""
    mine = [key for key in keys if key.is_of(item)]
    for values in product(*(key.values for key in mine)):
        yield {key.option: value for key, value in zip(mine, values, strict=True)}


def _name(kept: str, values: Mapping[str, Any]) -> str:
    """Name a combination of values, behind what is kept of a name."""
    named = ", ".join(f"{name}={value}" for name, value in values.items())
    return " ".join(filter(None, (kept, named)))


def _read(text: str, values: Sequence[Any], table: StudyTable) -> _Key:
    """Read a key, and refuse one that names nothing of the study."""
    kind, _, rest = text.partition(".")
    name, _, option = rest.rpartition(".")
    if kind not in ("datasets", "methods") or not option or (kind == "methods" and not name):
        raise StudyError(f"[sweep] has the key '{text}'; give {_KEYS}")
    key = _Key(text, kind, name, option, tuple(values))
    shown = [f"{value!r}" for value in values]
    for value in shown:
        if shown.count(value) > 1:
            raise StudyError(f"[sweep] has the value {value} of '{text}' twice; leave one out")
    if kind == "methods":
        _check_method(key, table)
    else:
        _check_dataset(key, table)
    every: list[DatasetTable | CrossTable] = [*table.datasets, *table.cross]
    if not any(key.is_of(item) for item in every):
        what = f"[[cross]] of '{name}'" if kind == "methods" else "data set"
        raise StudyError(
            f"[sweep] key '{text}' changes nothing: each {what} has '{option}' in its 'options'"
        )
    return key


def _check_method(key: _Key, table: StudyTable) -> None:
    """Refuse a method that the study does not run, and an option that the method does not have."""
    used = list(dict.fromkeys(cross.method for cross in table.cross))
    if key.name not in used:
        raise StudyError(
            f"[sweep] key '{key.text}' names the method '{key.name}', which no [[cross]] has"
            f"{did_you_mean(key.name, used)}"
        )
    if key.name not in METHODS:
        return  # making the method tells
    known = list(descriptions_of(METHODS[key.name]))
    if key.option not in known:
        raise StudyError(
            f"[sweep] key '{key.text}': method '{key.name}' has no option '{key.option}'"
            f"{did_you_mean(key.option, known)}"
        )


def _check_dataset(key: _Key, table: StudyTable) -> None:
    """Refuse a data set that the study does not have, and an option that it cannot have."""
    tables = {item.name: item for item in table.datasets}
    if key.name and key.name not in tables:
        raise StudyError(
            f"[sweep] key '{key.text}' names the data set '{key.name}'"
            f"{did_you_mean(key.name, tables)}"
        )
    mine = [tables[key.name]] if key.name else list(tables.values())
    known = list(dict.fromkeys(option for item in mine for option in _options(item)))
    is_json = bool(key.name) and (tables[key.name].file or "").endswith(SUFFIXES)
    if is_json or key.option in known:
        return
    if not known:
        raise StudyError(
            f"[sweep] key '{key.text}': only data sets of a generator with options, and numbers of "
            f"a JSON file as 'datasets.NAME.NUMBER', can be swept"
        )
    raise StudyError(
        f"[sweep] key '{key.text}': no generator of the study has an option '{key.option}'"
        f"{did_you_mean(key.option, known)}"
    )


def _options(item: DatasetTable) -> tuple[str, ...]:
    """Return the options of a data set's generator."""
    return option_names(item.generator) if item.generator else ()


def _check_axes(keys: Sequence[_Key]) -> None:
    """Refuse an option of data sets that is called like one of a method: tables have one name."""
    kinds: dict[str, _Key] = {}
    for key in keys:
        first = kinds.setdefault(key.option, key)
        if first.kind != key.kind:
            raise StudyError(
                f"[sweep] keys '{first.text}' and '{key.text}' have the same last part; the report "
                "cannot tell them apart, so leave one out"
            )
        if first is not key and not (first.name and key.name and first.name != key.name):
            raise StudyError(
                f"[sweep] keys '{first.text}' and '{key.text}' sweep the same option; leave one out"
            )

"""Posteriors of a database in a study: data sets that bring their programs and references."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path

from harness.data.dataset import Dataset
from harness.data.json_file import open_json
from harness.errors import HarnessError, JsonFileError, StudyError
from harness.messages.clauses import shown
from harness.methods import Nuts
from harness.program.program import Program
from harness.study.comparison import DATASET, PROGRAM, REFERENCE, Comparison, comparison_study
from harness.study.file import StudyTable
from harness.study.plan import Cross, DeclaredReference
from harness.study.posteriordb import PosteriorEntry, entry_names, has_draws, read_entry
from harness.study.study import Study


@dataclass(frozen=True, kw_only=True)
class Entries:
    """What the posteriors of a study are.

    Attributes
    ----------
    families : Mapping
        By the name of a ``[[datasets]]`` that names posteriors, the data sets that they are.
    datasets : Mapping
        These data sets, by name.
    programs : Mapping
        Their programs, by name.
    program_of : Mapping
        By data set the name of its program.
    draws : Mapping
        By data set its reference draws; none for those without.
    left_out : Mapping
        By posterior that a wildcard names, why it cannot be run.
    """

    families: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    datasets: Mapping[str, Dataset] = field(default_factory=dict)
    programs: Mapping[str, Program] = field(default_factory=dict)
    program_of: Mapping[str, str] = field(default_factory=dict)
    draws: Mapping[str, Path] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def seed_names(self) -> dict[str, str]:
        """What stands for names in seeds: draws are those of a comparison of this posterior."""
        return dict.fromkeys(self.datasets, DATASET) | dict.fromkeys(self.programs, PROGRAM)

    @property
    def reference_crosses(self) -> tuple[Cross, ...]:
        """The NUTS runs that are references of posteriors without draws."""
        method = Nuts(**Nuts.reference_options)
        return tuple(
            Cross(datasets=(name,), programs=(program,), method=method, variant=REFERENCE)
            for name, program in self.program_of.items()
            if name not in self.draws
        )

    def references(self, *, without_nuts: bool) -> list[DeclaredReference]:
        """Return what fits are measured against, for those without draws only with NUTS."""
        return [
            DeclaredReference(datasets=(name,), file=self.draws[name])
            if name in self.draws
            else DeclaredReference(datasets=(name,), cell=(program, Nuts.name, REFERENCE))
            for name, program in self.program_of.items()
            if name in self.draws or not without_nuts
        ]

    def named_by(self, datasets: Iterable[str]) -> list[str]:
        """Return the posteriors among some data sets, which are named alone or together."""
        every = (each for name in datasets for each in self.families.get(name, (name,)))
        return [name for name in dict.fromkeys(every) if name in self.datasets]


def find_entries(table: StudyTable, *, folder: Path, clone: Path | None) -> Entries:
    """Find the posteriors that a study names.

    Parameters
    ----------
    table : StudyTable
    folder : Path
        The study's own.
    clone : Path or None
        A database in the place of those that the study names.

    Returns
    -------
    Entries

    Raises
    ------
    HarnessError
        If a database has none of the posteriors that are asked for, or one that is named in full
        cannot be run.
    """
    families: dict[str, tuple[str, ...]] = {}
    found: dict[str, Study] = {}
    draws: dict[str, Path] = {}
    left_out: dict[str, str] = {}
    for item in table.datasets:
        if item.posteriordb is None:
            continue
        mine, lost = _usable(clone or folder / item.posteriordb.folder, item.posteriordb.names)
        if not mine:
            name, reason = next(iter(lost.items()))
            raise StudyError(
                f"none of the posteriors of '{item.name}' can be run; the first, '{name}': {reason}"
            )
        families[item.name] = tuple(mine)
        found |= {name: study for name, (_, study) in mine.items()}
        draws |= {name: entry.draws for name, (entry, _) in mine.items() if entry.draws}
        left_out |= lost
    if clone is not None and not families:
        raise StudyError(
            f"the study names no posteriors, so '{shown(str(clone))}' is not used; leave out "
            "--posteriordb, or add [[datasets]] with 'posteriordb'"
        )
    program_of = {name: next(iter(study.programs)) for name, study in found.items()}
    return Entries(
        families=families,
        datasets={
            name: replace(study.datasets[DATASET], name=name) for name, study in found.items()
        },
        programs={key: each for study in found.values() for key, each in study.programs.items()},
        program_of=program_of,
        draws=draws,
        left_out=left_out,
    )


def _usable(
    folder: Path, names: Iterable[str]
) -> tuple[dict[str, tuple[PosteriorEntry, Study]], dict[str, str]]:
    """Return the posteriors that can be run, and of others that a wildcard names the reason."""
    usable: dict[str, tuple[PosteriorEntry, Study]] = {}
    lost: dict[str, str] = {}
    for name, is_exact in _selected(folder, names):
        try:
            entry = read_entry(folder, name)
            if not is_exact:
                _check_draws(entry)
            usable[name] = (entry, _problem(entry))
        except HarnessError as error:
            if is_exact:
                raise
            lost[name] = str(error)
    return usable, lost


def _check_draws(entry: PosteriorEntry) -> None:
    """Refuse reference draws that cannot be read to their end, so that they stop no others.

    Raises
    ------
    StudyError
    """
    assert entry.draws is not None  # noqa: S101 - a wildcard names those with draws
    try:
        with open_json(entry.draws) as stream:
            content = stream.read()
    except JsonFileError as error:
        raise StudyError(f"reference file '{shown(str(entry.draws))}' {error}") from error
    if content.lstrip()[:1] != b"[":
        raise StudyError(f"reference file '{shown(str(entry.draws))}' is no list of chains")


def _problem(entry: PosteriorEntry) -> Study:
    """Return program and data as a comparison of this posterior has them, without its runs."""
    asked = Comparison(model=entry.model, data=entry.data, methods=(), reference=entry.draws)
    return comparison_study(asked)


def _selected(folder: Path, names: Iterable[str]) -> list[tuple[str, bool]]:
    """Return names of posteriors, and whether they are named in full."""
    known = entry_names(folder)
    chosen: dict[str, bool] = {}
    for name in names:
        if not any(mark in name for mark in "*?["):
            chosen[name] = True
            continue
        matching = [each for each in known if fnmatchcase(each, name)]
        if not matching:
            raise StudyError(
                f"none of the {len(known)} posteriors in '{shown(str(folder))}' matches '{name}'; "
                f"they are named like '{known[0]}'"
            )
        with_draws = [each for each in matching if has_draws(folder, each)]
        if not with_draws:
            raise StudyError(
                f"of the {len(known)} posteriors in '{shown(str(folder))}', {len(matching)} match "
                f"'{name}' and none of these has reference draws; name posteriors in full to do "
                "without"
            )
        for each in with_draws:
            chosen.setdefault(each, False)
    return list(chosen.items())

"""What a study's TOML file may say (pure)."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, model_validator

from harness.errors import StudyError
from harness.validation import did_you_mean, first_problem


class _Table(BaseModel):
    """A TOML table whose keys are all known."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class DatasetTable(_Table):
    """``[[datasets]]``: rows from a generator or from a file beside the study."""

    name: str
    generator: str | None = None
    file: str | None = None
    sha256: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.generator is None) == (self.file is None):
            raise ValueError("give either 'generator' or 'file'")
        return self


class ContractTable(_Table):
    """``contract`` of a program; see :class:`harness.program.DataContract`."""

    rows: str | None = None
    rows_file: str | None = None
    row_variables: list[str] = []
    n_columns: PositiveInt | None = None
    n_rows: str
    likelihood_weight: str

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [bool(self.rows), bool(self.rows_file), bool(self.row_variables)]
        if sum(given) != 1:
            raise ValueError("give one of 'rows', 'rows_file' and 'row_variables'")
        if bool(self.row_variables) != (self.n_columns is None):
            raise ValueError("'n_columns' belongs to 'rows' and 'rows_file' alone")
        return self


class MinibatchTable(_Table):
    """``minibatch`` of a program; see :class:`harness.program.MinibatchContract`."""

    batch_size: str
    run_length: str
    seed: str
    without_replacement: str
    anchor_after: str


class ComponentsTable(_Table):
    """``components`` of a mixture; see :class:`harness.program.Components`."""

    means: str
    shares: str
    exchangeable: bool = True


class ProgramTable(_Table):
    """``[[programs]]``: a Stan file beside the study and how to use it."""

    name: str
    file: str
    user_header: str | None = None
    contract: ContractTable | None = None
    minibatch: MinibatchTable | None = None
    data: dict[str, float] = {}
    parameters: list[str]
    components: ComponentsTable | None = None

    @model_validator(mode="after")
    def _components_are_summarised(self) -> Self:
        parts = [self.components.means, self.components.shares] if self.components else []
        for name in parts:
            if name not in self.parameters:
                raise ValueError(f"components name '{name}', which 'parameters' must list too")
        return self


class CrossTable(_Table):
    """``[[cross]]``: data sets x programs x replicates of one method with its options."""

    datasets: list[str]
    programs: list[str]
    method: str
    variant: str
    replicates: PositiveInt = 1
    options: dict[str, Any] = {}


class ReferenceTable(_Table):
    """``[[references]]``: what the fits of some data sets are measured against.

    Either a run of the study, named by program, method and variant, or a file of draws.
    """

    datasets: list[str]
    program: str | None = None
    method: str | None = None
    variant: str | None = None
    file: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        run = (self.program, self.method, self.variant)
        n_given = sum(part is not None for part in run)
        if n_given not in (0, len(run)) or (n_given == 0) == (self.file is None):
            raise ValueError("give either 'program', 'method' and 'variant' of a run, or 'file'")
        return self


class StudyTable(_Table):
    """The whole study file."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    title: str
    description: str = ""
    seed: int
    published: str | None = None
    datasets: list[DatasetTable]
    programs: list[ProgramTable]
    references: list[ReferenceTable] = []
    cross: list[CrossTable]


def parse_study(content: Mapping[str, Any]) -> StudyTable:
    """Check the content of a study file (pure).

    Parameters
    ----------
    content : Mapping
        The parsed TOML.

    Returns
    -------
    StudyTable

    Raises
    ------
    StudyError
        If a key is unknown (with the nearest known one), missing, or has a wrong value.
    """
    try:
        return StudyTable.model_validate(content)
    except ValidationError as error:
        for finding in error.errors(include_url=False):
            # told before a missing key, which may be the same one misspelt
            if finding["type"] == "extra_forbidden":
                raise StudyError(_unknown_key(finding["loc"])) from error
        raise StudyError(first_problem(error)) from error


_TABLES: Mapping[str, type[_Table]] = {
    "datasets": DatasetTable,
    "programs": ProgramTable,
    "contract": ContractTable,
    "minibatch": MinibatchTable,
    "components": ComponentsTable,
    "references": ReferenceTable,
    "cross": CrossTable,
}


def _unknown_key(place: tuple[int | str, ...]) -> str:
    """Name an unknown key, where it stands, and what was likely meant."""
    *above, key = place
    names = [part for part in above if isinstance(part, str)]
    table = _TABLES[names[-1]] if names else StudyTable
    where = f"{'.'.join(names)}.{key}" if names else str(key)
    return f"unknown key '{where}'{did_you_mean(str(key), table.model_fields)}"

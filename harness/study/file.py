"""What a study's TOML file may say (pure)."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator


class Table(BaseModel):
    """A TOML table whose keys are all known."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    #: Sets of keys of which exactly one must be given, complete and without keys of another.
    sources: ClassVar[tuple[tuple[str, ...], ...]] = ()

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = self.model_fields_set & {key for source in self.sources for key in source}
        if self.sources and given not in map(set, self.sources):
            raise ValueError(f"give either {' or '.join(map(_listed, self.sources))}")
        return self


def _listed(keys: tuple[str, ...]) -> str:
    """Write keys as one does in a sentence."""
    *most, last = [f"'{key}'" for key in keys]
    return f"{', '.join(most)} and {last}" if most else last


class DatasetTable(Table):
    """Rows, or whatever else a program takes as data, from a generator or a file.

    Attributes
    ----------
    name : str
        What tables, `[[cross]]` and `[[references]]` call the data set.
    generator : str or None
        A generator of rows that the harness has; `harness list` names them.
    file : str or None
        A path from the study's folder: rows in `.csv` (with one header line), `.npy` or
        `.parquet`, or a program's data in CmdStan's `.json`, `.json.zip` or `.json.gz`.
    sha256 : str or None
        The digest that the data must have; without it they may change unseen.
    """

    sources = (("generator",), ("file",))

    name: str
    generator: str | None = None
    file: str | None = None
    sha256: str | None = None


class ContractTable(Table):
    """Which data variables of a program hold its rows, their number and their weight.

    Attributes
    ----------
    rows : str or None
        The matrix whose rows are observations.
    rows_file : str or None
        In its place, the array of integers that says which `.npy` the program itself reads.
    row_variables : list of str
        In their place, of programs whose data are JSON, the arrays with an element per row.
    n_columns : int or None
        Columns of a row, with `rows` and `rows_file`.
    n_rows : str
        The integer that counts the rows.
    likelihood_weight : str
        The real that multiplies the log likelihood and leaves the prior alone.
    """

    sources = (("rows", "n_columns"), ("rows_file", "n_columns"), ("row_variables",))

    rows: str | None = None
    rows_file: str | None = None
    row_variables: Annotated[list[str], Field(min_length=1)] = []
    n_columns: PositiveInt | None = None
    n_rows: str
    likelihood_weight: str


class MinibatchTable(Table):
    """Data variables of a program that draws a fresh batch of rows at every evaluation.

    Attributes
    ----------
    batch_size : str
        The integer that counts the rows of a batch; with 0 the likelihood is that of all rows.
    run_length : str
        The integer that says how many neighbouring rows are drawn together.
    seed : str
        The integer that decides which rows are drawn.
    without_replacement : str
        The integer that is 1 if every row comes once before any comes twice.
    anchor_after : str
        The integer that says after how many evaluations the control variate gets its anchor;
        0 for none.
    """

    batch_size: str
    run_length: str
    seed: str
    without_replacement: str
    anchor_after: str


class ComponentsTable(Table):
    """Which parameters of a mixture belong to its components.

    Attributes
    ----------
    means : str
        Component means, of shape (K, d).
    shares : str
        Mixture weights, of shape (K,).
    exchangeable : bool
        Whether the density is the same under every order of the components.
    """

    means: str
    shares: str
    exchangeable: bool = True


class ProgramTable(Table):
    """A Stan program and how the study uses it.

    Attributes
    ----------
    name : str
        What tables and `[[cross]]` call the program.
    file : str
        The path of the `.stan` file from the study's folder; what it includes lies beside it.
    user_header : str or None
        The path of a C++ header that defines what the program's functions only declare.
    contract : ContractTable or None
        Where rows and their weight go. Without it the program takes its data from JSON, and
        methods on subsamples do not apply.
    minibatch : MinibatchTable or None
        Of a program for `minibatch_advi`, which draws batches itself.
    data : dict
        Further data, the same for every run, such as a prior's scale.
    parameters : list of str
        The variables that tables summarise; transformed parameters and generated quantities
        may be among them.
    components : ComponentsTable or None
        Of a mixture, so that its components are compared under the same names.
    """

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


class CrossTable(Table):
    """Runs: data sets x programs x replicates of one method with its options.

    Attributes
    ----------
    datasets : list of str
        Names of data sets.
    programs : list of str
        Names of programs.
    method : str
        The method of inference; `harness list methods` describes them.
    variant : str
        What tables call the method with these options, `default` or `m=200`, say.
    replicates : int
        Runs of each cell, from as many seeds.
    options : dict
        Options of the method; those left out keep their defaults.
    """

    datasets: list[str]
    programs: list[str]
    method: str
    variant: str
    replicates: PositiveInt = 1
    options: dict[str, Any] = {}


class ReferenceTable(Table):
    """What the fits of some data sets are measured against: a run of the study, or draws.

    Attributes
    ----------
    datasets : list of str
        Names of data sets; each has at most one reference.
    program, method, variant : str or None
        The run, which a `[[cross]]` must give; of replicates the first.
    file : str or None
        In its place, the path of draws in posteriordb's JSON form, zipped or not.
    """

    sources = (("program", "method", "variant"), ("file",))

    datasets: list[str]
    program: str | None = None
    method: str | None = None
    variant: str | None = None
    file: str | None = None


class StudyTable(Table):
    """A study: data sets, programs, and what crosses what.

    Attributes
    ----------
    name : str
        The folder below `results/` that the tables and the report go into.
    title : str
        The report's title.
    description : str
        What the report says below its title.
    seed : int
        Decides all randomness; the seed of a run is derived from it and the run's names.
    published : str or None
        The path of a TOML file with numbers from elsewhere, which the report sets beside the
        study's own.
    datasets : list of DatasetTable
        Data sets.
    programs : list of ProgramTable
        Stan programs.
    references : list of ReferenceTable
        What fits are measured against.
    cross : list of CrossTable
        What is run.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    title: str
    description: str = ""
    seed: int
    published: str | None = None
    datasets: list[DatasetTable]
    programs: list[ProgramTable]
    references: list[ReferenceTable] = []
    cross: list[CrossTable]


#: What the tables in a study are, by their keys.
TABLES: Mapping[str, type[Table]] = {
    "datasets": DatasetTable,
    "programs": ProgramTable,
    "contract": ContractTable,
    "minibatch": MinibatchTable,
    "components": ComponentsTable,
    "references": ReferenceTable,
    "cross": CrossTable,
}

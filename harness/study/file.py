"""What a study's TOML file may say (pure)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PositiveInt, field_validator, model_validator

from harness.messages.toml_table import Table
from harness.program.contract import Components, DataContract

#: Lists of values by what they are values of.
_Swept = dict[str, Annotated[list[Any], Field(min_length=1)]]


def _with_quoted_keys(swept: object) -> object:
    """Refuse keys that TOML takes for tables, because they have dots but no quotes."""
    for key, values in swept.items() if isinstance(swept, dict) else ():
        if isinstance(values, dict):
            name = f"{key}.{next(iter(values), '')}"
            raise ValueError(f'write the whole key in quotes, as "{name}"')  # noqa: TRY004
    return swept


class PosteriordbTable(Table):
    """Posteriors of a posteriordb clone: each is a data set with its own program and reference.

    Attributes
    ----------
    folder : str
        The clone, relative to the study's folder; `harness run --posteriordb` gives another.
    name : str or list of str
        Names of posteriors. A name with `*`, `?` or `[...]` stands for all that match it and have
        reference draws. A posterior that is named in full may do without; NUTS is its reference
        then.
    """

    folder: str = "posteriordb"
    name: str | list[str]

    @property
    def names(self) -> tuple[str, ...]:
        """The names, of one or several."""
        return (self.name,) if isinstance(self.name, str) else tuple(self.name)


class DatasetTable(Table):
    """A data set: rows, or all data of a program, from a generator, a file or a database.

    Attributes
    ----------
    name : str
        The name of the data set in tables, `[[cross]]` and `[[references]]`.
    generator : str or None
        One of the harness's generators of rows; `harness list datasets` lists them.
    file : str or None
        A path relative to the study's folder: rows in `.csv` (with one header line), `.npy` or
        `.parquet`, or a program's data in CmdStan's `.json`, `.json.zip` or `.json.gz`.
    posteriordb : PosteriordbTable or None
        Posteriors of a database, which `[[cross]]` names together by the `name` of this table; its
        `programs` do not apply to them.
    options : dict
        Arguments of the generator; for a JSON file, numbers in the place of those that it has.
    rows_files : dict
        Beside a `.json`: by name, the `.npy` files with the rows of variables that it leaves out,
        too many for memory.
    sha256 : str or None
        The digest that the data must have; without it, changes of the data are not noticed.
    """

    sources = (("generator",), ("file",), ("posteriordb",))

    name: str
    generator: str | None = None
    file: str | None = None
    posteriordb: PosteriordbTable | None = None
    options: dict[str, Any] = Field(default={})
    rows_files: dict[str, str] = Field(default={})
    sha256: str | None = None


class ProgramTable(Table):
    """A Stan program and how the study uses it.

    Attributes
    ----------
    name : str
        The name of the program in tables and `[[cross]]`.
    file : str
        The path of the `.stan` file relative to the study's folder; included files are beside it.
    user_header : str or None
        The path of a C++ header that defines functions that the program only declares.
    contract : DataContract or None
        The data variables for rows and their weight. Without a contract the program takes its data
        from JSON, and methods on subsamples do not apply.
    data : dict
        Other data, the same for every run, such as the scale of a prior.
    parameters : list of str
        The variables that the tables show, including transformed parameters and generated
        quantities.
    components : Components or None
        For a mixture: the parameters of its components, which are ordered before they are
        compared.
    native : bool
        Whether to compile for the processor of this machine (`-march=native`) and by stanc's
        optimiser (`--O1`), which takes longer to compile and may evaluate faster.
    """

    name: str
    file: str
    user_header: str | None = None
    contract: DataContract | None = None
    data: dict[str, float] = Field(default={})
    parameters: list[str]
    components: Components | None = None
    native: bool = False

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
        Names of programs; posteriors of a database have their own.
    method : str
        The method of inference; `harness list methods` describes them.
    variant : str
        The name of these options in the tables, for example `default` or `m=200`.
    replicates : int
        Number of runs of each combination, each with its own seed.
    options : dict
        Options of the method; the others have their defaults.
    """

    datasets: list[str]
    programs: list[str] = Field(default=[])
    method: str
    variant: str
    replicates: PositiveInt = 1
    options: dict[str, Any] = Field(default={})


class ReferenceTable(Table):
    """The reference of some data sets: a run of the study, or draws from a file.

    Attributes
    ----------
    datasets : list of str
        Names of data sets. A data set has at most one reference.
    program, method, variant : str or None
        The reference run, which must be one of the runs of a `[[cross]]`; if it has replicates,
        the first.
    file : str or None
        Instead of a run: the path of a file of draws in posteriordb's JSON format, compressed or
        not.
    """

    sources = (("program", "method", "variant"), ("file",))

    datasets: list[str]
    program: str | None = None
    method: str | None = None
    variant: str | None = None
    file: str | None = None


class ScaleTable(Table):
    """A smaller or larger version of the study, for `harness run --scale`.

    Attributes
    ----------
    sweep : dict
        Values in the place of those that `[sweep]` has for the same keys.
    replicates : int or None
        The most replicates of a `[[cross]]`.
    """

    sweep: _Swept = Field(default={})
    replicates: PositiveInt | None = None

    _keys = field_validator("sweep", mode="before")(_with_quoted_keys)


class StudyTable(Table):
    """A study: data sets, programs, references and runs.

    Attributes
    ----------
    name : str
        The name of the results folder below `results/`.
    title : str
        The report's title.
    description : str
        What the report says below its title.
    seed : int
        The seed of the study; the seed of a run is derived from it and the run's names.
    published : str or None
        The path of a TOML file with published numbers, which the report compares with the study's
        own.
    datasets : list of DatasetTable
        Data sets.
    programs : list of ProgramTable
        Stan programs.
    reference : str or None
        `"none"`: no NUTS run is the reference of data sets without a `[[references]]`, but draws
        that are trusted by their evidence.
    references : list of ReferenceTable
        The references that fits are compared with.
    cross : list of CrossTable
        What is run.
    sweep : dict
        Lists of values by the options that have them, crossed like everything else:
        `"datasets.OPTION"` and `"datasets.NAME.OPTION"` of data sets, `"methods.METHOD.OPTION"` of
        methods. Each combination is a data set or a variant named after its values. A `[[cross]]`
        or data set that sets the option itself keeps its value.
    scale : dict
        Other scales of the study by their names, as `small`.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    title: str
    description: str = ""
    seed: int
    published: str | None = None
    datasets: list[DatasetTable]
    programs: list[ProgramTable] = Field(default=[])
    reference: Literal["none"] | None = None
    references: list[ReferenceTable] = Field(default=[])
    cross: list[CrossTable]
    sweep: _Swept = Field(default={})
    scale: dict[str, ScaleTable] = Field(default={})

    _keys = field_validator("sweep", mode="before")(_with_quoted_keys)


#: What the tables in a study are, by their keys.
TABLES: Mapping[str, type[Table]] = {
    "datasets": DatasetTable,
    "posteriordb": PosteriordbTable,
    "scale": ScaleTable,
    "programs": ProgramTable,
    "contract": DataContract,
    "components": Components,
    "references": ReferenceTable,
    "cross": CrossTable,
}

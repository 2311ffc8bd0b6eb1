"""A study for somebody else's program: NUTS as reference, and whatever methods are asked for."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from harness.data.dataset import Dataset, make_dataset, with_rows_files
from harness.data.stan_json import SUFFIXES, is_stan_json, plain_variables
from harness.data.stan_values import Value
from harness.errors import StudyError
from harness.evidence.method import Evidence
from harness.fits.fit import DrawKind
from harness.messages.clauses import did_you_mean, plain_name, shown
from harness.methods import (
    DEFAULT_VARIANT,
    Method,
    Nuts,
    RowsUsed,
    make_method,
    variant_of,
)
from harness.program.contract import Components, DataContract
from harness.program.declared_data import check_data, data_title
from harness.program.filed_rows import counted
from harness.program.program import Program
from harness.program.stanc import ProgramVariables, describe_program
from harness.study.parts import (
    BATCHES,
    check_named_rows,
    check_parts,
    row_options,
    with_parts,
)
from harness.study.plan import Cross, Declaration, DeclaredReference, cross_out
from harness.study.study import Study

#: Methods that are compared if none are named; they need not know what a row is. The project's own
#: ADVI, and CmdStan's, which people have run.
DEFAULT_METHODS = ("nuts", *BATCHES, "advi", "pathfinder", "laplace")
#: Runs of each approximation: one seed is luck.
REPLICATES = 3
#: Names of a comparison's only data set and of the variants of its runs.
DATASET, REFERENCE = "data", "reference"
#: In the place of a reference: evidence without one.
NO_REFERENCE: Literal["none"] = "none"
#: What stanc says of an integer.
_INTEGER = {"type": "int", "dimensions": 0}
#: What seeds are derived from in the place of the program's name.
PROGRAM = "model"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What to compare on one program and its data.

    Attributes
    ----------
    model : Path
        The ``.stan`` file.
    data : Path or Mapping
        Its data: a file in CmdStan's JSON, or numbers, arrays and tuples by name.
    methods : tuple of str, Method or tuple
        Names from the registry, methods with options, whose variants are named after these, or
        variants' names with methods; the reference comes on top.
    variables : tuple of str
        What tables show; the parameters and transformed parameters if empty.
    reference : Path, Method, "none" or None
        Draws, or a method, in place of the usual NUTS reference run; ``none`` for draws that are
        trusted by their evidence alone.
    contract : DataContract or None
        What the program's rows are, for methods that take a part of them.
    components : Components or None
        Set for a mixture, whose components are then ordered in every draw.
    subsample : int or None
        Adds methods that fit a subsample of so many rows, and is the `m` of all methods named
        without options; a tenth of the rows by default.
    batch : int or None
        Rows of a batch, for methods named without options that can take one; they are added if none
        is named.
    rows : str or None
        The integer of the data that counts the rows, for these methods; by default the largest
        whose rows are proved to add up.
    rows_files : Mapping
        By name, a ``.npy`` with the rows of variables that the data leave out.
    replicates : int
        Runs of each approximation and of each method on a subsample.
    seed : int
        Decides all randomness.
    native : bool
        Whether to compile for this machine.
    """

    model: Path
    data: Path | Mapping[str, Any]
    methods: tuple[str | Method | tuple[str, Method], ...] = DEFAULT_METHODS
    variables: tuple[str, ...] = ()
    reference: Path | Method | Literal["none"] | None = None
    contract: DataContract | None = None
    components: Components | None = None
    subsample: int | None = None
    batch: int | None = None
    rows: str | None = None
    rows_files: Mapping[str, Path] = field(default_factory=dict)
    replicates: int = REPLICATES
    seed: int = 1
    native: bool = False

    @property
    def data_title(self) -> str:
        """What messages call the data."""
        return data_title(self.data)


def named_reference(name: str | None) -> Path | Literal["none"] | None:
    """Read what a reference is named by: a file of draws, or none."""
    if name is None or name == NO_REFERENCE:
        return NO_REFERENCE if name else None
    return Path(name)


def comparison_study(asked: Comparison) -> Study:
    """Plan a comparison as a study.

    Parameters
    ----------
    asked : Comparison

    Returns
    -------
    Study
        Of one data set and one program; nothing has run yet.

    Raises
    ------
    HarnessError
        If a file is missing or broken, stanc refuses the program, a data variable is missing, or
        a method or variable is unknown.
    """
    for option in ("replicates", "subsample", "batch"):
        value = getattr(asked, option)
        if value is not None and value < 1:
            raise StudyError(f"{option} is {value}; give a number above 0")
    dataset = _dataset(asked)
    bare = Program(name=plain_name(asked.model.stem), file=asked.model.resolve(), parameters=())
    if (dataset := counted(dataset, bare)).files:
        asked = _without_cmdstan(asked)
    program = _program(asked, dataset, bare)
    check_parts(dataset, program, subsample=asked.subsample, batch=asked.batch, rows=asked.rows)
    crosses = tuple(_crosses(asked, dataset, program))
    check_named_rows(asked.rows, [cross.method for cross in crosses])
    given = asked.data.name if isinstance(asked.data, Path) else ", ".join(asked.data)
    study = cross_out(
        Declaration(
            name=program.name,
            title=f"{program.name}: may an approximation replace NUTS?",
            description=f"Program {shown(asked.model.name)} on the data of {shown(given)}.",
            seed=asked.seed,
            datasets={DATASET: dataset},
            programs={program.name: program},
            crosses=crosses,
            references=(_reference(asked, crosses),),
            digest=_digest(asked, dataset),
            # what files are called must not change the draws
            seed_names={program.name: PROGRAM},
        )
    )
    return replace(study, made_by="compare")


def _digest(asked: Comparison, dataset: Dataset) -> str:
    """Hash what was asked for, whatever files are called."""
    content = {each.name: getattr(asked, each.name) for each in fields(asked)}
    del content["model"], content["rows_files"]
    content["data"] = dataset.digest
    if isinstance(asked.reference, Path):
        content["reference"] = "file"
    return hashlib.sha256(str(content).encode("utf-8", "surrogateescape")).hexdigest()


def _dataset(asked: Comparison) -> Dataset:
    """Read the data, or take them as they are."""
    if not isinstance(asked.data, Path):
        whole = Dataset(name=DATASET, variables=plain_variables(asked.data))
        return with_rows_files(whole, asked.rows_files)
    if not is_stan_json(asked.data):
        raise StudyError(f"{asked.data_title} must end in {', '.join(SUFFIXES)}")
    return make_dataset(DATASET, file=asked.data, rows_files=asked.rows_files)


def _without_cmdstan(asked: Comparison) -> Comparison:
    """Return what is compared by default where CmdStan's own methods cannot read the rows."""
    methods = BATCHES if asked.methods == DEFAULT_METHODS else asked.methods
    return replace(asked, methods=methods, reference=asked.reference or NO_REFERENCE)


def _program(asked: Comparison, dataset: Dataset, bare: Program) -> Program:
    """Describe the program, after stanc's word on its variables."""
    declared = describe_program(bare)
    _check_data(asked, dataset.variables or {}, declared)
    return Program(
        name=bare.name,
        file=bare.file,
        contract=asked.contract,
        parameters=_variables(asked, declared),
        components=asked.components,
        native=asked.native,
    )


def _check_data(asked: Comparison, given: Mapping[str, Value], declared: ProgramVariables) -> None:
    """Refuse data that CmdStan would refuse; the likelihood's weight is the harness's to give."""
    weight = asked.contract.weight(1.0) if asked.contract else {}
    integers = [name for name, kind in declared.inputs.items() if kind == _INTEGER]
    if asked.rows is not None and asked.rows not in integers:
        raise StudyError(
            f"program '{shown(asked.model.name)}' has no integer '{asked.rows}' in its data that "
            f"could count rows{did_you_mean(asked.rows, integers)}"
        )
    known = {**given, **weight}
    check_data(declared, known, model=asked.model.name, title=asked.data_title)
    unknown = [name for name in weight if name not in declared.data]
    if unknown:
        raise StudyError(
            f"program '{shown(asked.model.name)}' has no data variable '{unknown[0]}' that could "
            f"weight its likelihood{did_you_mean(unknown[0], declared.data)}"
        )


def _variables(asked: Comparison, declared: ProgramVariables) -> tuple[str, ...]:
    """Return what tables show."""
    own = (*declared.parameters, *declared.transformed_parameters)
    known = (*own, *declared.generated_quantities)
    named = asked.components
    for name in (*asked.variables, *((named.means, named.shares) if named else ())):
        if name not in known:
            raise StudyError(
                f"program '{shown(asked.model.name)}' has no variable '{name}'"
                f"{did_you_mean(name, known)}"
            )
    if not declared.parameters:
        raise StudyError(
            f"program '{shown(asked.model.name)}' has no parameters; there is nothing to compare"
        )
    return asked.variables or own


def _crosses(asked: Comparison, dataset: Dataset, program: Program) -> Iterator[Cross]:
    """Give what is run, the reference first."""
    if not isinstance(asked.reference, Path):
        given = Evidence() if asked.reference == NO_REFERENCE else asked.reference
        yield _cross(program, given or Nuts(**Nuts.reference_options), REFERENCE)
    for item in _asked_methods(asked):
        if isinstance(item, str):
            options = row_options(
                item,
                dataset,
                program,
                subsample=asked.subsample,
                batch=asked.batch,
                rows=asked.rows,
            )
            method = make_method(item, options)
            variant = variant_of(method) if "batch_size" in options else DEFAULT_VARIANT
        else:
            variant, method = item if isinstance(item, tuple) else (variant_of(item), item)
        is_exact = method.draw_kind is DrawKind.CHAINS and method.rows_used is RowsUsed.ALL
        replicates = 1 if is_exact else asked.replicates
        yield _cross(program, method, variant, replicates=replicates)


def _asked_methods(asked: Comparison) -> tuple[str | Method | tuple[str, Method], ...]:
    """Return the methods; who wants no NUTS run gets none by default."""
    methods = asked.methods
    if asked.reference == NO_REFERENCE and asked.methods == DEFAULT_METHODS:
        methods = tuple(name for name in asked.methods if name != Nuts.name)
    return with_parts(methods, subsample=asked.subsample, batch=asked.batch)


def _cross(program: Program, method: Method, variant: str, *, replicates: int = 1) -> Cross:
    """Declare the runs of one method."""
    return Cross(
        datasets=(DATASET,),
        programs=(program.name,),
        method=method,
        variant=variant,
        replicates=replicates,
    )


def _reference(asked: Comparison, crosses: Sequence[Cross]) -> DeclaredReference:
    """Return what fits are measured against: the draws given, or the first run."""
    if isinstance(asked.reference, Path):
        return DeclaredReference(datasets=(DATASET,), file=asked.reference)
    first = crosses[0]
    cell = (first.programs[0], first.method.name, REFERENCE)
    return DeclaredReference(datasets=first.datasets, cell=cell)

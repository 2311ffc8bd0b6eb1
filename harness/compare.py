"""A study for somebody else's program: NUTS as reference, and whatever methods are asked for."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.contracts import DataContract
from harness.datasets import Dataset, make_dataset
from harness.errors import StudyError
from harness.methods import Method, make_method
from harness.program import Program
from harness.stan_json import SUFFIXES, is_stan_json
from harness.stanc import ProgramVariables, describe_program
from harness.study import ReferenceSource, Run, Study, derive_seed
from harness.validation import did_you_mean

#: Methods that are compared if none are named.
DEFAULT_METHODS = ("nuts", "advi", "advi_fullrank", "pathfinder", "laplace")
#: The reference: twice the draws and smaller steps than the default.
REFERENCE_OPTIONS: Mapping[str, Any] = {"n_draws": 2000, "adapt_delta": 0.95}
#: Names of a comparison's only data set and of the variants of its runs.
DATASET, REFERENCE, DEFAULT = "data", "reference", "default"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What to compare on one program and its data.

    Attributes
    ----------
    model, data : Path
        The ``.stan`` file, and its data in CmdStan's JSON.
    methods : tuple of str
        Names from the registry; NUTS as the reference comes on top.
    variables : tuple of str
        What tables show; the parameters and transformed parameters if empty.
    reference : Path or None
        Draws in place of a NUTS reference run.
    contract : DataContract or None
        What the program's rows are, for methods that take a part of them.
    subsample : int or None
        Rows of a subsample; a tenth of them by default.
    replicates : int
        Runs of each approximation.
    seed : int
        Decides all randomness.
    """

    model: Path
    data: Path
    methods: tuple[str, ...] = DEFAULT_METHODS
    variables: tuple[str, ...] = ()
    reference: Path | None = None
    contract: DataContract | None = None
    subsample: int | None = None
    replicates: int = 1
    seed: int = 1


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
    if not is_stan_json(asked.data):
        raise StudyError(f"data file '{asked.data}' must end in {' or '.join(SUFFIXES)}")
    dataset = make_dataset(DATASET, file=asked.data)
    program = _program(asked, dataset)
    runs = tuple(_runs(asked, dataset, program))
    source = ReferenceSource(file=asked.reference) if asked.reference else None
    text = f"{asked}"
    return Study(
        name=asked.model.stem,
        title=f"{asked.model.stem}: may an approximation stand in for NUTS?",
        description=f"Program {asked.model.name} on the data of {asked.data.name}.",
        datasets={DATASET: dataset},
        programs={program.name: program},
        runs=runs,
        references={DATASET: source or ReferenceSource(run=runs[0])},
        published=None,
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


def _program(asked: Comparison, dataset: Dataset) -> Program:
    """Describe the program, after stanc's word on its variables."""
    bare = Program(name=asked.model.stem, file=asked.model.resolve(), parameters=())
    declared = describe_program(bare)
    _check_data(asked, dataset.variables or {}, declared)
    return Program(
        name=bare.name,
        file=bare.file,
        contract=asked.contract,
        parameters=_variables(asked, declared),
    )


def _check_data(asked: Comparison, given: Mapping[str, Any], declared: ProgramVariables) -> None:
    """Refuse data that lack a variable which nobody else gives."""
    weight = {asked.contract.likelihood_weight} if asked.contract else set()
    missing = [name for name in declared.data if name not in given and name not in weight]
    if missing:
        raise StudyError(
            f"data file '{asked.data}' has no '{missing[0]}'; program '{asked.model.name}' needs "
            f"{', '.join(declared.data)}"
        )
    unknown = [name for name in weight if name not in declared.data]
    if unknown:
        raise StudyError(
            f"program '{asked.model.name}' has no datum '{unknown[0]}' that could be its "
            f"likelihood's weight{did_you_mean(unknown[0], declared.data)}"
        )


def _variables(asked: Comparison, declared: ProgramVariables) -> tuple[str, ...]:
    """Return what tables show."""
    own = (*declared.parameters, *declared.transformed_parameters)
    known = (*own, *declared.generated_quantities)
    for name in asked.variables:
        if name not in known:
            raise StudyError(
                f"program '{asked.model.name}' has no variable '{name}'{did_you_mean(name, known)}"
            )
    if not (asked.variables or own):
        raise StudyError(
            f"program '{asked.model.name}' has no parameters; there is nothing to compare"
        )
    return asked.variables or own


def _runs(asked: Comparison, dataset: Dataset, program: Program) -> Sequence[Run]:
    """Plan the runs, the reference first."""
    runs = []
    if asked.reference is None:
        method = make_method("nuts", REFERENCE_OPTIONS)
        runs.append(_run(asked, dataset, program, method, variant=REFERENCE, replicate=1))
    for name in dict.fromkeys(asked.methods):
        method = make_method(name, _options(asked, name, dataset, program))
        n_replicates = 1 if name == "nuts" else asked.replicates
        runs += [
            _run(asked, dataset, program, method, variant=DEFAULT, replicate=replicate)
            for replicate in range(1, n_replicates + 1)
        ]
    return runs


def _options(asked: Comparison, name: str, dataset: Dataset, program: Program) -> Mapping[str, Any]:
    """Return the options that a method cannot do without."""
    if name != "subsample_advi":
        return {}
    if program.contract is not None:
        program.check_rows(dataset)
    n_rows = program.n_rows_of(dataset)
    return {"m": asked.subsample or max(1, (n_rows or 10) // 10)}


def _run(
    asked: Comparison,
    dataset: Dataset,
    program: Program,
    method: Method,
    *,
    variant: str,
    replicate: int,
) -> Run:
    """Plan one run."""
    method.check(dataset, program)
    program.check_rows(dataset)
    identity = (DATASET, program.name, method.name, variant, str(replicate))
    return Run(
        dataset=DATASET,
        program=program.name,
        method=method,
        variant=variant,
        replicate=replicate,
        seed=derive_seed(asked.seed, *identity),
    )

"""What to calibrate, and what stanc says of the two programs."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.data.dataset import Dataset, make_dataset
from harness.data.stan_json import SUFFIXES, is_stan_json, plain_variables
from harness.data.stan_values import Value
from harness.errors import CalibrationError, MethodError
from harness.messages.clauses import did_you_mean, plain_name, shown
from harness.methods import DEFAULT_VARIANT, METHODS, Method, PartOfRows, make_method, variant_of
from harness.program.contract import Components, DataContract
from harness.program.declared_data import data_problem, missing_data
from harness.program.program import Program
from harness.program.stanc import ProgramVariables, describe_program

#: Methods that are calibrated if none are named.
CALIBRATED_METHODS = ("nuts", "advi")
#: Of fewer replicates, the band hides an approximation that is half as wide as it should be.
FEWEST_REPLICATES = 20
#: A generated quantity ``y_rep`` replicates the data ``y``.
REPLICATED = "_rep"
#: As CmdStan by default: one chain, so that a replicate takes one core.
_OPTIONS: Mapping[str, Mapping[str, Any]] = {"nuts": {"n_chains": 1}}
_GIVEN = "given"


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What to calibrate.

    Attributes
    ----------
    simulate : Path
        A ``.stan`` file without parameters, whose generated quantities draw the parameters of
        `model` from their prior, and its data given these.
    model : Path
        The ``.stan`` file to fit.
    data : Path, Mapping or None
        What is the same in all replicates, for both programs: a file in CmdStan's JSON, or
        numbers, arrays and tuples by name.
    methods : tuple of str, Method or tuple
        As of :class:`harness.study.comparison.Comparison`.
    variables : tuple of str
        The quantities that are ranked, beside the log density; the parameters if empty.
    contract : DataContract or None
        What the rows of `model` are, for methods that take a part of them.
    components : Components or None
        Set for a mixture: what is ranked then has its components ordered in every draw, or does
        not depend on their order.
    replicates : int
        How many data sets are simulated.
    posterior : bool
        Whether replicates are drawn given the observed `data`: `simulate` is then a program with
        parameters, fitted to them first, whose generated quantities ``y_rep`` replicate data ``y``
        of `model`, which is fitted to both together.
    seed : int
        Decides all randomness.
    """

    simulate: Path
    model: Path
    data: Path | Mapping[str, Any] | None = None
    methods: tuple[str | Method | tuple[str, Method], ...] = CALIBRATED_METHODS
    variables: tuple[str, ...] = ()
    contract: DataContract | None = None
    components: Components | None = None
    replicates: int = 200
    posterior: bool = False
    seed: int = 1

    @property
    def weight(self) -> str | None:
        """The data of the model that the harness gives."""
        return self.contract.likelihood_weight if self.contract else None

    def named_methods(self, n_rows: int | None) -> dict[tuple[str, str], Method]:
        """Return the methods by their names and those of their variants.

        Parameters
        ----------
        n_rows : int or None
            Of a replicate, as far as it is known.

        Raises
        ------
        MethodError
            If there is none, one is unknown or two have one name, or an option is missing.
        """
        named = [((method.name, variant), method) for variant, method in self._variants(n_rows)]
        if not named:
            raise MethodError(f"no method is named; known are {', '.join(METHODS)}")
        for (name, variant), count in Counter(key for key, _ in named).items():
            if count > 1:
                raise MethodError(
                    f"the method '{name} / {variant}' is given {count} times; leave others out, or "
                    "give each its own variant"
                )
        return dict(named)

    def _variants(self, n_rows: int | None) -> Iterator[tuple[str, Method]]:
        for item in self.methods:
            if isinstance(item, str):
                options = dict(_OPTIONS.get(item, {}))
                method = METHODS.get(item)
                if method and issubclass(method, PartOfRows) and n_rows is not None:
                    options["m"] = method.default_m(n_rows)
                yield DEFAULT_VARIANT, make_method(item, options)
            else:
                yield item if isinstance(item, tuple) else (variant_of(item), item)


@dataclass(frozen=True, kw_only=True)
class Programs:
    """Two programs and the data that they share, checked against one another.

    Attributes
    ----------
    simulator, model : Program
    drawn : ProgramVariables
        What the simulator declares.
    fitted : ProgramVariables
        What the model declares.
    given : Mapping
        The data that are the same in all replicates.
    """

    simulator: Program
    model: Program
    drawn: ProgramVariables
    fitted: ProgramVariables
    given: Mapping[str, Value]

    @property
    def replicated_data(self) -> tuple[str, ...]:
        """The model's data that a posterior calibration replicates."""
        drawn = self.drawn.generated_quantities
        return tuple(name for name in self.fitted.data if f"{name}{REPLICATED}" in drawn)

    @property
    def simulated_data(self) -> tuple[str, ...]:
        """The model's data that are simulated; they stand for those given."""
        return tuple(name for name in self.fitted.data if name in self.drawn.generated_quantities)


def read_programs(asked: Calibration) -> Programs:
    """Ask stanc about both programs and check that they belong together.

    Raises
    ------
    HarnessError
        If a file is missing or broken, stanc refuses a program, the simulator has parameters,
        something that the model needs is neither simulated nor given, or a method cannot fit.
    """
    if asked.replicates < FEWEST_REPLICATES:
        raise CalibrationError(
            f"{asked.replicates} replicates are too few to see miscalibration; give at least "
            f"{FEWEST_REPLICATES}, better 200 or more"
        )
    given = _given(asked.data)
    simulator = _bare(asked.simulate)
    drawn = describe_program(simulator)
    if drawn.parameters and not asked.posterior:
        raise CalibrationError(
            f"program '{shown(asked.simulate.name)}' has the parameter '{drawn.parameters[0]}', "
            "which would have to be sampled; draw it from its prior in generated quantities"
        )
    fitted = describe_program(_bare(asked.model))
    programs = Programs(
        simulator=simulator,
        model=_model(asked, fitted),
        drawn=drawn,
        fitted=fitted,
        given=given,
    )
    _check_names(asked, programs)
    _check_contract(asked, programs)
    _check_methods(asked, programs)
    return programs


def _bare(file: Path) -> Program:
    return Program(name=plain_name(file.stem), file=file.resolve(), parameters=())


def _given(data: Path | Mapping[str, Any] | None) -> Mapping[str, Value]:
    """Read the data that are the same in all replicates."""
    if data is None:
        return {}
    if isinstance(data, Mapping):
        return plain_variables(data)
    if not is_stan_json(data):
        raise CalibrationError(f"data file '{shown(str(data))}' must end in {', '.join(SUFFIXES)}")
    dataset: Dataset = make_dataset(_GIVEN, file=data)
    return dataset.variables or {}


def _check_names(asked: Calibration, programs: Programs) -> None:
    """Refuse programs of which one needs what the other does not draw."""
    drawn, fitted, given = programs.drawn, programs.fitted, programs.given
    model, simulate = shown(asked.model.name), shown(asked.simulate.name)
    if not fitted.parameters:
        raise CalibrationError(f"program '{model}' has no parameters; there is nothing to fit")
    kind = "variable" if asked.posterior else "generated quantity"
    own = {*drawn.parameters, *drawn.transformed_parameters} if asked.posterior else set()
    for name in fitted.parameters:
        if name not in {*own, *drawn.generated_quantities}:
            raise CalibrationError(
                f"'{name}' is a parameter of '{model}', but no {kind} of '{simulate}'; "
                "draw it there from its prior"
            )
    missing = missing_data(drawn.inputs, drawn.input_vars, given)
    if missing:
        raise CalibrationError(
            f"'{missing[0]}' is data of '{simulate}', but not in the data given; add it"
        )
    problem = data_problem(drawn.inputs, drawn.input_vars, given)
    if problem:
        raise CalibrationError(f"of the data given to '{simulate}', {problem}")
    weight = {asked.weight: 1.0} if asked.weight else {}
    simulated = set() if asked.posterior else set(drawn.generated_quantities)
    fixed = {name: value for name, value in given.items() if name not in simulated}
    problem = data_problem(fitted.inputs, fitted.input_vars, {**fixed, **weight})
    if problem:
        raise CalibrationError(f"of the data given to '{model}', {problem}")
    for name in missing_data(fitted.inputs, fitted.input_vars, {**given, **weight}):
        if name not in simulated:
            raise CalibrationError(
                f"'{name}' is data of '{model}', but neither a generated quantity of '{simulate}' "
                "nor in the data given; add it to one of them"
            )
    if asked.posterior and not (drawn.parameters and programs.replicated_data):
        raise CalibrationError(
            f"'{simulate}' needs parameters, and a generated quantity 'y_rep' for data 'y' of "
            f"'{model}', to replicate data given the observed ones"
        )


def _check_contract(asked: Calibration, programs: Programs) -> None:
    """Refuse a contract that names what is no data of the model."""
    declared = programs.fitted.data
    for name in sorted(asked.contract.names if asked.contract else ()):
        if name not in declared:
            raise CalibrationError(
                f"the contract names '{name}', which is no data of '{shown(asked.model.name)}'"
                f"{did_you_mean(name, declared)}"
            )


def _check_methods(asked: Calibration, programs: Programs) -> None:
    """Refuse methods that cannot fit, whatever is drawn: all but too few rows is known by now."""
    dataset = Dataset(name=_GIVEN, variables=programs.given)
    bare = replace(programs.model, contract=None)
    for method in asked.named_methods(1 if asked.contract else None).values():
        method.check(dataset, bare)


def _model(asked: Calibration, fitted: ProgramVariables) -> Program:
    """Describe the program to fit, with what is ranked."""
    known = (
        *fitted.parameters,
        *fitted.transformed_parameters,
        *fitted.generated_quantities,
    )
    named = asked.components
    variables = asked.variables or fitted.parameters
    wanted = (*variables, *((named.means, named.shares) if named else ()))
    for name in wanted:
        if name not in known:
            raise CalibrationError(
                f"program '{shown(asked.model.name)}' has no variable '{name}'"
                f"{did_you_mean(name, known)}"
            )
    return Program(
        name=plain_name(asked.model.stem),
        file=asked.model.resolve(),
        contract=asked.contract,
        parameters=tuple(dict.fromkeys(wanted)),
        components=named,
    )

"""Arguments of another kind than a Python function takes are refused in a line, before any work."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import harness
from harness.api.arguments import methods_of, names_of, seed_of, whole_number
from harness.errors import HarnessError
from harness.program import compilation
from tests.cases import PROJECT
from tests.known_posteriors import MODELS

MODEL, DATA = MODELS / "ar1.stan", MODELS / "ar1.json"
EXAMPLES = PROJECT / "examples" / "calibrate"
CALIBRATED = {
    "simulate": EXAMPLES / "regression_simulate.stan",
    "model": EXAMPLES / "regression.stan",
    "data": EXAMPLES / "regression.json",
}
STUDY = PROJECT / "tests" / "data" / "studies" / "ar1.toml"
#: A store that nobody can make.
NOWHERE = "/proc/nowhere"
ADVI = harness.method("advi")
ROWS_OF_NOTHING = harness.DataContract(row_variables=("y",), n_rows="n_nothing")


def uniform(variable: str, *shape: int) -> dict[str, np.ndarray]:
    """Return draws of four chains by name."""
    return {variable: np.random.default_rng(1).random((4, 200, *shape))}


#: What is given in the place of a good argument, and what the line must say of it.
WRONG: tuple[tuple[Callable[..., Any], dict[str, Any], str], ...] = (
    (harness.fit, {"data": None}, "NoneType"),
    (harness.fit, {"data": pd.DataFrame({"y": [1.0]})}, "DataFrame"),
    (harness.fit, {"model": 3}, "int"),
    (harness.fit, {"budget_s": "10"}, "'10'"),
    (harness.fit, {"seed": -1}, "-1"),
    (harness.fit, {"seed": 2**31}, f"{2**31}"),
    (harness.fit, {"seed": 1.5}, "1.5"),
    (harness.fit, {"rows_files": ["y.npy"]}, "y.npy"),
    (harness.compare, {"data": [1, 2]}, "list"),
    (harness.compare, {"methods": 3}, "3"),
    (harness.compare, {"methods": [3]}, "3"),
    (harness.compare, {"methods": [("a", "advi")]}, "('a', 'advi')"),
    (harness.compare, {"variables": [3]}, "3"),
    (harness.compare, {"reference": 3}, "int"),
    (harness.compare, {"replicates": 1.5}, "1.5"),
    (harness.compare, {"replicates": "3"}, "'3'"),
    (harness.compare, {"subsample": 2.5}, "2.5"),
    (harness.compare, {"batch": True}, "True"),
    (harness.compare, {"seed": "1"}, "'1'"),
    (harness.compare, {"jobs": "2"}, "'2'"),
    (harness.compare, {"time_limit_s": "2"}, "'2'"),
    (harness.compare, {"components": "mu"}, "str"),
    (harness.density, {"data": 3}, "int"),
    (harness.density, {"threads": 0}, "0"),
    (harness.density, {"data": {"T": 3}}, "'y'"),
    (harness.density, {"threads": "two"}, "'two'"),
    (harness.density, {"exact_curvature": "yes"}, "'yes'"),
    (harness.density, {"native": "yes"}, "'yes'"),
    (harness.fit, {"native": "yes"}, "'yes'"),
    (harness.fit, {"progress": 3}, "3"),
    (harness.compare, {"contract": "y"}, "str"),
    (harness.compare, {"rows": 3}, "3"),
    (harness.compare, {"rows": "n"}, "'n'"),
    (harness.compare, {"store": 3}, "3"),
    (harness.compare, {"store": NOWHERE}, NOWHERE),
    (harness.compare, {"scheduler": 3}, "3"),
    (harness.compare, {"progress": 3}, "3"),
    (harness.compare, {"retry_failed": "yes"}, "'yes'"),
    (harness.compare, {"methods": ["nutz"], "batch": 5}, "nutz"),
    (harness.compare, {"methods": ["advi", "advi"]}, "advi"),
    (harness.compare, {"batch": 10_000}, "10000"),
    (harness.compare, {"reference": "nowhere.json"}, "nowhere.json"),
    (harness.judge, {"fit": uniform("nu")}, "nu"),
    (harness.judge, {"reference": uniform("nu")}, "nu"),
    (harness.judge, {"reference": uniform("rho")}, "same draws"),
    (harness.judge, {"reference": uniform("rho", 2)}, "rho[2]"),
    (harness.judge, {"variables": ["nu"]}, "nu"),
    (harness.judge, {"progress": 3}, "3"),
    (lambda **_: harness.method(3), {}, "3"),  # type: ignore[arg-type]
    (harness.judge, {"data": {"T": 3}}, "'y'"),
    (harness.run_study, {"path": 3}, "3"),
    (harness.run_study, {"scale": 3}, "3"),
    (harness.run_study, {"posteriordb": 3}, "3"),
    (harness.run_study, {"store": NOWHERE}, NOWHERE),
    (harness.calibrate, {"methods": ["nutz"]}, "nutz"),
    (harness.calibrate, {"methods": []}, "nuts"),
    (harness.calibrate, {"methods": ["advi", ("default", ADVI)]}, "advi / default"),
    (harness.calibrate, {"methods": ["subsample_advi"]}, "'m'"),
    (harness.calibrate, {"methods": [harness.method("pathfinder", n_draws=9999)]}, "9999"),
    (harness.calibrate, {"contract": "y"}, "str"),
    (harness.calibrate, {"contract": ROWS_OF_NOTHING}, "n_nothing"),
    (harness.calibrate, {"posterior": "yes"}, "'yes'"),
    (harness.calibrate, {"store": NOWHERE}, NOWHERE),
    (harness.calibrate, {"data": {"N": 2, "K": 1, "x": [[1.0]]}}, "x"),
)
#: What is given beside what is wrong.
RIGHT: dict[Callable[..., Any], dict[str, Any]] = {
    harness.judge: {"fit": uniform("rho"), "model": MODEL, "data": DATA},
    harness.run_study: {"path": STUDY},
    harness.calibrate: CALIBRATED,
}


def no_compiler(*_: object, **__: object) -> Path:
    raise AssertionError("compiled before it was refused")


@pytest.mark.usefixtures("cmdstan_home")
@pytest.mark.parametrize(("function", "differs", "told"), WRONG)
def test_another_kind_is_refused_before_a_compilation(
    function: Callable[..., Any],
    differs: dict[str, Any],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compilation, "_compiled", no_compiler)
    with pytest.raises(HarnessError) as caught:
        function(**(RIGHT.get(function, {"model": MODEL, "data": DATA}) | differs))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_text_is_one_name_and_numbers_of_numpy_are_numbers() -> None:
    advi = harness.method("advi")
    given: tuple[object, ...] = ("advi", advi, ["advi", ("mine", advi)])
    wanted: tuple[Iterable[object], ...] = (("advi",), (advi,), ("advi", ("mine", advi)))
    for one, several in zip(given, wanted, strict=True):
        assert methods_of(one) == several
    assert names_of("mu", "variables") == ("mu",)
    assert seed_of(np.int64(7)) == whole_number(np.int32(7), "n") == 7

"""Arguments of another kind than a Python function takes are refused in a line, before any work."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import harness
from harness.api.arguments import methods_of, names_of, seed_of, whole_number
from harness.errors import HarnessError
from tests.known_posteriors import MODELS

MODEL, DATA = MODELS / "ar1.stan", MODELS / "ar1.json"

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
)


@pytest.mark.usefixtures("cmdstan_home")
@pytest.mark.parametrize(("function", "differs", "told"), WRONG)
def test_another_kind_is_refused(
    function: Callable[..., Any], differs: dict[str, Any], told: str
) -> None:
    with pytest.raises(HarnessError) as caught:
        function(**({"model": MODEL, "data": DATA} | differs))
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

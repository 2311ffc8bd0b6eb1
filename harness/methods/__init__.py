"""Inference methods, one per file; this is their registry."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from harness.errors import MethodError
from harness.methods.advi import Advi, AdviFullrank
from harness.methods.base import Method, Problem, options_of
from harness.methods.laplace import Laplace
from harness.methods.minibatch_advi import MinibatchAdvi
from harness.methods.nuts import Nuts
from harness.methods.pathfinder import Pathfinder
from harness.methods.subsample_advi import SubsampleAdvi
from harness.validation import did_you_mean, first_problem

__all__ = ["METHODS", "Method", "Problem", "make_method", "options_of"]

#: Methods by the name that studies and tables use.
METHODS: Mapping[str, type[Method]] = {
    method.name: method
    for method in (Nuts, Advi, AdviFullrank, SubsampleAdvi, MinibatchAdvi, Pathfinder, Laplace)
}


def make_method(name: str, options: Mapping[str, Any]) -> Method:
    """Return a method with its options set.

    Parameters
    ----------
    name : str
        A key of :data:`METHODS`.
    options : Mapping
        Values for the method's fields; fields left out keep their defaults.

    Returns
    -------
    Method

    Raises
    ------
    MethodError
        If the method or an option is unknown, an option is missing, or its value is not allowed.
    """
    if name not in METHODS:
        raise MethodError(f"unknown method '{name}'{did_you_mean(name, METHODS)}")
    fields = {field.name: field for field in dataclasses.fields(METHODS[name])}  # type: ignore[arg-type]
    for option in options:
        if option not in fields:
            raise MethodError(
                f"method '{name}' has no option '{option}'{did_you_mean(option, fields)}"
            )
    try:
        return METHODS[name](**options)
    except ValidationError as error:
        raise MethodError(f"options of method '{name}': {first_problem(error)}") from error

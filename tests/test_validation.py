"""One line of advice out of a failed validation."""

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from harness.messages.clauses import did_you_mean, first_problem


class Box(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    width: int
    tags: list[str] = []

    @field_validator("width")
    @classmethod
    def _is_positive(cls, width: int) -> int:
        if width <= 0:
            raise ValueError("Width must be positive")
        return width


def problem_of(content: object) -> str:
    with pytest.raises(ValidationError) as caught:
        Box.model_validate(content)
    return first_problem(caught.value)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("widht", "; did you mean 'width'?"),
        ("zzz", "; known are width, tags"),
        ("", "; known are width, tags"),
    ],
)
def test_hint_is_the_nearest_name_or_all(name: str, hint: str) -> None:
    assert did_you_mean(name, iter(["width", "tags"])) == hint


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({}, "'width' is missing"),
        ({"width": "wide"}, "'width': input should be a valid integer (given: 'wide')"),
        ({"width": -1}, "'width': width must be positive (given: -1)"),
        ({"width": 1, "tags": ["a", 2]}, "'tags.1': input should be a valid string (given: 2)"),
        ({"width": [1]}, "'width': input should be a valid integer"),
    ],
)
def test_problem_says_where_what_and_which_value(content: object, problem: str) -> None:
    assert problem_of(content) == problem


def test_problem_of_the_whole_has_a_place_too() -> None:
    assert problem_of([]).startswith("'the whole': ")

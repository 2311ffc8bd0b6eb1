"""Events: what is printed is what the published schema says."""

import json
import re

import jsonschema
import pytest
from pydantic import ValidationError

from harness.execution.events import (
    EVENTS,
    Compiling,
    Event,
    Failed,
    FitDamaged,
    RunElsewhere,
    RunFinished,
    RunMeasured,
    RunStarted,
    StudyFinished,
    StudyStarted,
    schema_text,
)
from harness.fits.fit import Status
from tests.cases import PROJECT

VALIDATOR = jsonschema.Draft202012Validator(json.loads(schema_text()))

ONE_OF_EACH: list[Event] = [
    Compiling(programs=("gmm", "gmm_fused"), elapsed_s=12.5),
    StudyStarted(study="s", n_runs=2, n_to_fit=1),
    RunStarted(run="r"),
    RunFinished(
        run="r",
        status=Status.FAILED,
        from_store=False,
        fit_time_s=None,
        reason="it broke",
        n_finished=1,
        n_runs=2,
        time_left_s=None,
    ),
    RunMeasured(run="r", n_measured=1, n_runs=2),
    FitDamaged(run="r"),
    RunElsewhere(run="r"),
    StudyFinished(study="s", n_runs=2, n_stored=1, n_failed=1, report="report.md"),
    Failed(message="no"),
]


def test_published_schema_is_that_of_the_models() -> None:
    published = (PROJECT / "docs" / "events.schema.json").read_text()
    assert published == schema_text()


def test_the_page_names_all_events() -> None:
    page = (PROJECT / "docs" / "running.md").read_text()
    kinds = re.findall(r'"const": "(\w+)"', schema_text())
    assert kinds
    assert [kind for kind in kinds if f"`{kind}`" not in page] == []


@pytest.mark.parametrize("event", ONE_OF_EACH, ids=lambda event: event.event)
def test_events_are_lines_that_come_back(event: Event) -> None:
    line = event.model_dump_json()
    assert "\n" not in line
    assert EVENTS.validate_json(line) == event
    VALIDATOR.validate(json.loads(line))


def test_unknown_fields_are_refused() -> None:
    fields = json.loads(RunStarted(run="r").model_dump_json())
    assert VALIDATOR.is_valid(fields)
    fields["pid"] = 3
    assert not VALIDATOR.is_valid(fields)
    with pytest.raises(ValidationError):
        EVENTS.validate_python(fields)

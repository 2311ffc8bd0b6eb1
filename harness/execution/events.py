"""What happens while a study runs, as JSON: the models and their published schema."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, TypeAdapter

from harness.fits.fit import Status


class _Event(BaseModel):
    """What all events have."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    time: Annotated[datetime, Field(description="When, in UTC.")] = Field(
        default_factory=lambda: datetime.now(UTC)
    )


class StudyStarted(_Event):
    """The runs are planned and looked up in the store."""

    event: Literal["study_started"] = "study_started"
    study: str
    n_runs: NonNegativeInt
    n_to_fit: Annotated[NonNegativeInt, Field(description="Number of runs that need a fit.")]


class RunStarted(_Event):
    """A fit begins."""

    event: Literal["run_started"] = "run_started"
    run: str


class RunFinished(_Event):
    """A run is finished, with a new fit, a stored fit or a failure."""

    event: Literal["run_finished"] = "run_finished"
    run: str
    status: Status
    from_store: Annotated[bool, Field(description="Whether it is from the store.")]
    fit_time_s: Annotated[
        NonNegativeFloat | None, Field(description="Time of CmdStan's processes in seconds.")
    ]
    reason: Annotated[str, Field(description="Why there is no fit; empty if there is one.")]
    n_finished: NonNegativeInt
    n_runs: NonNegativeInt
    time_left_s: Annotated[
        NonNegativeFloat | None, Field(description="An estimate; null if unknown.")
    ]


class FitDamaged(_Event):
    """The digest of a stored fit is wrong; the fit is made again."""

    event: Literal["fit_damaged"] = "fit_damaged"
    run: str


class RunElsewhere(_Event):
    """Another process is fitting a run; the command waits for its result."""

    event: Literal["run_elsewhere"] = "run_elsewhere"
    run: str


class Compiling(_Event):
    """Programs are being compiled; this event is repeated every few seconds until they are."""

    event: Literal["compiling"] = "compiling"
    programs: tuple[str, ...]
    elapsed_s: NonNegativeFloat


class RunMeasured(_Event):
    """A run is measured; runs are measured while others are fitted."""

    event: Literal["run_measured"] = "run_measured"
    run: str
    n_measured: NonNegativeInt
    n_runs: NonNegativeInt


class StudyFinished(_Event):
    """Tables and report are written."""

    event: Literal["summary"] = "summary"
    study: str
    n_runs: NonNegativeInt
    n_stored: NonNegativeInt
    n_failed: NonNegativeInt
    report: Annotated[str, Field(description="Path of the report.")]


class Failed(_Event):
    """The command ends without results."""

    event: Literal["error"] = "error"
    message: str


Event = Annotated[
    Compiling
    | StudyStarted
    | RunStarted
    | RunFinished
    | RunMeasured
    | FitDamaged
    | RunElsewhere
    | StudyFinished
    | Failed,
    Field(discriminator="event"),
]

EVENTS: TypeAdapter[Event] = TypeAdapter(Event)


def events_schema() -> dict[str, Any]:
    """Return the JSON Schema of a line of ``harness run --json``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of `harness run --json`",
        **EVENTS.json_schema(mode="serialization"),
    }


def schema_text() -> str:
    """Return the schema as ``docs/events.schema.json`` holds it."""
    return json.dumps(events_schema(), indent=1) + "\n"

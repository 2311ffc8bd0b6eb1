"""What a person may want to know of a stored fit or failure; nothing depends on it."""

import importlib.metadata
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.study.study import Run

ABOUT_FILE = "about.json"


@dataclass(frozen=True, kw_only=True)
class About:
    """The run that a fit was made for, when, and with what.

    Attributes
    ----------
    run : str
        The run's label.
    dataset, program, method, variant : str
        Its names; empty if they are not known.
    created : str
        When it was made, in UTC, ISO 8601; empty if that is not known.
    versions : dict
        Of the harness and of Stan.
    """

    run: str
    dataset: str = ""
    program: str = ""
    method: str = ""
    variant: str = ""
    created: str = ""
    versions: dict[str, str] = field(default_factory=dict)


_ABOUT = TypeAdapter(About)


def now() -> str:
    """Return the time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def about_run(run: Run, *, stan_version: str) -> About:
    """Describe a run that has just ended."""
    return About(
        run=run.label,
        dataset=run.dataset,
        program=run.program,
        method=run.method.name,
        variant=run.variant,
        created=now(),
        versions={"harness": importlib.metadata.version("advi-harness"), "stan": stan_version},
    )


def about_json(about: About) -> bytes:
    """Return a description as JSON."""
    return _ABOUT.dump_json(about, indent=1)


def read_about(entry: Path) -> About | None:
    """Return an entry's description; None if it has none that can be read."""
    try:
        return _ABOUT.validate_json((entry / ABOUT_FILE).read_bytes())
    except (OSError, ValidationError):
        return None

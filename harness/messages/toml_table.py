"""Tables of a TOML file, checked when they are made: all keys known, every value of its type."""

from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, model_validator


class Table(BaseModel):
    """A TOML table whose keys are all known."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    #: Sets of keys of which exactly one must be given, complete and without keys of another.
    sources: ClassVar[tuple[tuple[str, ...], ...]] = ()

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = self.model_fields_set & {key for source in self.sources for key in source}
        if self.sources and given not in map(set, self.sources):
            raise ValueError(f"give either {' or '.join(map(_listed, self.sources))}")
        return self


def _listed(keys: tuple[str, ...]) -> str:
    """Write keys as one does in a sentence."""
    *most, last = [f"'{key}'" for key in keys]
    return f"{', '.join(most)} and {last}" if most else last

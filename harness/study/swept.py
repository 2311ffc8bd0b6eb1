"""What a study sweeps: which data sets and variants are one, but for a few values (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Setting(NamedTuple):
    """What a swept data set or variant is made from, and with which values."""

    of: str
    options: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Values that a study goes through; empty for a study that sweeps nothing.

    Attributes
    ----------
    axes : Mapping
        The values of each option that is swept, in the study's order.
    datasets : Mapping
        By name of a data set that is swept, what it is made from.
    variants : Mapping
        The same by method and variant.
    """

    axes: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    datasets: Mapping[str, Setting] = field(default_factory=dict)
    variants: Mapping[tuple[str, str], Setting] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it as a manifest has it."""
        return {
            "axes": {name: list(values) for name, values in self.axes.items()},
            "datasets": {
                name: {"of": setting.of, "options": dict(setting.options)}
                for name, setting in self.datasets.items()
            },
            "variants": [
                {
                    "method": method,
                    "variant": variant,
                    "of": setting.of,
                    "options": dict(setting.options),
                }
                for (method, variant), setting in self.variants.items()
            ],
        }

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> "Sweep":
        """Read what :meth:`as_json` returns; an empty mapping is no sweep."""
        return cls(
            axes={name: tuple(values) for name, values in content.get("axes", {}).items()},
            datasets={
                name: Setting(item["of"], item["options"])
                for name, item in content.get("datasets", {}).items()
            },
            variants={
                (item["method"], item["variant"]): Setting(item["of"], item["options"])
                for item in content.get("variants", [])
            },
        )

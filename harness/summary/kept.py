"""Measurements as the store keeps them: what decides one, and its statistics as JSON."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any

from harness.metrics.joint import JointComparison
from harness.metrics.parameter import ParameterComparison
from harness.metrics.stability import Stability
from harness.metrics.stein import KernelStein
from harness.program.program import Program
from harness.store.code import code_digest
from harness.summary.measurement import Measurement, QuantityMeasurement, WeightDiagnostics
from harness.summary.moments import Moments

#: The code that turns draws into statistics, below the package: a change of any of it makes all
#: measurements anew.  A test holds the list to what the measuring modules import.
MEASURING_CODE = (
    *("evidence/mass.py", "evidence/missed.py", "evidence/modes.py", "evidence/proposal.py"),
    *("evidence/climbs.py", "evidence/copies.py", "evidence/search.py", "evidence/wide.py"),
    "metrics/*.py",
    "fits/fit.py",
    "fits/posterior.py",
    "fits/quantities.py",
    "fits/relabel.py",
    "summary/against.py",
    "summary/chains.py",
    "summary/constants.py",
    "summary/free_scale.py",
    "summary/kept.py",
    "summary/measure.py",
    "summary/measurement.py",
    "summary/moments.py",
    "summary/stability_rows.py",
    "summary/stein.py",
    "summary/visited.py",
    "summary/weighing.py",
    "summary/weighted.py",
)
#: The fields of a quantity's measurement that JSON holds as they are.
_PLAIN = (
    *("labels", "name", "in_reference", "is_constant", "nameless"),
    *("undefined", "is_less_defined"),
)
_LIBRARIES = ("arviz-stats", "numpy", "scikit-learn", "scipy")


def measuring_digest() -> str:
    """Return a digest of the code that measures, and of the libraries that it calls."""
    return code_digest(MEASURING_CODE, _LIBRARIES)


def program_identity(program: Program) -> list[object]:
    """Return what of a program decides the quantities of its draws."""
    components = program.components
    return [list(program.parameters), components.model_dump() if components else None]


def dump_measurement(measurement: Measurement) -> bytes:
    """Return a measurement as JSON, its quantities in columns; numbers come back exactly."""
    quantities = measurement.quantities
    content = {
        **{name: [getattr(each, name) for each in quantities] for name in _PLAIN},
        "moments": _columns(Moments, (each.moments for each in quantities)),
        "has_errors": [each.errors is not None for each in quantities],
        "errors": _columns(ParameterComparison, (e.errors for e in quantities if e.errors)),
        "joint": asdict(measurement.joint) if measurement.joint else None,
        "missed_mass": measurement.missed_mass,
        "stein": asdict(measurement.stein) if measurement.stein else None,
        "has_gradients": measurement.has_gradients,
        "weights": asdict(measurement.weights) if measurement.weights else None,
        "judged_labels": measurement.judged_labels,
        "n_label_orders": measurement.n_label_orders,
        "n_symmetries": measurement.n_symmetries,
        "has_collapsed": measurement.has_collapsed,
        "mismatch": measurement.mismatch,
        "notes": measurement.notes,
    }
    return json.dumps(content).encode()


def load_measurement(content: bytes) -> Measurement:
    """Return the measurement again."""
    kept = json.loads(content)
    errors = iter(_rows(ParameterComparison, kept["errors"]))
    plain = zip(*(kept[name] for name in _PLAIN), strict=True)
    rest = zip(_rows(Moments, kept["moments"]), kept["has_errors"], strict=True)
    return Measurement(
        quantities=tuple(
            QuantityMeasurement(
                **dict(zip(_PLAIN, row, strict=True)),
                moments=moments,
                errors=next(errors) if has_errors else None,
            )
            for row, (moments, has_errors) in zip(plain, rest, strict=True)
        ),
        joint=JointComparison(**kept["joint"]) if kept["joint"] else None,
        missed_mass=kept["missed_mass"],
        stein=KernelStein(**kept["stein"]) if kept["stein"] else None,
        has_gradients=kept["has_gradients"],
        weights=WeightDiagnostics(**kept["weights"]) if kept["weights"] else None,
        judged_labels=kept["judged_labels"],
        n_label_orders=kept["n_label_orders"],
        n_symmetries=kept["n_symmetries"],
        has_collapsed=kept["has_collapsed"],
        mismatch=kept["mismatch"],
        notes=tuple(kept["notes"]),
    )


def dump_spreads(spreads: dict[tuple[str, str], Stability]) -> bytes:
    """Return what replicates say together as JSON."""
    content = {"names": list(spreads), "spreads": _columns(Stability, spreads.values())}
    return json.dumps(content).encode()


def load_spreads(content: bytes) -> dict[tuple[str, str], Stability]:
    """Return what replicates say together again."""
    kept = json.loads(content)
    names = [(labels, name) for labels, name in kept["names"]]
    return dict(zip(names, _rows(Stability, kept["spreads"]), strict=True))


def dump_steins(steins: Sequence[KernelStein | None]) -> bytes:
    """Return the Stein discrepancies of several fits as JSON."""
    return json.dumps([asdict(each) if each else None for each in steins]).encode()


def load_steins(content: bytes) -> list[KernelStein | None]:
    """Return the discrepancies again."""
    return [KernelStein(**each) if each else None for each in json.loads(content)]


def _columns(kind: type, items: Iterable[Any]) -> dict[str, list[Any]]:
    """Spread dataclass instances into a list per field."""
    rows = list(items)
    return {field.name: [getattr(row, field.name) for row in rows] for field in fields(kind)}


def _rows(kind: type, columns: dict[str, list[Any]]) -> list[Any]:
    """Return the instances again."""
    names = list(columns)
    return [
        kind(**dict(zip(names, row, strict=True))) for row in zip(*columns.values(), strict=True)
    ]

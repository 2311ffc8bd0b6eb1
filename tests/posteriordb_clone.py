"""A posteriordb clone of a few small posteriors, in its layout."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.cases import DATA

#: The series of ``ar1-plain``.
SHORT = [0.3, -0.2, 0.5, 0.1, 0.4, -0.6]


def exact_draws(y: Sequence[float]) -> list[dict[str, list[float]]]:
    """Draw from the posterior of the coefficient of ar1.stan, four chains of 250."""
    before, after = np.array(y[:-1]), np.array(y[1:])
    precision = 1 + before @ before
    rng = np.random.default_rng(8)
    draws = rng.normal(before @ after / precision, precision**-0.5, size=(4, 250))
    return [{"rho": chain.tolist()} for chain in draws]


def write_clone(folder: Path, *, draws: Mapping[str, Sequence[Mapping[str, Any]]]) -> Path:
    """Write four posteriors: those with draws, one without, and one whose program is missing.

    Parameters
    ----------
    folder : Path
        Where the clone goes.
    draws : Mapping
        By posterior its reference draws; the others of ``ar1-ar1``, ``ar1-plain`` and
        ``schools-schools`` have none.
    """
    root = folder / "clone" / "posterior_database"
    written: dict[str, Any] = {
        "posteriors/lost.json": {"model_name": "lost", "data_name": "ar1"},
        "models/info/lost.info.json": {"model_implementations": {"pymc": {}}},
    }
    for model, data in (("ar1", "ar1"), ("ar1", "plain"), ("schools", "schools")):
        name = f"{model}-{data}"
        written |= {
            f"posteriors/{name}.json": {
                "model_name": model,
                "data_name": data,
                "reference_posterior_name": name if name in draws else None,
            },
            f"models/info/{model}.info.json": {
                "model_implementations": {"stan": {"model_code": f"models/stan/{model}.stan"}}
            },
            f"data/info/{data}.info.json": {"data_file": f"data/data/{data}.json"},
        }
    for name, content in written.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))
    for below in ("models/stan", "data/data", "reference_posteriors/draws/draws"):
        (root / below).mkdir(parents=True)
    models = DATA / "models"
    for model, program in (("ar1", "ar1"), ("schools", "schools_noncentred")):
        code = (models / f"{program}.stan").read_bytes()
        (root / f"models/stan/{model}.stan").write_bytes(code)
        with zipfile.ZipFile(root / f"data/data/{model}.json.zip", "w") as archive:
            archive.write(models / f"{model}.json", f"{model}.json")
    (root / "data/data/plain.json").write_text(json.dumps({"T": 6, "y": SHORT}))
    for name, chains in draws.items():
        file = root / f"reference_posteriors/draws/draws/{name}.json.zip"
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(f"{name}.json", json.dumps(chains))
    return root.parent

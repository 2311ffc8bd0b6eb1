"""The known posteriors in posteriordb's form, as a study names them.

``python -m tools.verdicts.database`` writes them to ``studies/verdicts``; then
``harness run studies/verdicts.toml`` fits them.
"""

import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from tools.verdicts.known import Posterior
from tools.verdicts.posteriors import posteriors

FOLDER = Path("studies/verdicts")


def entry_name(posterior: Posterior) -> str:
    """Return what a posterior is called in a database: a name that files can have."""
    return re.sub(r"[^a-z0-9.]+", "-", posterior.name.lower())


def write_database(folder: Path, known: Iterable[Posterior]) -> None:
    """Write posteriors with their programs and data; there are no reference draws.

    Parameters
    ----------
    folder : Path
        Is replaced.
    known : iterable of Posterior
    """
    shutil.rmtree(folder, ignore_errors=True)
    for posterior in known:
        name, program = entry_name(posterior), posterior.program
        code, data = f"models/stan/{program}.stan", f"data/data/{name}.json"
        _write(
            folder / "posteriors" / f"{name}.json",
            {"name": name, "model_name": program, "data_name": name},
        )
        _write(
            folder / "models" / "info" / f"{program}.info.json",
            {"name": program, "model_implementations": {"stan": {"model_code": code}}},
        )
        _write(folder / "data" / "info" / f"{name}.info.json", {"name": name, "data_file": data})
        _write(
            folder / data, {key: np.asarray(each).tolist() for key, each in posterior.data.items()}
        )
        target = folder / code
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(__file__).parent / f"{program}.stan", target)


def _write(file: Path, content: dict[str, Any]) -> None:
    """Write an object as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content), encoding="utf-8")


if __name__ == "__main__":
    write_database(FOLDER, posteriors())

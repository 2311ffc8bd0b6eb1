"""Run one peer: read a job, import the peer, leave its draws and times in the job's folder."""

import importlib
import importlib.metadata
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np


def main(job_file: Path) -> None:
    """Do a job.

    Parameters
    ----------
    job_file : Path
        JSON with ``module``, ``function``, ``rows_file``, ``seeds`` and the sampler's settings;
        ``draws.npz`` and ``answer.json`` are written beside it.
    """
    job: dict[str, Any] = json.loads(job_file.read_text(encoding="utf-8"))
    contender = getattr(importlib.import_module(job["module"]), job["function"])
    answer = contender(np.load(job["rows_file"]), job)
    np.savez(job_file.with_name("draws.npz"), **answer.pop("draws"))
    packages = answer.pop("packages")
    answer["versions"] = {name: importlib.metadata.version(name) for name in packages}
    job_file.with_name("answer.json").write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""One job of this project's own: compile a program, or fit it from some seeds."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from harness.data.dataset import make_dataset
from harness.errors import HarnessError
from harness.fits.fit import Fit, Status
from harness.methods import Problem, make_method
from harness.program.compilation import compile_program
from harness.study.toml import read_study


def main(job_file: Path) -> None:
    """Do a job and leave ``answer.json`` and ``draws.npz`` beside it.

    A warm time is that of the whole call of the method: writing the data for CmdStan, its
    processes, reading the draws, and scoring those of an approximation.

    Parameters
    ----------
    job_file : Path
        JSON with ``study``, ``program`` and ``rows_file``; to fit, ``method``, ``options``,
        ``seeds`` and ``max_time_s``, a time after which no further seed is begun.
    """
    job: dict[str, Any] = json.loads(job_file.read_text(encoding="utf-8"))
    try:
        answer = _compile(job) if "method" not in job else _fit(job, job_file.parent)
    except HarnessError as error:
        answer = {"reason": str(error)}
    job_file.with_name("answer.json").write_text(json.dumps(answer), encoding="utf-8")


def _compile(job: dict[str, Any]) -> dict[str, Any]:
    program = read_study(Path(job["study"])).programs[job["program"]]
    return {"cold_time_s": compile_program(program).compile_time_s}


def _fit(job: dict[str, Any], folder: Path) -> dict[str, Any]:
    program = read_study(Path(job["study"])).programs[job["program"]]
    compiled = compile_program(program)
    dataset = make_dataset("bench", file=Path(job["rows_file"]))
    method = make_method(job["method"], job["options"])
    method.check(dataset, program)
    problem = Problem(program=compiled, dataset=dataset)
    fits: list[Fit] = []
    warms: list[float] = []
    for seed in job["seeds"]:
        start = time.perf_counter()
        fits.append(method.fit(problem, seed=seed))
        warms.append(time.perf_counter() - start)
        if fits[-1].status is not Status.OK:
            return {"reason": fits[-1].reason}
        if sum(warms) > job["max_time_s"]:
            break
    posteriors = [fit.read_draws()["posterior"] for fit in fits]
    draws: dict[str, Any] = {
        name: np.stack([posterior[name].to_numpy() for posterior in posteriors])
        for name in program.parameters
    }
    np.savez(folder / "draws.npz", **draws)
    return {
        "warm_times_s": warms,
        "fit_times_s": [fit.fit_time_s for fit in fits],
        "versions": {"Stan": compiled.stan_version},
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))

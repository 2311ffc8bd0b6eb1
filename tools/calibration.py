"""The shipped calibrations: ``python -m tools.calibration [NAME ...]`` writes results/calibration/.

Each is a pair of programs in ``examples/`` and what theory says of the methods on it. With
``--again`` pages are made anew from the saved tables, and nothing is fitted.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from inspect import cleandoc
from pathlib import Path

import harness
from harness.api import CalibrationResult, method
from harness.calibration.page import answers
from harness.calibration.running import CalibrationTables
from harness.calibration.tables import CALIBRATION_COLUMNS, METHOD_COLUMNS, RANK_COLUMNS
from harness.results.columns import read_table

EXAMPLES = Path("examples/calibrate")
RESULTS = Path("results/calibration")
#: Replicates: many where a method has to pass, fewer where it fails; as many with --scale small.
PASSES, FAILS, SMALL = 500, 200, 60
#: That of :func:`harness.calibrate` where none is given.
SEED = 1

#: Gradient ascent to its end: what is left is what the approximation cannot have.
_SETTLED = {"grad_samples": 10, "tol_rel_obj": 0.0005}


def mixture(replicates: int, jobs: int) -> CalibrationResult:
    """NUTS on the exchangeable mixture must be right on all that does not depend on labels."""
    return harness.calibrate(
        EXAMPLES / "mixture_simulate.stan",
        "stan/gmm.stan",
        EXAMPLES / "mixture.json",
        methods=["nuts"],
        components=harness.Components(means="mu", shares="pi"),
        replicates=replicates,
        jobs=jobs,
        progress=_say_every(100),
    )


def eight_schools(replicates: int, jobs: int) -> CalibrationResult:
    """NUTS on the non-centred hierarchical program must be right."""
    return harness.calibrate(
        EXAMPLES / "eight_schools_simulate.stan",
        "examples/eight_schools.stan",
        "examples/eight_schools.json",
        methods=["nuts"],
        variables=["mu", "tau", "theta"],
        replicates=replicates,
        jobs=jobs,
        progress=_say_every(100),
    )


def regression(replicates: int, jobs: int) -> CalibrationResult:
    """NUTS and Laplace must be right on two correlated coefficients; mean-field ADVI is too narrow.

    Its sds are too small by the factor √(1 - r²), where r is the correlation. *Settled* means ten
    draws for each gradient, and a stopping rule twenty times as strict as CmdStan's.
    """
    return harness.calibrate(
        EXAMPLES / "regression_simulate.stan",
        EXAMPLES / "regression.stan",
        EXAMPLES / "regression.json",
        methods=["nuts", ("settled", method("advi", **_SETTLED)), "laplace"],
        replicates=replicates,
        jobs=jobs,
        progress=_say_every(300),
    )


def subsample(replicates: int, jobs: int) -> CalibrationResult:
    """ADVI on 20 of 200 rows, chosen at random: weighted it is too narrow.

    Its centre moves with the rows that are chosen, and its width is that of all rows. Unweighted it
    is the posterior of the chosen rows, which is wide and calibrated; only the log density, of all
    rows, tells that it is another posterior. On all rows (*settled*), CmdStan's stopping rule ends
    gradient ascent off the centre, so that true values lie outside too often.
    """
    subsampled = {
        f"m=20 {name}": method("subsample_advi", m=20, weighted=weighted, **_SETTLED)
        for name, weighted in (("weighted", True), ("unweighted", False))
    }
    return harness.calibrate(
        EXAMPLES / "weighted_regression_simulate.stan",
        EXAMPLES / "weighted_regression.stan",
        EXAMPLES / "weighted_regression.json",
        methods=[("settled", method("advi", **_SETTLED)), *subsampled.items()],
        contract=harness.DataContract(
            row_variables=("x", "y"), n_rows="N", likelihood_weight="weight"
        ),
        replicates=replicates,
        jobs=jobs,
        progress=_say_every(300),
    )


CALIBRATIONS: Mapping[str, tuple[Callable[[int, int], CalibrationResult], int]] = {
    "mixture": (mixture, PASSES),
    "eight_schools": (eight_schools, PASSES),
    "regression": (regression, FAILS),
    "subsample": (subsample, FAILS),
}


def write_index(folder: Path) -> None:
    """Write what theory says and what came of each calibration that a folder has."""
    lines = ["# Calibrations", "", "`python -m tools.calibration` makes these pages:"]
    for name, (calibrated, _) in CALIBRATIONS.items():
        if not (folder / name / "methods.csv").is_file():
            continue
        methods = read_table(folder / name / "methods.csv", METHOD_COLUMNS)
        judged = read_table(folder / name / "calibration.csv", CALIBRATION_COLUMNS)
        lines += ["", f"## [{name}]({name}/report.md)", "", cleandoc(calibrated.__doc__ or ""), ""]
        lines += [f"- {sentence}" for sentence in answers(methods, judged)]
    (folder / "README.md").write_text("\n".join([*lines, ""]), encoding="utf-8")


def saved(folder: Path) -> CalibrationResult:
    """Read the tables of a calibration that was saved."""
    return CalibrationResult(
        tables=CalibrationTables(
            seed=SEED,
            ranks=read_table(folder / "ranks.csv", RANK_COLUMNS),
            calibration=read_table(folder / "calibration.csv", CALIBRATION_COLUMNS),
            methods=read_table(folder / "methods.csv", METHOD_COLUMNS),
            n_stored=0,
            manifest=json.loads((folder / "manifest.json").read_text()),
        )
    )


def _say_every(n: int) -> Callable[[str], object]:
    """Print one of so many lines."""
    told = 0

    def say(line: str) -> None:
        nonlocal told
        told += 1
        if told % n == 1:
            print(line, flush=True)

    return say


def main() -> None:
    """Run those that are named, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CALIBRATIONS))
    parser.add_argument("--scale", choices=("small", "full"), default="full")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--again", action="store_true", help="from saved tables, without fits")
    arguments = parser.parse_args()
    for name in arguments.names or CALIBRATIONS:
        calibrated, replicates = CALIBRATIONS[name]
        if arguments.again:
            result = saved(arguments.out / name)
        else:
            result = calibrated(replicates if arguments.scale == "full" else SMALL, arguments.jobs)
        print(result)
        print(f"wrote {result.save(arguments.out / name)}")
        write_index(arguments.out)


if __name__ == "__main__":
    main()

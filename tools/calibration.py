"""The shipped calibrations: ``python -m tools.calibration [NAME ...]`` writes results/calibration/.

Each is a pair of programs in ``examples/`` and what theory says of the methods on it.
"""

import argparse
from collections.abc import Callable, Mapping
from inspect import cleandoc
from pathlib import Path

import harness
from harness.api import CalibrationResult, method
from harness.calibration.page import answers
from harness.calibration.tables import CALIBRATION_COLUMNS, METHOD_COLUMNS
from harness.results.columns import read_table

EXAMPLES = Path("examples/calibrate")
RESULTS = Path("results/calibration")
#: Replicates: many where a method has to pass, fewer where it fails; as many with --scale small.
PASSES, FAILS, SMALL = 500, 200, 60

#: Gradient ascent to its end: what is left is what the approximation cannot have.
_SETTLED = {"grad_samples": 10, "tol_rel_obj": 0.0005}


def mixture(replicates: int, jobs: int) -> CalibrationResult:
    """NUTS on the exchangeable mixture: right on all that does not depend on labels."""
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
    """NUTS on the non-centred hierarchical program: right."""
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
    """Mean-field ADVI on correlated coefficients: too narrow by the root of 1 - rho squared."""
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
    """ADVI on 20 of 200 rows: weighted too narrow, unweighted right but for the log density.

    On all rows too, CmdStan's stopping rule ends gradient ascent off the centre.
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
    arguments = parser.parse_args()
    for name in arguments.names or CALIBRATIONS:
        calibrated, replicates = CALIBRATIONS[name]
        result = calibrated(replicates if arguments.scale == "full" else SMALL, arguments.jobs)
        print(result)
        print(f"wrote {result.save(arguments.out / name)}")
        write_index(arguments.out)


if __name__ == "__main__":
    main()

"""``python -m tools.verdicts.study``: count the verdicts of a comparison on approximations.

The study is ``studies/verdicts.toml``, run with its NUTS references and again without any.
"""

import argparse
import dataclasses
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import harness
from harness.api.result import StudyResult
from harness.execution.run import FittedRun
from harness.fits.fit import DrawKind, Status
from harness.methods import Problem
from harness.methods.density import open_density
from harness.methods.draw_points import unconstrained_points
from tools.verdicts.counting import Count, compare, moments_of
from tools.verdicts.database import entry_name, write_database
from tools.verdicts.files import read_counts, write_counts
from tools.verdicts.known import Posterior
from tools.verdicts.pages import page
from tools.verdicts.posteriors import posteriors

STUDY = Path("studies/verdicts.toml")
#: Full-rank ADVI of CmdStan's may wander where an ODE is stiff.
_TIME_LIMIT_S = 60.0
_REFERENCES = ("NUTS", "evidence")
_WITHOUT = 'reference = "none"\n'


def approximations(
    result: StudyResult, reference: str, known: Mapping[str, Posterior]
) -> Iterator[Count]:
    """Compare the verdicts on all approximations of a study with what is known.

    Parameters
    ----------
    result : StudyResult
    reference : str
        ``NUTS`` or ``evidence``.
    known : Mapping
        The posteriors, by the names of their data sets.

    Yields
    ------
    Count
        Its cost is that of the fit; what NUTS at its defaults costs is left at 1.
    """
    rows = {
        (row["dataset"], row["method"], row["variant"], row["replicate"]): row
        for row in result.fits_table.to_dict("records")
    }
    for name, posterior in known.items():
        items = [item for item in result.fitted if item.run.dataset == name and _is_usable(item)]
        if not items:
            continue
        problem = Problem(program=items[0].program, dataset=result.study.datasets[name])
        with open_density(problem) as density:
            for item in items:
                run = item.run
                row = rows[name, run.method.name, run.variant, run.replicate]
                parameters = problem.program.program.parameters
                points, is_free = unconstrained_points(item.fit, density, parameters)
                yield compare(
                    posterior,
                    f"{run.method.name} with {reference}",
                    seed=run.replicate,
                    verdict=str(row["verdict"]),
                    criterion=str(row["decided_by"]),
                    moments=moments_of(points) if is_free else None,
                    gradients=float(item.fit.cost.n_gradients or 0),
                )


def _is_usable(item: FittedRun) -> bool:
    """Whether a run is an approximation with draws."""
    return item.fit.status is Status.OK and item.fit.draw_kind is DrawKind.INDEPENDENT


def main() -> None:
    """Run the study both ways, and put its counts beside those of ``harness fit``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", default="full", help="of the study")
    parser.add_argument("--jobs", type=int, default=1, help="fits at once")
    parser.add_argument(
        "--only", choices=_REFERENCES, help="count anew with one kind of reference, and keep others"
    )
    parser.add_argument("--out", type=Path, default=Path("results/verdicts"))
    arguments = parser.parse_args()
    known = {entry_name(each): each for each in posteriors()}
    counts = read_counts(arguments.out / "counts.csv")
    nuts = {row.posterior: row.nuts_gradients for row in counts}
    asked = [arguments.only] if arguments.only else _REFERENCES
    kept = [row for row in counts if row.draws.partition(" with ")[2] not in asked]
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "database"
        write_database(database, known.values())
        without = Path(folder) / STUDY.name
        without.write_text(_WITHOUT + STUDY.read_text(encoding="utf-8"), encoding="utf-8")
        for reference in asked:
            result = harness.run_study(
                STUDY if reference == "NUTS" else without,
                scale=arguments.scale,
                posteriordb=database,
                jobs=arguments.jobs,
                time_limit_s=_TIME_LIMIT_S,
                progress=lambda line: print(line, flush=True),
            )
            kept += [
                dataclasses.replace(row, nuts_gradients=nuts.get(row.posterior, 1))
                for row in approximations(result, reference, known)
            ]
            order = {each.name: number for number, each in enumerate(known.values())}
            kept.sort(key=lambda row: order[row.posterior])
            write_counts(arguments.out / "counts.csv", kept)
    (arguments.out / "README.md").write_text(page(kept), encoding="utf-8")


if __name__ == "__main__":
    main()

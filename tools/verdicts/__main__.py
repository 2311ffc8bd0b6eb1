"""Count, and write the counts and their page."""

import argparse
import csv
from dataclasses import asdict, fields
from pathlib import Path

from tools.verdicts.counting import Count, approximations_again, counts, counts_again
from tools.verdicts.pages import page
from tools.verdicts.posteriors import makers

_COLUMNS = [field.name for field in fields(Count)]


def main() -> None:
    """Count the posteriors that have no counts yet, one after the other, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--wrong", type=int, default=3, help="seeds of wrong starts")
    parser.add_argument(
        "--part", default="1/1", help="as 1/2: every second posterior, beside others"
    )
    parser.add_argument("--fit-only", action="store_true", help="without approximations")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="posteriors to look at")
    parser.add_argument(
        "--again",
        action="store_true",
        help="harness fit anew where it was counted, beside the approximations that are there",
    )
    parser.add_argument(
        "--approximations",
        type=int,
        metavar="SEEDS",
        help="approximations anew, beside all else that is there",
    )
    parser.add_argument("--out", type=Path, default=Path("results/verdicts"))
    parser.add_argument("--page", action="store_true", help="only write the page again")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    file = arguments.out / "counts.csv"
    rows = _read(file) if file.is_file() else []
    part, n_parts = map(int, arguments.part.split("/"))
    for make in [] if arguments.page else makers()[part - 1 :: n_parts]:
        posterior = make()
        if arguments.only and posterior.name not in arguments.only:
            continue
        earlier = [row for row in rows if row.posterior == posterior.name]
        sizes = {"n_seeds": arguments.seeds, "n_wrong": arguments.wrong}
        if earlier and arguments.again:
            new = list(counts_again(posterior, earlier, **sizes))
        elif earlier and arguments.approximations:
            new = list(approximations_again(posterior, earlier, n_seeds=arguments.approximations))
        elif not earlier:
            new = list(counts(posterior, **sizes, compares=not arguments.fit_only))
        else:
            continue
        rows = [row for row in rows if row.posterior != posterior.name] + new
        _write(file, rows)
        print(posterior.name, flush=True)
    (arguments.out / "README.md").write_text(page(rows), encoding="utf-8")


def _write(file: Path, rows: list[Count]) -> None:
    """Write all counts."""
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(map(asdict, rows))


def _read(file: Path) -> list[Count]:
    """Read counts."""
    with file.open(encoding="utf-8", newline="") as lines:
        return [
            Count(
                posterior=row["posterior"],
                half=row["half"],
                d=int(row["d"]),
                draws=row["draws"],
                seed=int(row["seed"]),
                verdict=row["verdict"],
                criterion=row["criterion"],
                is_right=row["is_right"] == "True",
                mean_error_sd=float(row["mean_error_sd"]),
                log_sd_ratio=float(row["log_sd_ratio"]),
                gradients=float(row["gradients"]),
                nuts_gradients=int(row["nuts_gradients"]),
                ended=row["ended"],
            )
            for row in csv.DictReader(lines)
        ]


if __name__ == "__main__":
    main()

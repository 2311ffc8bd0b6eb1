"""Count, and write the counts and their page."""

import argparse
import csv
from dataclasses import asdict, fields
from pathlib import Path

from tools.verdicts.counting import Count, counts
from tools.verdicts.pages import page
from tools.verdicts.posteriors import posteriors


def main() -> None:
    """Count all posteriors, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("results/verdicts"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    rows: list[Count] = []
    with (arguments.out / "counts.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Count)], lineterminator="\n")
        writer.writeheader()
        for posterior in posteriors():
            for row in counts(posterior, arguments.seeds):
                rows.append(row)
                writer.writerow(asdict(row))
            file.flush()
            print(posterior.name, flush=True)
    (arguments.out / "README.md").write_text(page(rows), encoding="utf-8")


if __name__ == "__main__":
    main()

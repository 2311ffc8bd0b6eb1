"""Files of counts."""

import csv
from dataclasses import asdict, fields
from pathlib import Path

from tools.verdicts.counting import Count

_COLUMNS = [field.name for field in fields(Count)]


def write_counts(file: Path, rows: list[Count]) -> None:
    """Write all counts."""
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(map(asdict, rows))


def read_counts(file: Path) -> list[Count]:
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

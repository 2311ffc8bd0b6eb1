"""What ``harness fit`` does: it fits, writes draws, and shows what was tried."""

import argparse
from pathlib import Path

from harness.api.fit_result import STEP_HEADS, step_cells
from harness.api.fitting import fit
from harness.cli.arguments import named_files
from harness.cli.console import OUT, note
from harness.cli.tables import print_table
from harness.errors import ResultsError
from harness.fits.draws_csv import write_draws_csv
from harness.folders import make_writable
from harness.messages.clauses import plain_name


def fit_and_write(arguments: argparse.Namespace) -> None:
    """Fit as the command line says."""
    name = plain_name(arguments.model.stem)
    out: Path = arguments.out or Path(f"{name}_draws.nc")
    if out.is_dir():
        raise ResultsError(f"'{out}' is a folder; give a file for the draws")
    _check_places(out, arguments.csv)
    result = fit(
        arguments.model,
        arguments.data,
        rows_files=named_files(arguments.rows_file),
        budget_s=arguments.budget,
        seed=arguments.seed,
        native=arguments.native,
        progress=None if arguments.quiet else note,
    )
    written = [str(result.save(out))]
    if arguments.csv is not None:
        written += map(str, write_draws_csv(result.draws, arguments.csv, name=name))
    if not arguments.quiet:
        print_table(
            f"Draws of {name}", STEP_HEADS, [step_cells(step) for step in result.found.steps]
        )
    ended = " (the budget has ended the attempts)" if result.is_out_of_time else ""
    OUT.print(f"{result}{ended}", markup=False)
    OUT.print(f"wrote {', '.join(written)}", markup=False)


def _check_places(out: Path, csv: Path | None) -> None:
    """Refuse places that cannot be written before any work is done, not after it."""
    for option, place, folder in (("--out", out, out.parent), ("--csv", csv, csv)):
        if folder is None:
            continue
        try:
            make_writable(folder)
        except OSError as error:
            raise ResultsError(
                f"'{place}' cannot be written ({error.strerror}); give another place with {option}"
            ) from error

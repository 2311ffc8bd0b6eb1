"""``harness compare``: the whole comparison for somebody else's program."""

import argparse
from pathlib import Path

from rich.table import Table

from harness.cli.console import OUT
from harness.cli.display import Mode
from harness.cli.run import mode_of, run_and_write
from harness.comparison import DEFAULT_METHODS, Comparison, comparison_study
from harness.contracts import DataContract
from harness.errors import StudyError
from harness.table import COMPARISON_COLUMNS, FITS_COLUMNS, read_table

_SHOWN = (
    ("method", "method"),
    ("verdict", "verdict"),
    ("fit_time_s", "time (s)"),
    ("k_hat", "k-hat"),
    ("verdict_reason", "because"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``harness compare`` takes beside what every run takes."""
    parser.add_argument("model", type=Path, metavar="MODEL.stan", help="a Stan program")
    parser.add_argument(
        "data", type=Path, metavar="DATA.json", help="its data, in CmdStan's JSON, or zipped"
    )
    parser.add_argument(
        "--methods",
        default=",".join(DEFAULT_METHODS),
        metavar="A,B,...",
        help=f"methods to compare (default: {','.join(DEFAULT_METHODS)})",
    )
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="DRAWS",
        help="reference draws in posteriordb's JSON form, in place of a NUTS run",
    )
    parser.add_argument(
        "--variables",
        default="",
        metavar="A,B,...",
        help="what tables show (default: parameters and transformed parameters)",
    )
    parser.add_argument(
        "--replicates", type=int, default=1, metavar="R", help="runs of each approximation"
    )
    parser.add_argument("--seed", type=int, default=1, help="decides all randomness (default: 1)")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="where tables and report go (default: results/ and the program's name)",
    )
    contract = parser.add_argument_group("what a row is, for subsample_advi")
    contract.add_argument("--rows", default="", metavar="A,B,...", help="arrays with rows")
    contract.add_argument("--n-rows", metavar="N", help="the integer that counts them")
    contract.add_argument("--weight", metavar="W", help="the real that weights their likelihood")
    contract.add_argument("--subsample", type=int, metavar="m", help="rows of a subsample")


def compare(arguments: argparse.Namespace) -> None:
    """Compare methods on one program, and print what came of it."""
    study = comparison_study(_asked(arguments))
    out = arguments.out or Path("results") / study.name
    folder = run_and_write(study, out, arguments)
    if mode_of(arguments) is Mode.USUAL:
        _print_verdicts(folder)


def _names(text: str) -> tuple[str, ...]:
    """Split a list of names."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _asked(arguments: argparse.Namespace) -> Comparison:
    """Read the command line."""
    return Comparison(
        model=arguments.model,
        data=arguments.data,
        methods=_names(arguments.methods),
        variables=_names(arguments.variables),
        reference=arguments.reference,
        contract=_contract(arguments),
        subsample=arguments.subsample,
        replicates=arguments.replicates,
        seed=arguments.seed,
    )


def _contract(arguments: argparse.Namespace) -> DataContract | None:
    """Read what a row is."""
    parts = (_names(arguments.rows), arguments.n_rows, arguments.weight)
    if not any(parts):
        return None
    if not all(parts):
        raise StudyError("give --rows, --n-rows and --weight together, or none of them")
    return DataContract(
        row_variables=parts[0], n_rows=arguments.n_rows, likelihood_weight=arguments.weight
    )


def _print_verdicts(folder: Path) -> None:
    """Print the verdict on each fit and on each of its quantities."""
    fits = read_table(folder / "fits.csv", FITS_COLUMNS)
    table = Table(*[title for _, title in _SHOWN], title="Verdicts")
    for row in fits.astype(object).where(fits.notna(), None).to_dict("records"):
        label = f"{row['method']} {row['variant']}"
        label += f" #{row['replicate']}" if row["replicate"] > 1 else ""
        because = row["verdict_reason"] or row["reason"] or ""
        numbers = [_short(row[name]) for name in ("fit_time_s", "k_hat")]
        table.add_row(label, row["verdict"] or row["status"], *numbers, because)
    OUT.print(table)
    _print_errors(folder)


def _print_errors(folder: Path) -> None:
    """Print the error of each mean in reference sds."""
    rows = read_table(folder / "comparison.csv", COMPARISON_COLUMNS)
    judged = rows[(rows["labels"] == "raw") & rows["mean_error_sd"].notna()]
    if judged.empty:
        return
    judged = judged[judged["replicate"] == 1]
    wide = judged.pivot_table(
        index="parameter", columns="method", values="mean_error_sd", sort=False
    )
    table = Table("parameter", *map(str, wide.columns), title="Mean error (reference sds)")
    for name, values in wide.iterrows():
        table.add_row(str(name), *[_short(value) for value in values])
    OUT.print(table)


def _short(value: object) -> str:
    """Write a number with three digits."""
    return "n/a" if value is None or value != value else f"{float(str(value)):.3g}"  # noqa: PLR0124

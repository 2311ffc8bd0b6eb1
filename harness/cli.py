"""The command line: the only place that prints or exits."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from harness.bench import PARTS, Bench, part_names, run_bench, sizes, update_readme
from harness.cache import cache_folder
from harness.cmdstan import commands as cmdstan_commands
from harness.errors import HarnessError, ResultsError
from harness.fit import Status
from harness.manifest import make_manifest, write_manifest
from harness.plot import save_figures, study_figures
from harness.published import Published, read_published
from harness.reference import ReferenceDraws, read_references
from harness.report import write_report
from harness.results import open_results_folder
from harness.runner import FittedRun, compile_all, run_study
from harness.store import Store
from harness.study import Study, read_study
from harness.summary import summarise
from harness.table import (
    COMPARISON_COLUMNS,
    FITS_COLUMNS,
    STABILITY_COLUMNS,
    make_table,
    write_table,
)

#: Exit code when the input, or the machine's set-up, must be mended first.
EXIT_USER_ERROR = 2
#: Exit code of a command that was interrupted from the keyboard.
EXIT_INTERRUPTED = 130

_OUT = Console(highlight=False, soft_wrap=True)
_ERR = Console(stderr=True, highlight=False, soft_wrap=True)


def _note(text: str) -> None:
    """Say a step of something that takes a while."""
    _ERR.print(text, markup=False)


def _progress() -> Progress:
    """Return the bar that shows which run is under way."""
    return Progress(
        SpinnerColumn(),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=_ERR,
        transient=True,
        disable=not _ERR.is_terminal,
    )


def _outcome(item: FittedRun) -> str:
    """Say in one line how a run ended; what a bar shows of it does not reach a log file."""
    if item.fit.status is not Status.OK:
        return f"{item.fit.status}: {item.run.label}: {item.fit.reason}"
    return f"{item.run.label}: {'stored' if item.from_store else f'{item.fit.fit_time_s:.1f} s'}"


def _fit_all(study: Study, store: Store) -> list[FittedRun]:
    """Run a study behind a progress bar."""
    fitted: list[FittedRun] = []
    with _progress() as progress:
        task = progress.add_task("compiling the programs", total=len(study.runs))
        programs = compile_all(study.programs)
        runs = run_study(
            study,
            store=store,
            programs=programs,
            on_start=lambda run: progress.update(task, description=run.label),
        )
        for item in runs:
            fitted.append(item)
            progress.advance(task)
            if item.fit.status is Status.FAILED or not _ERR.is_terminal:
                progress.print(_outcome(item), markup=False)
        progress.update(task, description="done")
    return fitted


def _published(study: Study) -> Published | None:
    """Read the numbers that a study sets beside its own, if it names any."""
    return read_published(study.published) if study.published else None


def _write_results(
    study: Study,
    fitted: Sequence[FittedRun],
    folder: Path,
    *,
    references: Mapping[str, ReferenceDraws],
    published: Published | None,
) -> None:
    """Write everything that a study leaves behind."""
    summary = summarise(study, fitted, references)
    write_table(make_table(summary.comparison, COMPARISON_COLUMNS), folder / "comparison.csv")
    write_table(make_table(summary.fits, FITS_COLUMNS), folder / "fits.csv")
    write_table(make_table(summary.stability, STABILITY_COLUMNS), folder / "stability.csv")
    write_manifest(make_manifest(study, fitted), folder / "manifest.json")
    save_figures(study_figures(study, fitted), folder / "figures")
    write_report(folder, published=published)


def _run(arguments: argparse.Namespace) -> None:
    study = read_study(arguments.study)
    folder = open_results_folder(arguments.results / study.name)
    published = _published(study)
    references = read_references(study)
    store = Store(folder=arguments.store)
    store.check_writable()
    fitted = _fit_all(study, store)
    _note("measuring the fits")
    _write_results(study, fitted, folder, references=references, published=published)
    n_stored = sum(item.from_store for item in fitted)
    n_failed = sum(item.fit.status is Status.FAILED for item in fitted)
    _OUT.print(
        f"{len(fitted)} runs: {n_stored} from the store, {n_failed} failed; "
        f"wrote {folder / 'report.md'}"
    )


def _report(arguments: argparse.Namespace) -> None:
    study = read_study(arguments.study)
    folder = arguments.results / study.name
    if not folder.is_dir():
        raise ResultsError(f"there are no results in '{folder}'; run the study first")
    open_results_folder(folder)
    write_report(folder, published=_published(study))
    _OUT.print(f"wrote {folder / 'report.md'}")


def _bench(arguments: argparse.Namespace) -> None:
    bench = Bench(
        study=read_study(arguments.study),
        study_file=arguments.study,
        sizes=sizes(
            quick=arguments.quick, repeats=arguments.repeats, time_limit_s=arguments.time_limit
        ),
        peers_python=arguments.peers / "bin" / "python",
        note=_note,
    )
    only = part_names(arguments.only)
    run_bench(bench, open_results_folder(arguments.results / "bench"), only=only)
    _OUT.print(f"wrote {arguments.results / 'bench' / 'README.md'}", markup=False)


def _speed_table(arguments: argparse.Namespace) -> None:
    update_readme(arguments.readme, arguments.results / "bench")
    _OUT.print(f"wrote {arguments.readme}", markup=False)


def _cmdstan_path(_: argparse.Namespace) -> None:
    _OUT.print(cmdstan_commands.path(), markup=False)


def _cmdstan_install(arguments: argparse.Namespace) -> None:
    line = cmdstan_commands.install(release=arguments.release, report=_note)
    _OUT.print(line, markup=False)


def _cmdstan_doctor(_: argparse.Namespace) -> int:
    report = cmdstan_commands.doctor()
    for line in report.lines():
        _OUT.print(line, markup=False)
    return EXIT_USER_ERROR if report.problems else 0


def _cmdstan_clean(_: argparse.Namespace) -> None:
    _OUT.print(cmdstan_commands.clean(_note), markup=False)


def _add_study_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what all commands on a study take."""
    parser.add_argument("study", type=Path, metavar="STUDY", help="a study's TOML file")
    parser.add_argument(
        "--results",
        type=Path,
        default=Path("results"),
        metavar="FOLDER",
        help="where results go, in a folder of the study's name (default: results)",
    )


def _add_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    action: Callable[[argparse.Namespace], int | None],
    text: str,
) -> argparse.ArgumentParser:
    """Declare a command: its name, what it calls, and what it says of itself."""
    parser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.set_defaults(action=action)
    return parser


def _add_bench(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the bench and what writes its table into the README."""
    bench = _add_command(commands, "bench", _bench, "time this project beside its peers")
    _add_study_arguments(bench)
    bench.add_argument("--only", metavar="PARTS", help=f"some of {','.join(PARTS)}")
    bench.add_argument("--quick", action="store_true", help="small sizes, to see that it works")
    repeats = "seeds of each NUTS run (default: 3); peers take minutes and have 1"
    bench.add_argument("--repeats", type=int, metavar="N", help=repeats)
    limit = "what takes longer is not timed on more rows (default: 60)"
    bench.add_argument("--time-limit", type=float, metavar="SECONDS", help=limit)
    peers = "the environment that has the peers (default: .venv-peers)"
    bench.add_argument(
        "--peers", type=Path, default=Path(".venv-peers"), metavar="FOLDER", help=peers
    )
    table = _add_command(commands, "speed-table", _speed_table, "write bench results into a README")
    table.add_argument("--results", type=Path, default=Path("results"), metavar="FOLDER")
    table.add_argument("--readme", type=Path, default=Path("README.md"), metavar="FILE")


def _parser() -> argparse.ArgumentParser:
    """Declare the command line."""
    parser = argparse.ArgumentParser(
        prog="harness", description="Compare NUTS, ADVI and subsampled ADVI on Stan programs."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = _add_command(commands, "run", _run, "run a study and write its tables and report")
    _add_study_arguments(run)
    run.add_argument(
        "--store",
        type=Path,
        default=cache_folder() / "fits",
        metavar="FOLDER",
        help="where fits are kept and found again (default: the user's cache folder)",
    )
    _add_study_arguments(
        _add_command(commands, "report", _report, "write a report again from saved tables")
    )
    _add_bench(commands)
    cmdstan = commands.add_parser("cmdstan", help="find, build, inspect or remove a CmdStan")
    actions = cmdstan.add_subparsers(required=True, metavar="ACTION")
    _add_command(actions, "path", _cmdstan_path, "print the folder of the CmdStan that is used")
    install = _add_command(
        actions, "install", _cmdstan_install, "build a CmdStan home from wheels, if there is none"
    )
    install.add_argument(
        "--release", action="store_true", help="download a CmdStan release instead"
    )
    _add_command(actions, "doctor", _cmdstan_doctor, "say what is used, and what is missing")
    _add_command(actions, "clean", _cmdstan_clean, "remove the CmdStan homes that were built")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process by default.

    Returns
    -------
    int
        0; 2 if something must be mended first, said in one line on standard error.
    """
    arguments = _parser().parse_args(argv)
    try:
        exit_code: int | None = arguments.action(arguments)
    except HarnessError as error:
        _ERR.print(f"harness: {error}", markup=False)
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        _ERR.print("harness: interrupted; finished fits are kept, the same command goes on")
        return EXIT_INTERRUPTED
    return exit_code or 0


if __name__ == "__main__":
    sys.exit(main())

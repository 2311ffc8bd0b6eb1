"""What ``harness store`` does: list the store, verify it, remove what nobody needs."""

from collections.abc import Sequence
from pathlib import Path

from harness.api.figures import plotting_digest
from harness.cli.console import EXIT_USER_ERROR, OUT
from harness.execution.run import study_keys
from harness.messages.numerals import counted
from harness.program.compilation import program_digest
from harness.store import Measurements, Store
from harness.store.upkeep import collect_garbage, damaged_entries, list_entries, size_text
from harness.study.study import Study
from harness.summary.kept import measuring_digest


def print_store(folder: Path) -> None:
    """List the fits of a store."""
    store = Store(folder=folder)
    entries = list(list_entries(store))
    for entry in sorted(entries, key=lambda entry: entry.about.created):
        OUT.print(entry.line, markup=False)
    total = size_text(sum(entry.size_bytes for entry in entries))
    n_failed = len(store.failed_keys())
    kept = Measurements(store=store)
    n_kept, kept_size = len(list(kept.all())), size_text(kept.size_bytes())
    OUT.print(
        f"{counted(len(entries), 'fit')}, {total}; {counted(n_kept, 'set')} of measurements and "
        f"figures, {kept_size}; {counted(n_failed, 'stored failure')}"
    )


def verify_store(folder: Path) -> int:
    """Check the digests of a store, and return the exit code."""
    store = Store(folder=folder)
    damaged = list(damaged_entries(store))
    for entry in damaged:
        OUT.print(f"damaged: {entry.line}", markup=False)
    OUT.print(
        f"{_are_damaged(len(damaged), 'fit')}; the next run that needs one makes it again"
        if damaged
        else "no fit is damaged"
    )
    n_kept = sum(not kept.is_whole for kept in Measurements(store=store).all())
    if n_kept:
        OUT.print(
            f"{_are_damaged(n_kept, 'measurement')}; the next run that needs one makes it again"
        )
    return EXIT_USER_ERROR if damaged or n_kept else 0


def _are_damaged(number: int, noun: str) -> str:
    """Say how many things are damaged."""
    return f"{counted(number, noun)} {'is' if number == 1 else 'are'} damaged"


def clean_store(folder: Path, *, keep: Sequence[Study], dry_run: bool) -> None:
    """Remove leftovers and, if there are studies to keep, what none of them uses."""
    kept: set[str] | None = None
    if keep:
        kept = set()
        for study in keep:
            digests = {name: program_digest(item) for name, item in study.programs.items()}
            kept |= set(study_keys(study, digests))
    removal = collect_garbage(
        Store(folder=folder),
        kept,
        dry_run=dry_run,
        codes=(measuring_digest(), plotting_digest()),
    )
    verb = "would remove" if dry_run else "removed"
    for entry in removal.entries:
        OUT.print(f"{verb}: {entry.line}", markup=False)
    total = size_text(sum(entry.size_bytes for entry in removal.entries))
    OUT.print(
        f"{verb} {counted(len(removal.entries), 'fit')} ({total}), "
        f"{counted(removal.n_failures, 'failure')}, "
        f"{counted(removal.n_measurements, 'measurement')} without a fit, "
        f"{counted(removal.n_leftovers, 'temporary file')} of killed processes"
    )

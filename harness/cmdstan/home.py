"""The CmdStan home in the user's cache folder: built beside, then renamed, under a lock."""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock

from harness.cmdstan.build import Beside, compile_home
from harness.cmdstan.toolchain import check_disk, check_tools
from harness.cmdstan.wheel import find_wheel, home_name, lay_out
from harness.errors import CacheFolderError, DiskSpaceError
from harness.folders import cache_folder

_BUILDING = ".building-"
_DISCARDED = ".discarded-"
_HOME = "cmdstan-"
_FULL = (errno.ENOSPC, errno.EDQUOT)


def silent(_message: str) -> None:
    """Report nothing."""


def homes_folder() -> Path:
    """Return the folder that holds the homes, one per version; it need not exist yet."""
    return cache_folder() / "cmdstan"


def home_path() -> Path:
    """Return where this version's home is or would be."""
    return homes_folder() / home_name()


def is_complete(home: Path) -> bool:
    """Return whether a folder has what cmdstanpy demands of a CmdStan, built."""
    needed = ("makefile", "bin/stanc", "bin/stansummary", "bin/diagnose")
    return all((home / name).is_file() for name in needed)


def install_home(report: Callable[[str], None] = silent, beside: Beside | None = None) -> Path:
    """Build this version's home unless it is there.

    It is built in a folder beside its own and renamed at the end: an install that is killed at any
    moment leaves no half-made home, and the next one clears what it left.  Of two installs at once
    the second waits and finds the first one's work.

    Parameters
    ----------
    report
        Told of each step, in a few words.
    beside
        What is compiled while this process builds a home.

    Returns
    -------
    Path
        The home.

    Raises
    ------
    CmdStanMissingError
        The httpstan wheel is not there.
    ToolchainError
        The compiler or make is missing.
    DiskSpaceError
        The disk is full or would be.
    CacheFolderError
        The cache folder cannot be written.
    CmdStanBuildError
        The home does not compile.
    """
    home = home_path()
    if is_complete(home):
        return home
    check_tools()
    wheel = find_wheel()
    with _with_advice(home.parent), _locked(home.parent, report):
        if is_complete(home):
            return home
        _clear_left_overs(home)
        check_disk(home.parent)
        building = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=home.parent))
        try:
            building.chmod(0o755)
            lay_out(wheel, building, report)
            compile_home(building, home.parent / "install.log", report, beside)
            os.sync()
            building.rename(home)
        except BaseException:
            _discard(building)
            raise
    return home


def remove_homes(report: Callable[[str], None] = silent) -> list[Path]:
    """Remove all homes of all versions, and what interrupted installs left.

    Returns
    -------
    list of Path
        The homes that were removed.

    Raises
    ------
    CacheFolderError
        The cache folder cannot be written.
    """
    folder = homes_folder()
    if not folder.exists():
        return []
    with _with_advice(folder), _locked(folder, report):
        homes = sorted(folder.glob(f"{_HOME}*"))
        for path in [*homes, *folder.glob(f"{_BUILDING}*"), *folder.glob(f"{_DISCARDED}*")]:
            _discard(path)
        (folder / "install.log").unlink(missing_ok=True)
    return homes


@contextmanager
def _locked(folder: Path, report: Callable[[str], None]) -> Iterator[None]:
    """Hold the folder's lock, which the system lets go when its holder dies."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        report("waiting for another install to end")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _with_advice(folder: Path) -> Iterator[None]:
    """Turn an error of the system about a folder into one line of advice."""
    remedy = "set XDG_CACHE_HOME to a folder with write permission"
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskSpaceError(
                f"the disk that holds {folder} is full; free some space, "
                "or set XDG_CACHE_HOME to a folder on a larger disk"
            ) from error
        raise CacheFolderError(
            f"the cache folder {folder} cannot be used ({error.strerror or error}); {remedy}"
        ) from error
    except NotImplementedError as error:  # filelock's word for a file system without locks
        raise CacheFolderError(
            f"the cache folder {folder} does not support file locks; {remedy}"
        ) from error


def _clear_left_overs(home: Path) -> None:
    """Remove what interrupted installs left; nobody else builds while the lock is held."""
    for pattern in (f"{_BUILDING}*", f"{_DISCARDED}*"):
        for path in home.parent.glob(pattern):
            _discard(path)
    if home.exists():
        _discard(home)


def _discard(path: Path) -> None:
    """Remove a folder, its name first, so that a kill half-way leaves nothing that counts."""
    target = path
    if not path.name.startswith(_DISCARDED):
        target = Path(tempfile.mkdtemp(prefix=_DISCARDED, dir=path.parent)) / path.name
        with suppress(FileNotFoundError):
            path.rename(target)
        target = target.parent
    shutil.rmtree(target, ignore_errors=True)

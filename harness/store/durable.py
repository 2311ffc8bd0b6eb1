"""Files that survive a killed process and a power cut, and folders of work under a lock."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import filelock


def write_durably(file: Path, content: bytes) -> None:
    """Write a file and wait until the disk has it."""
    with file.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the disk has a folder's names; file systems that cannot are left alone."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(descriptor)


def try_lock(file: Path) -> filelock.BaseFileLock | None:
    """Lock a file if no other process or thread has it locked; the end of a process unlocks."""
    lock = filelock.FileLock(file, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        return None
    return lock


def drop_lock(lock: filelock.BaseFileLock) -> None:
    """Unlock, and remove the file first, so that a name is never another's to remove."""
    Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """A folder where processes make things before they are renamed to their place.

    Each thing has a folder of its own and, beside it, a lock that its process holds.  What is
    there without a holder was left behind by a process that was killed.

    Attributes
    ----------
    folder : Path
        On the file system of the places that things go to.
    guard : Path
        The lock under which folders are opened and swept.
    """

    folder: Path
    guard: Path

    @contextmanager
    def bench(self) -> Iterator[Path]:
        """Give an empty folder that is gone at the end; rename what shall stay."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(self.guard):
            own = Path(tempfile.mkdtemp(dir=self.folder))
            lock = try_lock(own.with_name(f"{own.name}.lock"))
        try:
            yield own
        finally:
            shutil.rmtree(own, ignore_errors=True)
            if lock is not None:
                drop_lock(lock)

    def sweep(self) -> int:
        """Remove what killed processes left; return how many things that were."""
        if not self.folder.is_dir():
            return 0
        n_removed = 0
        with filelock.FileLock(self.guard):
            for name in {path.name.removesuffix(".lock") for path in self.folder.iterdir()}:
                lock = try_lock(self.folder / f"{name}.lock")
                if lock is not None:
                    shutil.rmtree(self.folder / name, ignore_errors=True)
                    drop_lock(lock)
                    n_removed += 1
        return n_removed

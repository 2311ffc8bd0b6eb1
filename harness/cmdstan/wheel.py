"""What the httpstan wheel carries, and how a home is laid out from it."""

import hashlib
import importlib.metadata
import importlib.util
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.errors import CmdStanMissingError

WHEEL_VERSION = "4.17.0"
CMDSTAN_VERSION = "2.39.0"
DRIVER = Path(__file__).parent / "driver"
_NOT_STAN = ("pybind11", "__pycache__")


@dataclass(frozen=True)
class Wheel:
    """The installed httpstan: its package folder, and the folder with its metadata and licence."""

    package: Path
    metadata: Path


def find_wheel() -> Wheel:
    """Find the installed httpstan without importing it.

    Raises
    ------
    CmdStanMissingError
        It is not installed (there is no wheel for this platform, say) or is of another version.
    """
    spec = importlib.util.find_spec("httpstan")
    if spec is None or spec.origin is None:
        raise CmdStanMissingError(
            "httpstan, whose wheel a CmdStan home is built from, is not installed (it exists for "
            "Linux x86-64 and macOS arm64); install a CmdStan release: "
            "harness cmdstan install --release"
        )
    version = importlib.metadata.version("httpstan")
    if version != WHEEL_VERSION:
        raise CmdStanMissingError(
            f"httpstan {version} is installed, a CmdStan home is built from {WHEEL_VERSION}: "
            f"pip install httpstan=={WHEEL_VERSION}, or harness cmdstan install --release"
        )
    package = Path(spec.origin).parent
    return Wheel(package, package.parent / f"httpstan-{WHEEL_VERSION}.dist-info")


def source_files() -> list[Path]:
    """Return the driver's files that a home is made from, sorted."""
    files = (path for path in DRIVER.rglob("*") if path.is_file())
    return sorted(path for path in files if path.suffix not in {".md", ".pyc"})


def home_name() -> str:
    """Return the name of the home that this version of the project builds.

    It carries Stan's version and a digest of the wheel's version and of the driver's sources, so
    that an update builds a new home beside the old one.
    """
    digest = hashlib.blake2b(WHEEL_VERSION.encode(), digest_size=5)
    for path in source_files():
        digest.update(f"\0{path.relative_to(DRIVER).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return f"cmdstan-{CMDSTAN_VERSION}-{digest.hexdigest()}"


def lay_out(wheel: Wheel, home: Path, report: Callable[[str], None]) -> None:
    """Copy all that a home needs, so that nothing in it points back to the wheel.

    Parameters
    ----------
    wheel
        Where to copy from.
    home
        An empty folder.
    report
        Told of each step.

    Raises
    ------
    OSError
        The disk is full, or a file cannot be read or written.
    """
    report("copying headers")
    _copy_folder(wheel.package / "include", home / "include")
    report("copying libraries and stanc")
    (home / "bin").mkdir()
    shutil.copy2(wheel.package / "stanc", home / "bin" / "stanc")
    (home / "bin" / "stanc").chmod(0o755)
    _copy_libraries(wheel.package / "lib", home / "lib")
    report("copying the driver")
    _copy_driver(home)
    (home / "make").mkdir()
    (home / "licenses").mkdir(exist_ok=True)
    shutil.copy2(wheel.metadata / "LICENSE", home / "licenses" / "httpstan.txt")


def _copy_folder(source: Path, target: Path) -> None:
    """Copy a folder, stopping at the first error (shutil.copytree goes on and buries it)."""
    target.mkdir()
    for path in source.iterdir():
        if path.is_dir():
            if path.name not in _NOT_STAN:
                _copy_folder(path, target / path.name)
        else:
            shutil.copy2(path, target / path.name)


def _copy_libraries(source: Path, target: Path) -> None:
    """Copy the libraries; of the wheel's two equal copies of TBB one becomes a link."""
    _copy_folder(source, target)
    plain, versioned = target / "libtbb.so", target / "libtbb.so.2"
    if plain.exists() and versioned.exists():
        plain.unlink()
        plain.symlink_to(versioned.name)


def _copy_driver(home: Path) -> None:
    """Copy the driver's sources, and to the top what a CmdStan has there."""
    for source in source_files():
        target = home / "driver" / source.relative_to(DRIVER)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
    shutil.move(home / "driver" / "makefile", home / "makefile")
    shutil.move(home / "driver" / "examples", home / "examples")
    if (home / "driver" / "licenses").exists():
        shutil.move(home / "driver" / "licenses", home / "licenses")

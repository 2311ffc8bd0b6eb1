"""What there is to compile Stan models with, and what is missing."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from harness.cmdstan.home import home_path, homes_folder
from harness.cmdstan.location import CmdStanLocation, cmdstanpy_default, find_cmdstan, lacks
from harness.cmdstan.toolchain import (
    HOME_BYTES,
    Tool,
    compiler_name,
    find_tool,
    free_bytes,
    make_name,
    missing_tools,
)
from harness.cmdstan.wheel import WHEEL_VERSION, find_wheel
from harness.errors import CmdStanMissingError


@dataclass(frozen=True)
class DoctorReport:
    """The state of things; `problems` holds one line each, with the command that fixes it.

    Parameters
    ----------
    location
        The CmdStan that would be used, and why; None where there is none.
    compiler, make
        The programs found, with their versions.
    flags
        The compiler's command line for models, where the CmdStan in use can show it.
    local
        The text of the CmdStan's ``make/local``; empty where there is none.
    wheel
        The version of the httpstan wheel that a home can be built from.
    folder, free_bytes
        Where homes are kept, and the free disk there.
    problems
        What is missing.
    """

    location: CmdStanLocation | None
    compiler: Tool | None
    make: Tool | None
    flags: str | None
    local: str
    wheel: str | None
    folder: Path
    free_bytes: int
    problems: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return the report as text, a fact per line, problems last."""
        used = self.location
        facts = {
            "CmdStan": "none" if used is None else f"{used.version} in {used.path} ({used.reason})",
            "compiler": _tool(self.compiler),
            "make": _tool(self.make),
            "flags": self.flags or "not known",
            "make/local": " | ".join(self.local.splitlines()) or "none",
            "httpstan wheel": self.wheel or "none",
            "homes in": str(self.folder),
            "free disk there": f"{self.free_bytes / 1e9:.1f} GB",
        }
        text = [f"{name:>15}: {value}" for name, value in facts.items()]
        return [*text, *(f"problem: {problem}" for problem in self.problems)]


def doctor() -> DoctorReport:
    """Look at everything that compiling a model needs; change nothing.

    Returns
    -------
    DoctorReport
        What was found.  It has no problems exactly if a model can be compiled, now or after
        ``harness cmdstan install``.
    """
    problems = missing_tools()
    location = None
    try:
        location = find_cmdstan()
    except CmdStanMissingError as error:
        problems.append(str(error))
    else:
        problems += _without_home(location)
    return DoctorReport(
        location=location,
        compiler=find_tool(compiler_name()),
        make=find_tool(make_name()),
        flags=None if location is None else _flags(location.path),
        local="" if location is None else _local(location.path),
        wheel=_wheel(),
        folder=homes_folder(),
        free_bytes=free_bytes(homes_folder()),
        problems=tuple(problems),
    )


def _without_home(location: CmdStanLocation | None) -> list[str]:
    """Say what stands in the way of a CmdStan where there is none, and what is half-made."""
    found = []
    own = cmdstanpy_default()
    lack = None if own is None else lacks(own)
    if lack is not None:
        found.append(
            f"{own} is not used, because {lack}; remove it, or install_cmdstan --overwrite"
        )
    if location is not None:
        return found
    try:
        find_wheel()
    except CmdStanMissingError as error:
        return [*found, str(error)]
    free = free_bytes(homes_folder())
    if free < HOME_BYTES:
        found.append(
            f"{homes_folder()} has {free / 1e9:.1f} GB free, a home needs "
            f"{HOME_BYTES / 1e9:.1f} GB; free some space, or set XDG_CACHE_HOME"
        )
    what = "is not whole" if home_path().exists() else "is not built yet"
    return [*found, f"the home {what}; harness cmdstan install"]


def _flags(path: Path) -> str | None:
    """Ask the makefile for its flags; a CmdStan release has the same target."""
    try:
        done = subprocess.run(
            [*make_name().split(), "--silent", "compile_info"],
            cwd=path,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return " ".join(done.stdout.split()) or None


def _local(path: Path) -> str:
    local = path / "make" / "local"
    return local.read_text(encoding="utf-8", errors="replace") if local.is_file() else ""


def _wheel() -> str | None:
    try:
        find_wheel()
    except CmdStanMissingError:
        return None
    return WHEEL_VERSION


def _tool(tool: Tool | None) -> str:
    return "none" if tool is None else f"{tool.version} ({tool.path})"

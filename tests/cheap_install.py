"""An install whose copying and compiling take a moment instead of minutes, as a program.

Run as ``python -m tests.cheap_install``: it installs a home and prints its path. Everything but the
two long steps is the real thing: lock, left-overs, the folder beside, the rename.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from harness.cmdstan import Beside, home
from harness.cmdstan.wheel import CMDSTAN_VERSION, Wheel

PARTS = ("bin/stanc", "bin/stansummary", "bin/diagnose")
STEP_S = 0.02
N_STEPS = 10


def lay_out(_wheel: Wheel, folder: Path, report: Callable[[str], None]) -> None:
    for part in PARTS:
        report(part)
        (folder / part).parent.mkdir(exist_ok=True)
        time.sleep(STEP_S)
        (folder / part).write_text(part)
    (folder / "makefile").write_text(f"CMDSTAN_VERSION := {CMDSTAN_VERSION}\n")


def compile_home(
    folder: Path, _log: Path, report: Callable[[str], None], _beside: Beside | None = None
) -> None:
    for step in range(N_STEPS):
        report(f"step {step}")
        time.sleep(STEP_S)
        (folder / f"object-{step}").write_text("x" * 1000)
    built = folder.parent.parent / "built"
    with built.open("a") as log:
        log.write(f"{os.getpid()}\n")


def find_wheel() -> Wheel:
    return Wheel(Path("package"), Path("metadata"))


def objects(folder: Path) -> int:
    return len(list(folder.glob("object-*")))


def main() -> None:
    lines: list[str] = []
    cheap: dict[str, Any] = {
        "lay_out": lay_out,
        "compile_home": compile_home,
        "find_wheel": find_wheel,
    }
    with mock.patch.multiple(home, **cheap):
        path = home.install_home(lines.append)
    os.write(1, "\n".join([*lines, str(path)]).encode())


if __name__ == "__main__":
    main()

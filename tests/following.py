"""Follow a page of Markdown to the letter: write its files, make its edits, run its commands.

A page that is followed keeps to these forms:

- a line that ends in "`path/of/file`:" and a block below it: the whole file;
- the same, and a block of ``diff``: an edit; its lines without a sign, or with ``-``, stand in the
  file as they stand here, and are found there once;
- a block of ``console``: commands behind ``$``, continued behind ``>``, each with what it prints.

In what is printed ``…`` stands for anything, alone on a line for any lines, and numbers stand for
numbers: machines differ in their times, and in the last digits of all others.  A command fails
exactly if its page shows a line that begins with "harness: ".
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.folders import cache_folder

PROJECT = Path(__file__).parent.parent
#: What of the cache folder is shared with the user; fits are made anew.
SHARED_CACHE = ("cmdstan", "models", "programs", "sources")

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
_FILE_NAME = re.compile(r"`([^`\s]+)`:\s*\Z")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]\d+)?")
_RULER = re.compile(r"[─━┏┓┗┛┡┩└┘┳┴╇-]{3,}.*")


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block: its language, its text, and the file that the line before it names."""

    language: str
    text: str
    file: str | None


def blocks(page: str) -> Iterator[Block]:
    """The blocks of a page, in its order."""
    for found in _BLOCK.finditer(page):
        name = _FILE_NAME.search(page[: found.start()])
        yield Block(
            language=found.group(1),
            text=found.group(2),
            file=name.group(1) if name else None,
        )


def section(page: str, heading: str) -> str:
    """What stands below a heading of the second level."""
    found = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert found, heading
    return found


def edited(text: str, diff: str) -> str:
    """A file's text after an edit."""
    lines = [line or " " for line in diff.splitlines()]
    old = "".join(f"{line[1:]}\n" for line in lines if line[0] != "+")
    new = "".join(f"{line[1:]}\n" for line in lines if line[0] != "-")
    assert text.count(old) == 1, f"{text.count(old)} times in the file:\n{old}"
    return text.replace(old, new)


def commands(console: str) -> Iterator[tuple[str, list[str]]]:
    """Commands, each with the lines that it prints."""
    for piece in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        lines = piece.splitlines()
        n = 1
        while lines[n - 1].endswith("\\"):
            assert lines[n].startswith("> "), lines[n]
            n += 1
        command = [lines[0], *(line.removeprefix("> ") for line in lines[1:n])]
        yield "\n".join(command), lines[n:]


def check_output(shown: list[str], printed: str) -> None:
    """Compare what a page shows with what was printed."""
    rest = [_comparable(line) for line in printed.splitlines()]
    may_skip = False
    for line in filter(str.strip, shown):
        if line.strip() == "…":
            may_skip = True
            continue
        wanted = re.compile(".*".join(map(re.escape, _comparable(line).split("…"))))
        found = next((i for i, other in enumerate(rest) if wanted.fullmatch(other)), None)
        assert found is not None, f"not printed: {line}\nbut:\n{printed}"
        skipped = [other for other in rest[:found] if other]
        assert may_skip or not skipped, f"not shown before: {line}\n" + "\n".join(skipped)
        rest, may_skip = rest[found + 1 :], False
    assert may_skip or not any(rest) or not shown, "not shown:\n" + "\n".join(rest)


def _comparable(line: str) -> str:
    """A line without rulers, its numbers and the widths of its columns forgotten."""
    return " ".join(_NUMBER.sub("#", _RULER.sub("", line)).split())


@dataclass
class Follower:
    """Somebody who follows pages in a folder, with a shell whose environment lasts."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def follow(self, page: str) -> None:
        """Do all that a page says."""
        for block in blocks(page):
            if block.language == "console":
                for command, shown in commands(block.text):
                    self.run(command, shown)
            elif block.file is not None:
                self._write(self.folder / block.file, block)

    def _write(self, file: Path, block: Block) -> None:
        if block.language == "diff":
            file.write_text(edited(file.read_text("utf-8"), block.text), "utf-8")
            return
        assert not file.exists(), f"{file} is there already"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, "utf-8")

    def run(self, command: str, shown: list[str]) -> None:
        """Run a command and compare what it prints."""
        kept = self.folder / ".environment"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{command}\nenv -0 > {kept}"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        is_refused = any(line.startswith("harness: ") for line in shown)
        assert (done.returncode != 0) == is_refused, f"{command}\n{done.stdout}"
        if not is_refused:
            pairs = kept.read_text().rstrip("\0").split("\0")
            self.environment = dict(pair.split("=", 1) for pair in pairs)
        check_output(shown, done.stdout)


def fresh_copy(folder: Path, *, cmdstan_home: Path) -> Follower:
    """Copy the working tree, as a fresh clone with `make install` behind it would be.

    The environment is the one that runs the tests; its packages are found in it, the harness and
    its tests in the copy.  Executables are shared with the user's cache, fits are not.
    """
    copy, cache = folder / "clone", folder / "cache" / cache_folder().name
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.rstrip("\0").split("\0"):
        if (PROJECT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, copy / name)
    (copy / ".venv").symlink_to(sys.prefix)
    cache.mkdir(parents=True)
    for name in SHARED_CACHE:
        (cache_folder() / name).mkdir(parents=True, exist_ok=True)
        (cache / name).symlink_to(cache_folder() / name)
    environment = {
        **{
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST", "MAKE", "MFLAGS"))
        },
        "CMDSTAN": str(cmdstan_home),
        "COLUMNS": "160",
        "PYTHONPATH": str(copy),
        "XDG_CACHE_HOME": str(cache.parent),
    }
    return Follower(folder=copy, environment=environment)

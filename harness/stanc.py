"""What stanc says of a program, before anything is compiled."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.cmdstan import ensure_cmdstan
from harness.errors import ProgramError
from harness.program import Program
from harness.validation import absence


def _one_line(stanc_message: str) -> str:
    """Fold stanc's message into one line: where, then what, without the source excerpt."""
    paragraphs = [part for part in stanc_message.split("\n\n") if part.strip()]
    outside_excerpt: list[str] = []
    in_excerpt = False
    for line in "\n".join(paragraphs).splitlines():
        if set(line.strip()) == {"-"}:
            in_excerpt = not in_excerpt
        elif not in_excerpt:
            outside_excerpt.append(line.strip())
    return " ".join(outside_excerpt)


def stanc_flags(program: Program) -> list[str]:
    """Return stanc's flags for a program: where includes are, and whether C++ completes it."""
    flags = [f"--include-paths={program.file.parent}"]
    return [*flags, "--allow-undefined"] if program.user_header else flags


def inspect_program(stanc: Path, program: Program) -> dict[str, Any]:
    """Return what stanc says of a program: its included files and variables."""
    if not program.file.is_file():
        raise ProgramError(f"Stan program '{program.file}' {absence(program.file)}; check its path")
    command = [str(stanc), *stanc_flags(program), "--info", str(program.file)]
    answer = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if answer.returncode != 0:
        message = _one_line(answer.stderr or answer.stdout)
        raise ProgramError(f"program '{program.name}' does not compile: {message}")
    info: dict[str, Any] = json.loads(answer.stdout)
    return info


def check_contract(program: Program, info: Mapping[str, Any]) -> None:
    """Compare what the study says of a program with what the program declares."""
    given = program.data_names
    declared = set(info["inputs"])
    # what else a JSON file holds, CmdStan checks when it reads it
    if (given != declared) if program.takes_table else not given <= declared:
        raise ProgramError(
            f"program '{program.name}' declares the data {', '.join(sorted(declared))}, "
            f"but the study gives {', '.join(sorted(given))}"
        )
    variables = {
        *info["parameters"],
        *info["transformed parameters"],
        *info["generated quantities"],
    }
    missing = [name for name in program.parameters if name not in variables]
    if missing:
        raise ProgramError(
            f"program '{program.name}' has no variable '{missing[0]}'; "
            f"it has {', '.join(sorted(variables))}"
        )


@dataclass(frozen=True, kw_only=True)
class ProgramVariables:
    """What a program declares.

    Attributes
    ----------
    data, parameters, transformed_parameters, generated_quantities : tuple of str
        Names, in the program's order; of complex numbers and tuples, which tables cannot hold,
        none but of the data.
    """

    data: tuple[str, ...]
    parameters: tuple[str, ...]
    transformed_parameters: tuple[str, ...]
    generated_quantities: tuple[str, ...]


def describe_program(program: Program) -> ProgramVariables:
    """Ask stanc what a program declares.

    Parameters
    ----------
    program : Program

    Returns
    -------
    ProgramVariables

    Raises
    ------
    ProgramError
        If the file is missing or stanc refuses it.
    """
    info = inspect_program(ensure_cmdstan().path / "bin" / "stanc", program)

    def names(block: str) -> tuple[str, ...]:
        declared = info[block].items()
        return tuple(name for name, of in declared if of["type"] in ("real", "int"))

    return ProgramVariables(
        data=tuple(info["inputs"]),
        parameters=names("parameters"),
        transformed_parameters=names("transformed parameters"),
        generated_quantities=names("generated quantities"),
    )

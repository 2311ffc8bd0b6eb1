"""Programs without what fits do not need: what stays, and what stanc says of it."""

from pathlib import Path

import pytest

from harness.program.lean import LeanProgram, lean_program, without_extras
from harness.program.program import Program
from harness.program.stanc import inspect_program

PLAIN = "parameters {\n  real mu;\n}\nmodel {\n  mu ~ std_normal();\n}\n"
TAIL = "generated \t quantities {\n  real z = mu;\n}\n"
PRINT = '  print("a ) // ", mu,\n    (1 + 2)) ;\n'


def lean_of(home: Path, folder: Path, text: str, *, body: str = "") -> LeanProgram:
    """What is left of a program that may include another file."""
    file = folder / "model.stan"
    file.write_text(text, encoding="utf-8")
    (folder / "body.stan").write_text(body, encoding="utf-8")
    program = Program(name="model", file=file, parameters=())
    stanc = home / "bin" / "stanc"
    return lean_program(stanc, program, inspect_program(stanc, program))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (PLAIN, PLAIN),
        (PLAIN + TAIL, PLAIN),
        (PLAIN + "// generated quantities {\n" + TAIL, PLAIN + "// generated quantities {\n"),
        (PLAIN + "/* generated quantities {\n*/" + TAIL, PLAIN + "/* generated quantities {\n*/"),
        (
            'model { print("generated quantities {"); }',
            "model {                                ; }",
        ),
        ('model { reject("print(1);"); }', 'model { reject("print(1);"); }'),
        ("model { real print_me = f(1); }", "model { real print_me = f(1); }"),
        ("if (x) print(f((1)), 2); else y;", "if (x)                 ; else y;"),
    ],
)
def test_only_words_of_the_program_count(text: str, left: str) -> None:
    assert without_extras(text) == left


def test_lines_keep_their_numbers(cmdstan_home: Path, tmp_path: Path) -> None:
    text = PLAIN.replace("  mu ~", f"{PRINT}  mu ~") + TAIL
    lean = lean_of(cmdstan_home, tmp_path, text).text
    assert lean is not None
    lines = lean.decode().splitlines()
    assert lines.index("  mu ~ std_normal();") == text.splitlines().index("  mu ~ std_normal();")
    assert b"print" not in lean
    assert b"generated" not in lean


def test_what_an_included_file_holds_goes_too(cmdstan_home: Path, tmp_path: Path) -> None:
    head, body = PLAIN.split("model {\n")
    lean = lean_of(
        cmdstan_home, tmp_path, f'{head}#include "body.stan"\n', body=f"model {{\n{body}{TAIL}"
    ).text
    assert lean is not None
    assert b"generated" not in lean
    assert b"#include" not in lean
    assert b"mu ~ std_normal();" in lean


def test_a_program_with_nothing_to_leave_out_stays_as_it_is(
    cmdstan_home: Path, tmp_path: Path
) -> None:
    assert lean_of(cmdstan_home, tmp_path, PLAIN) == LeanProgram(text=None, has_unit_vectors=False)


@pytest.mark.parametrize(
    ("declaration", "found"),
    [
        ("unit_vector[3] u;", True),
        ("array[2] tuple(real, unit_vector[3]) u;", True),
        ("real unit_vectors; // unit_vector", False),
    ],
)
def test_unit_vectors_among_the_parameters_are_found(
    cmdstan_home: Path, tmp_path: Path, declaration: str, *, found: bool
) -> None:
    text = f"data {{ unit_vector[2] d; }} parameters {{ {declaration}\n}} model {{ }}"
    assert lean_of(cmdstan_home, tmp_path, text).has_unit_vectors is found

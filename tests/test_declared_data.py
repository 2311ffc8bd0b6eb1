"""Data against the declared types: the harness refuses what CmdStan refuses, and nothing else."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.data.stan_json import read_stan_json, write_stan_json
from harness.errors import DatasetError
from harness.program.compilation import compile_program
from harness.program.declared_data import data_problem, missing_data
from harness.program.program import Program
from harness.program.stanc import ProgramVariables, describe_program
from tests.cases import DATA

# its programs are compiled first, which takes longest
pytestmark = pytest.mark.slow

TAKES = Program(name="takes", file=DATA / "programs" / "takes.stan", parameters=("mu",))

#: Data of ``takes.stan``, as they are written.
GOOD = {
    "x": "1.5",
    "i": "3",
    "N": "1",
    "a": "[2]",
    "w": "[1, 2]",
    "e": "[[1], [2]]",
    "o": "[4]",
    "z": "[1, 2]",
    "t": '{"1": 1, "2": [1, 2]}',
    "at": '[{"1": 1.5, "2": [1]}, {"1": 2, "2": [2]}]',
    "an": '[{"1": 1, "2": [1, 2]}, {"1": 1, "2": [1, 2]}]',
    "k": "[2]",
    "q": "[1, 2]",
    "c": "[[1, 2]]",
    "u": "[7]",
    "b": "1",
}
#: The same where N = 0.
EMPTY = {
    **GOOD,
    "N": "0",
    "a": "[]",
    "w": "[1]",
    "e": "[[], []]",
    "at": '[{"1": 1.5, "2": []}, {"1": 2, "2": []}]',
    "an": "[]",
    "c": "[]",
    "u": "[]",
}

Variants = dict[str, str | None]


def other(**texts: str) -> Variants:
    """Data that differ."""
    return dict(texts)


def without(name: str) -> Variants:
    """Data that lack a variable."""
    return {name: None}


#: What differs from one of the two; None leaves a variable out.
ACCEPTED: list[tuple[dict[str, str], Variants]] = [
    (GOOD, {}),
    (EMPTY, {}),
    *[(GOOD, other(x=text)) for text in ("3291802192", "Infinity", '"Inf"', "Inf", "1E5", "2")],
    (GOOD, {"x": "Infinity", "b": '"Infinity"'}),
    *[(GOOD, other(w=f"[1, {text}]")) for text in ("NaN", '"-Inf"', "-NaN", "-Infinity", "1e-400")],
    (GOOD, {"i": "-2147483648"}),
    (GOOD, {"z": '["Inf", -1.5]'}),
    (GOOD, {"t": '{"2": [1, "NaN"], "1": 1, "3": 4}'}),
    (GOOD, {"_note": '"text"', "extra": "[1, 2]"}),
    *[(EMPTY, without(name)) for name in ("a", "e", "an", "c", "u")],
    *[(EMPTY, other(e=text)) for text in ("[]", "[[]]", "5")],
    (EMPTY, {"a": "[[], []]"}),
    (EMPTY, {"at": '[{"1": 1.5}, {"1": 2}]'}),
    (EMPTY, {"k": "[0]", "q": None}),
]
REFUSED: list[tuple[dict[str, str], Variants, str]] = [
    *[(GOOD, without(name), f"'{name}'") for name in GOOD if name != "u"],
    *[(GOOD, other(x=text), "'x'") for text in ('"+Inf"', "true", "null", "[1]", "[]", "1e400")],
    *[(GOOD, other(i=text), "'i'") for text in ("3.0", "2147483648", "NaN", "1.5", "[3]")],
    *[(GOOD, other(a=text), "'a'") for text in ("2", "[]", "[1, 2]", "[[2]]", "[2.5]", '["Inf"]')],
    *[(GOOD, other(e=text), "'e'") for text in ("[[1, 2]]", "[1, 2]", "[]", "[[1], 2]", "1")],
    *[(GOOD, other(z=text), "'z'") for text in ("1", "[1]", "[1, 2, 3]", "[[1, 2]]")],
    (GOOD, {"o": "4"}, "'o' is a number, but the program declares an array of shape (1)"),
    (GOOD, {"t": '{"1": 1.5, "2": [1, 2]}'}, "'t.1' holds 1.5"),
    (GOOD, {"t": '{"1": 1, "2": [1]}'}, "'t.2'"),
    (GOOD, {"t": '{"1": 1}'}, "'t.2'"),
    (GOOD, {"t": "5"}, "'t' is a number, but the program declares tuples"),
    (GOOD, {"at": '[{"1": 1, "2": [1]}]'}, "'at.1'"),
    (GOOD, {"at": '[{"1": 1, "2": [1]}, {"1": 1, "2": [1, 2]}]'}, "'at'"),
    (GOOD, {"q": "[1]"}, "'q'"),
    (GOOD, {"c": "[1, 2]"}, "'c'"),
    (EMPTY, {"w": "1"}, "'w'"),
    (EMPTY, {"a": "[1]"}, "'a'"),
    (EMPTY, {"at": "[]"}, "'at.1'"),
    (GOOD, {"extra": "null"}, "'extra'"),
    (GOOD, {"N": "-2"}, "'a' would have the size -2"),
]


@pytest.fixture(scope="module")
def described(cmdstan_home: Path) -> ProgramVariables:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMDSTAN", str(cmdstan_home))
        return describe_program(TAKES)


@pytest.fixture(scope="module")
def cmdstan_takes(
    cmdstan_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Path], bool]:
    """Whether CmdStan itself begins with a file of data."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMDSTAN", str(cmdstan_home))
        executable = compile_program(TAKES).executable
    output = tmp_path_factory.mktemp("takes") / "output.csv"

    def takes(data: Path) -> bool:
        command = [str(executable), "sample", "num_samples=1", "num_warmup=0", "adapt", "engaged=0"]
        command += ["data", f"file={data}", "output", f"file={output}"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    return takes


def written(folder: Path, base: dict[str, str], differs: Variants) -> Path:
    members = {**base, **differs}.items()
    file = folder / "data.json"
    file.write_text(
        "{" + ", ".join(f'"{name}": {text}' for name, text in members if text is not None) + "}"
    )
    return file


def refusal(file: Path, described: ProgramVariables) -> str:
    """What the harness says of data; empty if it takes them."""
    try:
        data = read_stan_json(file)
    except DatasetError as error:
        return str(error)
    missing = missing_data(described.inputs, described.input_vars, data)
    if missing:
        return f"'{missing[0]}' is not there"
    return data_problem(described.inputs, described.input_vars, data)


def test_what_cmdstan_takes_is_taken_and_handed_on(
    tmp_path: Path, described: ProgramVariables, cmdstan_takes: Callable[[Path], bool]
) -> None:
    for base, differs in ACCEPTED:
        file = written(tmp_path, base, differs)
        assert cmdstan_takes(file), differs
        assert refusal(file, described) == "", differs
        write_stan_json(file, read_stan_json(file))
        assert cmdstan_takes(file), differs


def test_what_cmdstan_refuses_is_refused(
    tmp_path: Path, described: ProgramVariables, cmdstan_takes: Callable[[Path], bool]
) -> None:
    for base, differs, said in REFUSED:
        file = written(tmp_path, base, differs)
        assert not cmdstan_takes(file), differs
        assert said in refusal(file, described), differs


def test_sizes_beyond_arithmetic_are_left_to_cmdstan(
    tmp_path: Path, described: ProgramVariables, cmdstan_takes: Callable[[Path], bool]
) -> None:
    for text in ("[7, 8]", "[]", None):
        file = written(tmp_path, GOOD, {"u": text})
        assert refusal(file, described) == ""
        assert not cmdstan_takes(file)

"""The rooms of the house: what may import what, who prints, and how big things get."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tools.house import draw
from tools.import_graph import find_cycle, floors, read_graph, supports

PROJECT = Path(__file__).parent.parent
PACKAGE = PROJECT / "harness"
FILES = sorted(PACKAGE.rglob("*.py"))

#: The rooms in the order in which they may import one another, each only from those before it.
ROOMS = (
    *("errors", "folders", "messages", "metrics", "verdict"),
    *("cmdstan", "data", "program", "fits", "methods"),
    *("evidence", "study", "store", "execution", "summary", "given", "results"),
    *("plot", "report", "calibration", "api", "cli"),
)

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40  # without the docstring

#: Libraries that few rooms know.
KNOWS = {
    "argparse": {"cli"},
    "distributed": set(),
    "cmdstanpy": {"cmdstan", "program", "methods"},
    "matplotlib": {"plot"},
}


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def room(file: Path) -> str:
    """The module, or the folder, directly below the package."""
    return Path(file.relative_to(PACKAGE).parts[0]).stem


def imported(file: Path) -> Iterator[str]:
    """Dotted names that a file imports; of a ``from`` import with the name behind."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            dots = "." * node.level
            yield from (f"{dots}{node.module or ''}.{alias.name}" for alias in node.names)


def module_name(file: Path) -> str:
    parts = ("harness", *file.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def offenders[T](finds: Callable[[Path], Iterable[T]]) -> dict[str, list[T]]:
    """What is found in each file where anything is."""
    found = {file.relative_to(PACKAGE).as_posix(): list(finds(file)) for file in FILES}
    return {file: findings for file, findings in found.items() if findings}


def test_every_room_has_its_place_in_the_order() -> None:
    assert sorted(ROOMS) == sorted({room(file) for file in FILES} - {"__init__"})


def test_the_design_page_has_a_line_for_every_room() -> None:
    page = (PROJECT / "docs" / "design.md").read_text(encoding="utf-8")
    table = page.partition("| room | what is in it |")[2].partition("\n\n")[0]
    named = re.findall(
        r"`(\w+)(?:\.py|/)`", "".join(re.findall(r"^\|([^|]*)\|", table, re.MULTILINE))
    )
    assert sorted(named) == sorted(ROOMS)


@pytest.mark.parametrize(
    ("asked", "defines"),
    [
        ("R-hat", "R_HAT_LIMIT = "),
        ("the text of its note", '"Largest R-hat over parameters'),
        ("killed", "was killed by"),
        ("fit's key", "def fit_key("),
        ("ADVI", "class Advi:"),
        ("rows are read", "def _read_csv("),
        ("seed", "derive_seed("),
        ("reference that `compare` runs", "reference_options: "),
    ],
)
def test_the_design_page_says_where_to_look(asked: str, defines: str) -> None:
    page = (PROJECT / "docs" / "design.md").read_text(encoding="utf-8")
    table = page.partition("| you look for | file |")[2].partition("\n\n")[0]
    (line,) = (line for line in table.splitlines() if asked in line)
    (file,) = re.findall(r"`(harness/\S+\.py)`", line)
    assert defines in (PROJECT / file).read_text(encoding="utf-8")


def test_the_picture_is_that_of_the_imports() -> None:
    graph = read_graph(PACKAGE)
    picture = draw(floors(graph.imports), supports(graph.imports))
    drawn = (PROJECT / "docs" / "house.svg").read_text(encoding="utf-8")
    assert drawn == picture, "run `python -m tools.import_graph --draw docs/house.svg`"


def test_files_that_the_design_page_names_exist() -> None:
    page = (PROJECT / "docs" / "design.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:\w+/)+\w+\.(?:py|stan|toml))`", page)
    assert named
    assert not [
        name
        for name in named
        if not any((PROJECT / at / name).is_file() for at in (".", "harness"))
    ]


def test_imports_point_one_way() -> None:
    def against_the_order(file: Path) -> Iterator[str]:
        own = room(file)
        allowed = {*ROOMS[: ROOMS.index(own)], own} if own in ROOMS else set()
        for name in imported(file):
            if name.startswith("."):
                yield name
            if name.startswith("harness.") and name.split(".")[1] not in allowed:
                yield name

    assert offenders(against_the_order) == {}


def test_modules_do_not_import_in_circles() -> None:
    graph = read_graph(PACKAGE)
    assert set(graph.module_imports) | {"harness"} == {module_name(file) for file in FILES}
    assert find_cycle(graph.module_imports) == ()


def test_the_graph_sees_a_circle() -> None:
    assert set(find_cycle({"a": frozenset("b"), "b": frozenset("a")})) == {"a", "b"}


def lazy_imports(file: Path) -> Iterator[ast.If]:
    """The tables at the top of a file of what a type checker imports and others load when used."""
    for node in tree(file).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield node


def test_imports_stand_at_the_top() -> None:
    def elsewhere(file: Path) -> Iterator[str]:
        top = [*tree(file).body, *(node for block in lazy_imports(file) for node in block.body)]
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.Import | ast.ImportFrom) and node not in top:
                yield ast.unparse(node)

    assert offenders(elsewhere) == {}


def test_what_a_type_checker_imports_is_loaded_when_used() -> None:
    def not_loaded(file: Path) -> Iterator[str]:
        for block in lazy_imports(file):
            promised = {
                f"{alias.asname or alias.name} = lazy.load('{alias.name}')"
                for node in block.body
                if isinstance(node, ast.Import)
                for alias in node.names
            }
            assert len(promised) == len(block.body), "only whole modules can be loaded when used"
            yield from promised ^ {ast.unparse(node) for node in block.orelse}

    assert offenders(not_loaded) == {}


def test_libraries_stay_in_their_rooms() -> None:
    assert not offenders(
        lambda file: (
            name
            for name in imported(file)
            if room(file) not in KNOWS.get(name.partition(".")[0], {room(file)})
        )
    )


def test_only_the_command_line_prints_and_exits() -> None:
    forbidden = {
        *("print", "input", "exit", "quit", "SystemExit", "sys.exit", "os._exit"),
        *("sys.stdout.write", "sys.stderr.write"),
    }

    def speaks(file: Path) -> Iterator[str]:
        for node in ast.walk(tree(file)):
            used = node.func if isinstance(node, ast.Call) else None
            if isinstance(node, ast.Raise):
                used = node.exc
            if used is not None and ast.unparse(used) in forbidden and room(file) != "cli":
                yield f"{ast.unparse(used)}, line {used.lineno}"

    assert offenders(speaks) == {}


def test_files_are_short() -> None:
    def too_many_lines(file: Path) -> Iterator[int]:
        n_lines = len(file.read_text(encoding="utf-8").splitlines())
        if n_lines > MAX_FILE_LINES:
            yield n_lines

    assert offenders(too_many_lines) == {}


def test_functions_are_short() -> None:
    def n_lines(node: ast.stmt) -> int:
        return (node.end_lineno or node.lineno) - node.lineno + 1

    def too_long(file: Path) -> Iterator[tuple[str, int]]:
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.FunctionDef):
                n_code = n_lines(node) - (n_lines(node.body[0]) if ast.get_docstring(node) else 0)
                if n_code > MAX_FUNCTION_LINES:
                    yield node.name, n_code

    assert offenders(too_long) == {}


def test_what_is_public_has_a_docstring() -> None:
    def undocumented(file: Path) -> Iterator[str]:
        if not ast.get_docstring(tree(file)):
            yield module_name(file)
        open_nodes: list[ast.Module | ast.ClassDef] = [tree(file)]
        while open_nodes:
            for node in open_nodes.pop().body:
                if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name[0] == "_":
                    continue
                if not ast.get_docstring(node):
                    yield node.name
                if isinstance(node, ast.ClassDef):
                    open_nodes.append(node)

    assert offenders(undocumented) == {}


def test_packages_list_what_they_offer() -> None:
    """One sentence, then one list with every public name, or with modules that exist."""

    def unlisted(file: Path) -> Iterator[str]:
        if file.name != "__init__.py" or file.parent.parent != PACKAGE:
            return
        sentence, _, listed = (ast.get_docstring(tree(file)) or "").partition("\n\n")
        if not sentence.endswith((".", "(pure).")) or not listed.startswith("- "):
            yield "no list"
        names = {file.stem for file in file.parent.glob("*.py")}
        named = set(re.findall(r"`(\w+)`", listed))
        for node in tree(file).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                names = set(ast.literal_eval(node.value))
                yield from sorted(names - named)
        if not named & names:
            yield "no module"

    assert offenders(unlisted) == {}


#: Rooms whose functions share no name with one another; commands of the others are alike.
PURE_ROOMS = {"metrics", "verdict", "summary", "results", "plot", "report"}


def test_no_two_things_have_one_name() -> None:
    homes: dict[str, list[str]] = {}
    for file in FILES:
        for node in tree(file).body:
            named = ast.ClassDef | ast.FunctionDef if room(file) in PURE_ROOMS else ast.ClassDef
            if isinstance(node, named) and node.name[0] != "_":
                homes.setdefault(node.name, []).append(module_name(file))
    assert {name: at for name, at in homes.items() if len(at) > 1} == {}

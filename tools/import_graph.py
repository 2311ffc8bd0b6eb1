"""The imports between the rooms of ``harness/``: floors, the longest chain, cycles.

``python -m tools.import_graph`` prints the counts and what each room stands on; with ``--draw
FILE.svg`` it draws the house.  A room is a module or a package directly in ``harness/``.
"""

import argparse
import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from tools.house import draw

#: The package whose rooms are counted.
PACKAGE = Path(__file__).parent.parent / "harness"


@dataclass(frozen=True, kw_only=True)
class ImportGraph:
    """What imports what.

    Attributes
    ----------
    packages, modules : tuple of str
        Rooms that are folders, and rooms that are files directly in the package.
    imports : Mapping
        Of each room, the rooms that its files import, itself not among them.
    module_imports : Mapping
        The same between single files, by dotted name.
    """

    packages: tuple[str, ...]
    modules: tuple[str, ...]
    imports: Mapping[str, frozenset[str]]
    module_imports: Mapping[str, frozenset[str]]


def read_graph(package: Path = PACKAGE) -> ImportGraph:
    """Read the imports of a package from its files, without running them.

    Parameters
    ----------
    package : Path
        The package's folder.

    Returns
    -------
    ImportGraph
    """
    files = {_dotted(package, file): file for file in sorted(package.rglob("*.py"))}
    module_imports = {
        name: frozenset(_own_imports(file, package.name, files)) - {name}
        for name, file in files.items()
        if name != package.name
    }
    imports: dict[str, set[str]] = {}
    for name, found in module_imports.items():
        room = name.split(".")[1]
        imports.setdefault(room, set()).update(other.split(".")[1] for other in found)
    return ImportGraph(
        packages=tuple(sorted(room for room in imports if (package / room).is_dir())),
        modules=tuple(sorted(room for room in imports if not (package / room).is_dir())),
        imports={room: frozenset(found - {room}) for room, found in sorted(imports.items())},
        module_imports=module_imports,
    )


def _dotted(package: Path, file: Path) -> str:
    """Return a file's module name."""
    parts = (package.name, *file.relative_to(package).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _own_imports(file: Path, own: str, files: Mapping[str, Path]) -> Iterator[str]:
    """Give the modules of the package that a file imports, except the package itself."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            found = name if name in files else name.rpartition(".")[0]
            if found in files and found != own:
                yield found


def find_cycle(imports: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """Return names that import one another in a circle; empty if there are none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return tuple(error.args[1])
    return ()


def floors(imports: Mapping[str, frozenset[str]]) -> dict[str, int]:
    """Return the floor of each room: 1 imports nothing, others stand above all they import.

    Parameters
    ----------
    imports : Mapping
        Without a cycle.
    """

    @cache
    def floor(room: str) -> int:
        return 1 + max((floor(other) for other in imports[room]), default=0)

    return {room: floor(room) for room in imports}


def supports(imports: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Return of each room the imports that do not follow from its other imports."""

    @cache
    def below(room: str) -> frozenset[str]:
        return imports[room].union(*(below(other) for other in imports[room]))

    return {
        room: frozenset(
            other
            for other in found
            if not any(other in below(third) for third in found if third != other)
        )
        for room, found in imports.items()
    }


def describe(graph: ImportGraph) -> str:
    """Say how many rooms there are, on how many floors, and what each stands on."""
    cycle = find_cycle(graph.imports)
    lines = [
        f"modules directly in the package: {len(graph.modules)}",
        f"packages: {len(graph.packages)}",
        f"rooms: {len(graph.imports)}",
    ]
    if cycle:
        return "\n".join([*lines, f"cycle of rooms: {' -> '.join(cycle)}"])
    on, needs = floors(graph.imports), supports(graph.imports)
    lines.append(f"longest chain of imports: {max(on.values())} rooms")
    module_cycle = find_cycle(graph.module_imports)
    lines.append(f"cycle of modules: {' -> '.join(module_cycle) or 'none'}")
    rooms = sorted(on, key=lambda name: (-on[name], name))
    lines += [
        f"  floor {on[room]:2d}  {room:12s} {', '.join(sorted(needs[room]))}".rstrip()
        for room in rooms
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the counts; draw the house if asked."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--package", type=Path, default=PACKAGE, help="another package's folder")
    parser.add_argument("--draw", type=Path, metavar="FILE.svg", help="draw the house")
    arguments = parser.parse_args()
    graph = read_graph(arguments.package)
    print(describe(graph))
    if arguments.draw and not find_cycle(graph.imports):
        picture = draw(floors(graph.imports), supports(graph.imports))
        arguments.draw.write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()

"""What a module of the package imports."""

import ast
from pathlib import Path

from tests.cases import PROJECT


def files_imported_by(file: Path) -> set[Path]:
    """Files of the package that a file imports, by itself or through them."""
    found, left = set(), [file]
    while left:
        file = left.pop()
        if file in found:
            continue
        found.add(file)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("harness"):
                place = PROJECT.joinpath(*(node.module or "").split("."))
                left += [path for path in (place.with_suffix(".py"),) if path.is_file()]
    return found

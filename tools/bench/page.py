"""The bench's page, and the README's block of speeds, both made from its CSVs."""

from pathlib import Path

from harness.errors import ResultsError
from harness.report.templates import single_blank_lines, template_environment
from tools.bench.scaling import FIT_FROM_N_ROWS
from tools.bench.tables import (
    data_markdown,
    failures,
    gradients_markdown,
    minibatch_markdown,
    nuts_markdown,
    read_bench,
    read_machine,
    scaling_markdown,
    versions,
)

_MARKDOWN = {
    "gradients": gradients_markdown,
    "nuts": nuts_markdown,
    "minibatch": minibatch_markdown,
    "scaling": scaling_markdown,
    "data": data_markdown,
}


def page(folder: Path) -> str:
    """Return ``results/bench/README.md``.

    Parameters
    ----------
    folder : Path
        ``results/bench``.

    Returns
    -------
    str

    Raises
    ------
    ResultsError
        If there are no results, or they are damaged.
    """
    return _fill("page.md.j2", folder)


def write_page(folder: Path) -> None:
    """Write ``README.md`` into a folder of bench results.

    Raises
    ------
    ResultsError
        As :func:`page`, or if it cannot be written.
    """
    _write(folder / "README.md", page(folder))


def readme_block(folder: Path) -> str:
    """Return what the project's README says of speed, without the marks around it.

    Raises
    ------
    ResultsError
        If there are no results, or they are damaged.
    """
    return _fill("readme_block.md.j2", folder)


def _fill(template: str, folder: Path) -> str:
    """Fill a template with the tables that there are."""
    tables = read_bench(folder)
    if not tables:
        raise ResultsError(f"there are no bench results in '{folder}'; run `make bench` first")
    text = (
        template_environment(Path(__file__).parent)
        .get_template(template)
        .render(
            machine=read_machine(folder),
            tables={name: _MARKDOWN[name](table) for name, table in tables.items()},
            brief=nuts_markdown(tables["nuts"], details=False) if "nuts" in tables else "",
            nuts=tables["nuts"].iloc[0].to_dict() if "nuts" in tables else None,
            fit_from=FIT_FROM_N_ROWS,
            failures=failures(tables),
            versions=versions(tables),
        )
    )
    return single_blank_lines(text)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ResultsError(f"cannot write '{file}': {error.strerror}") from error

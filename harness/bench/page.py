"""The bench's page, and the README's block of speed figures, both made from its CSVs."""

from pathlib import Path

from harness.bench.scaling import FIT_FROM_N_ROWS
from harness.bench.tables import (
    failures,
    gradients_markdown,
    minibatch_markdown,
    nuts_markdown,
    read_bench,
    read_machine,
    scaling_markdown,
    versions,
)
from harness.errors import ResultsError
from harness.report.templates import single_blank_lines, template_environment

#: What stands around the README's block.
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"

_MARKDOWN = {
    "gradients": gradients_markdown,
    "nuts": nuts_markdown,
    "minibatch": minibatch_markdown,
    "scaling": scaling_markdown,
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


def with_block(text: str, block: str) -> str:
    """Put a block between the marks of a text (pure).

    Parameters
    ----------
    text : str
        With :data:`BEGIN` and :data:`END`, once each and in this order.
    block : str

    Returns
    -------
    str

    Raises
    ------
    ResultsError
        If a mark is missing or stands twice.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after:
        raise ResultsError(f"the README must have '{BEGIN}' and '{END}' once each, in this order")
    return f"{before}{begin}\n\n{block.strip()}\n\n{end}{after}"


def update_readme(readme: Path, folder: Path) -> None:
    """Write the block into a README.

    Raises
    ------
    ResultsError
        If there are no results, the README has no marks, or it cannot be written.
    """
    try:
        text = readme.read_text(encoding="utf-8")
    except OSError as error:
        raise ResultsError(f"cannot read '{readme}': {error.strerror}") from error
    _write(readme, with_block(text, readme_block(folder)))


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

"""Reports: saved tables and figures to Markdown; nothing is fitted again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from harness.errors import ResultsError
from harness.published import Published
from harness.report.dataset import dataset_tables
from harness.report.findings import findings
from harness.report.provenance import machine_line, provenance_rows, seeds_table
from harness.report.results import Results, read_results
from harness.report.runs import published_table
from harness.report.sections import parts_after_figures, parts_before_figures, verdict_part
from harness.report.verdicts import answer
from harness.series import file_stem

__all__ = ["write_report"]


def write_report(folder: Path, *, published: Published | None) -> None:
    """Write ``tables/*.md`` and ``report.md`` from the files that a run saved.

    The same files give the same bytes.

    Parameters
    ----------
    folder : Path
        ``results/<study>`` with ``comparison.csv``, ``fits.csv``, ``stability.csv``,
        ``manifest.json`` and, if there are figures, ``figures/captions.json`` beside them.
    published : Published or None
        Numbers to set beside the study's own.

    Raises
    ------
    PublishedError
        If the published numbers name a data set that the study does not have.
    ResultsError
        If a file is missing, is not what this version writes, or cannot be written.
    """
    results = read_results(folder)
    if published is not None:
        published.check_datasets(results.datasets)
    sections = _sections(results, published)
    pages = {
        f"tables/{part.kind}_{section['stem']}.md": part.page
        for section in sections
        for part in (section["verdict"], *section["first"], *section["then"])
    }
    if published is not None:
        pages["tables/published.md"] = f"{published_table(published)}\n"
    pages["report.md"] = _render(results, sections, published)
    _write(folder, pages)


def _sections(results: Results, published: Published | None) -> list[dict[str, Any]]:
    """Return what the template says of each data set."""
    sections = []
    n_figures = 0
    for dataset in results.datasets:
        section = _section(results, dataset, published)
        for figure in section["figures"]:
            n_figures += 1
            figure["number"] = n_figures
        sections.append(section)
    return sections


def _section(results: Results, dataset: str, published: Published | None) -> dict[str, Any]:
    """Return what the template says of one data set."""
    tables = dataset_tables(results, dataset)
    return {
        "name": dataset,
        "stem": file_stem(dataset),
        "n_rows": tables.n_rows,
        "answer": answer(tables),
        "verdict": verdict_part(tables),
        "findings": findings(tables, results.manifest, published),
        "first": parts_before_figures(tables, published),
        "then": parts_after_figures(tables, published),
        "figures": [
            {"path": item.path, "caption": item.caption, "alt": item.alt}
            for item in results.figures
            if item.dataset == dataset
        ],
    }


def _render(results: Results, sections: list[dict[str, Any]], published: Published | None) -> str:
    """Fill the template."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    text = environment.get_template("report.md.j2").render(
        study=results.manifest["study"],
        description=" ".join(results.manifest.get("description", "").split()),
        datasets=sections,
        published=published,
        provenance=provenance_rows(results.manifest),
        machine=machine_line(results.manifest),
        runs=seeds_table(results.manifest),
        has_published_table=published is not None,
    )
    return _single_blank_lines(text)


def _single_blank_lines(text: str) -> str:
    """Fold runs of blank lines, which absent parts leave behind, into one."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.strip() or (lines and lines[-1]):
            lines.append(line.rstrip())
    return "\n".join(lines).strip() + "\n"


def _write(folder: Path, pages: Mapping[str, str]) -> None:
    """Write pages, and remove tables that an earlier report left and this one does not have."""
    try:
        (folder / "tables").mkdir(parents=True, exist_ok=True)
        for old in sorted((folder / "tables").glob("*.md")):
            if f"tables/{old.name}" not in pages:
                old.unlink()
        for name, text in pages.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ResultsError(f"cannot write the report to '{folder}': {error.strerror}") from error

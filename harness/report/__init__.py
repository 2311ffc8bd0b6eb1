"""Reports: saved tables and figures to Markdown and HTML; nothing is fitted again.

- `write_report`: the pages of a results folder
- `make_view`, `ReportView`, `Results`: what a report says, before it is a page
- `read_results`, `figures_of`: results from their files
- `answer_html`: the answer alone, for a notebook
- `brief_results`, `brief_picture`: a small table and a figure, for a README
"""

from collections.abc import Mapping
from html import escape
from pathlib import Path

from harness.errors import HarnessError, ResultsError
from harness.messages.faults import unexpected
from harness.report.brief import brief_picture, brief_results
from harness.report.grid import markdown_table
from harness.report.render import answer_html, html_page, markdown_page
from harness.report.results import Results, figures_of, read_results
from harness.report.view import ReportView, make_view
from harness.study.published import Published

__all__ = [
    "ReportView",
    "Results",
    "answer_html",
    "brief_picture",
    "brief_results",
    "figures_of",
    "make_view",
    "read_results",
    "write_report",
]


def write_report(
    folder: Path, *, published: Published | None, results: Results | None = None
) -> None:
    """Write ``report.html``, ``report.md`` and ``tables/*.md`` from the files that a run saved.

    The same files give the same bytes.

    Parameters
    ----------
    folder : Path
        ``results/<study>`` with ``comparison.csv``, ``fits.csv``, ``stability.csv``,
        ``manifest.json`` and, if there are figures, ``figures/captions.json`` beside them.
    published : Published or None
        Numbers to set beside the study's own.
    results : Results, optional
        What these files hold, if it is known; by default they are read.

    Raises
    ------
    PublishedError
        If the published numbers name a data set that the study does not have, or a text of
        theirs asks for a number that is not there.
    ResultsError
        If a file is missing, is not what this version writes, or cannot be written.
    """
    results = results or read_results(folder)
    if published is not None:
        published.check_datasets(results.datasets)
    try:
        report = make_view(results, published)
        pages = _table_pages(report)
        pages["report.md"] = markdown_page(report)
        pages["report.html"] = html_page(report, folder)
    except HarnessError:
        raise
    except Exception as error:  # noqa: BLE001 - what was computed is there all the same
        pages = _without_report(results, unexpected(error))
    _write(folder, pages)


def _without_report(results: Results, reason: str) -> dict[str, str]:
    """Return the page that replaces a report that could not be written."""
    name = results.manifest["study"]["name"]
    text = (
        f"The report of {name} could not be written: {reason}. All numbers are in comparison.csv, "
        "fits.csv and stability.csv beside it."
    )
    page = (
        f"<!DOCTYPE html><meta charset='utf-8'><title>{escape(name)}</title><p>{escape(text)}</p>"
    )
    return {"report.md": f"{text}\n", "report.html": f"{page}\n"}


def _table_pages(report: ReportView) -> dict[str, str]:
    """Return the files under ``tables``."""
    pages = {
        f"tables/{part.kind}_{dataset.stem}.md": part.page
        for dataset in report.datasets
        for part in (dataset.matrix, *(item.part for item in dataset.parts))
        if part.page
    }
    if report.overview is not None:
        pages |= {
            f"tables/{item.part.kind}_{report.overview.overview.stem}.md": item.part.page
            for item in report.overview.parts
            if item.part.page
        }
        pages |= report.overview.overview.files
    if report.published_table is not None:
        pages["tables/published.md"] = f"{markdown_table(report.published_table)}\n"
    return pages


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

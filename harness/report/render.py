"""Views to pages: Markdown, and one HTML file that holds all it needs."""

import base64
import re
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup, escape

from harness.errors import ResultsError
from harness.report.glossary import RULES_ANCHOR, RULES_TEXT, RULES_TITLE, rules_table
from harness.report.grid import Cell, markdown_table
from harness.report.matrix import SYMBOLS
from harness.report.reasons import severity
from harness.report.results import ReportFigure
from harness.report.templates import single_blank_lines, template_environment
from harness.report.view import ReportView

_INLINE = re.compile(
    r"`(?P<code>[^`]+)`|\*\*(?P<strong>[^*]+)\*\*|\[(?P<text>[^\]]+)\]\((?P<target>[^)\s]+)\)"
)


def markdown_page(report: ReportView) -> str:
    """Return ``report.md``."""
    text = _environment().get_template("report.md.j2").render(report=report)
    return single_blank_lines(text)


def html_page(report: ReportView, folder: Path) -> str:
    """Return ``report.html``, with its figures inside.

    Parameters
    ----------
    report : ReportView
        What it says.
    folder : Path
        Where the figures' files are.

    Returns
    -------
    str

    Raises
    ------
    ResultsError
        If a figure cannot be read.
    """
    environment = _environment()
    environment.globals["data_uri"] = lambda figure: data_uri(figure, folder)
    return environment.get_template("report.html.j2").render(report=report)


def answer_html(report: ReportView) -> str:
    """Return the answer alone as a piece of HTML, to stand in a page of others.

    Parameters
    ----------
    report : ReportView
        What the whole report says.

    Returns
    -------
    str
        The sentence and the table of verdicts of each data set, with the reasons folded; it has
        no names that links could meet twice.
    """
    return _environment().get_template("answer.html.j2").render(report=report)


def _environment() -> Environment:
    """Return what fills the templates."""
    environment = template_environment(Path(__file__).parent)
    environment.filters |= {
        "markdown": markdown_table,
        "inline": inline_html,
        "attributes": cell_attributes,
        "breakable": lambda cell: escape(cell.text).replace("_", Markup("_<wbr>")),
        "verdict_class": verdict_class,
        "with_range": with_range,
        "without_symbol": without_symbol,
    }
    environment.globals["symbols"] = SYMBOLS
    environment.globals["rules"] = {
        "title": RULES_TITLE,
        "anchor": RULES_ANCHOR,
        "text": RULES_TEXT,
        "table": rules_table(),
    }
    return environment


def inline_html(text: str) -> Markup:
    """Return a line of Markdown as HTML: code, bold, links; a verdict in bold gets its colour."""
    parts = []
    at = 0
    for found in _INLINE.finditer(text):
        parts.append(escape(text[at : found.start()]))
        at = found.end()
        if found["code"]:
            parts.append(Markup("<code>{}</code>").format(found["code"]))
        elif found["strong"] in SYMBOLS:
            parts.append(
                Markup('<strong class="badge {}"><span aria-hidden="true">{}</span> {}</strong>')
                .format(verdict_class(found["strong"]), SYMBOLS[found["strong"]], found["strong"])
            )  # fmt: skip
        elif found["strong"]:
            parts.append(Markup("<strong>{}</strong>").format(found["strong"]))
        else:
            parts.append(Markup('<a href="{}">{}</a>').format(found["target"], found["text"]))
    return Markup("").join([*parts, escape(text[at:])])


def with_range(cell: Cell) -> Markup:
    """Return a cell with what is in brackets, the range of replicates, on a line of its own."""
    number, bracket, rest = cell.text.partition(" [")
    if not bracket:
        return escape(cell.text)
    return Markup('{} <span class="range">[{}</span>').format(number, rest)


def without_symbol(cell: Cell) -> str:
    """Return what a cell says of its verdict, without the symbol before it."""
    return cell.text.removeprefix(SYMBOLS.get(cell.verdict, "")).strip()


def verdict_class(verdict: str) -> str:
    """Return the class that colours a verdict."""
    return f"v-{verdict.replace(' ', '-')}"


def cell_attributes(cell: Cell) -> Markup:
    """Return a cell's attributes: the number behind its text, or its verdict with the reason."""
    if cell.verdict:
        is_bare = without_symbol(cell).startswith(cell.verdict)
        shown = Markup(' class="verdict {}{}" data-order="{}"').format(
            "" if is_bare else "tally ", verdict_class(cell.verdict), severity(cell.verdict)
        )
        return shown + (Markup(' title="{}"').format(cell.reason) if cell.reason else Markup(""))
    if cell.value is None:
        return Markup("")
    return Markup(' data-value="{}"').format(f"{cell.value:.15g}")


def data_uri(figure: ReportFigure, folder: Path) -> str:
    """Return a figure as a link that holds it: vector where that was light enough, else pixels.

    Raises
    ------
    ResultsError
        If there is no such file.
    """
    pixels = folder / figure.path
    vector = pixels.with_suffix(".svg")
    try:
        if vector.is_file():
            kind, content = "svg+xml", vector.read_bytes()
        else:
            kind, content = "png", pixels.read_bytes()
    except OSError as error:
        raise ResultsError(
            f"cannot read '{error.filename}' ({error.strerror}); run the study again"
        ) from error
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"

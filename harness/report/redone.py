"""The figures of a published source, set beside the study's own."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.report.dataset import DatasetTables
from harness.report.numbers import count, fixed, median_range, seconds, show_r_hat, significant
from harness.study.published import Published, PublishedDataset, PublishedError
from harness.study.series import SeriesKey

#: A number to fill in: names parted by bars, in braces.
_PLACE = re.compile(r"\{([^{}]+)\}")
#: The first name of a number of this study's own.
_HERE = "here"

_SHOWN: Mapping[str, Callable[[float], str]] = {
    "fit_time_s": seconds,
    "elbo": lambda value: fixed(value, 2) if abs(value) < 10_000 else f"{value:,.0f}",
    "r_hat": show_r_hat,
    "r_hat_max_raw": show_r_hat,
    "r_hat_max_relabelled": show_r_hat,
    "n_label_orders": count,
}


@dataclass(frozen=True, kw_only=True)
class Counterpart:
    """A figure of the source.

    Attributes
    ----------
    title : str
        What it is.
    showed, differs : str
        What it showed, and why the study's own differs; numbers are filled in.
    figure : str
        The study's own figure.
    """

    title: str
    showed: str
    differs: str
    figure: str


def counterparts(published: Published, datasets: Sequence[DatasetTables]) -> list[Counterpart]:
    """Return what a source says of its figures, with the numbers that its texts ask for.

    In a text, ``{small | NUTS | mu[1,1] | r_hat}`` is a published number, by data set, run and
    parameter; ``{small | NUTS | fit_time_s}`` one of the run and ``{small | true_means}`` one of
    the data set.  ``{here | small | gmm | nuts | default | elbo}`` is a column of ``fits.csv``, by
    data set, program, method and variant, and with a parameter before the column one of
    ``comparison.csv``; of replicates it is the median with the range.

    Parameters
    ----------
    published : Published
        The source.
    datasets : sequence of DatasetTables
        The study's own tables.

    Returns
    -------
    list of Counterpart

    Raises
    ------
    PublishedError
        If a text asks for a number that is not there.
    """

    def fill(text: str) -> str:
        return _PLACE.sub(lambda place: _number(place[1], published, datasets), text)

    return [
        Counterpart(
            title=item.title,
            showed=" ".join(fill(item.showed).split()),
            differs=" ".join(fill(item.differs).split()),
            figure=item.figure,
        )
        for item in published.figures
    ]


def _number(place: str, published: Published, datasets: Sequence[DatasetTables]) -> str:
    """Return the number that a place in a text asks for."""
    names = [name.strip() for name in place.split("|")]
    own = names[0] == _HERE
    found = _own(names[1:], datasets) if own else _printed(names, published)
    if found is None:
        where = "this study's tables" if own else "the published numbers"
        raise PublishedError(
            f"a figure's text asks for '{{{place}}}', which is not in {where}; "
            f"name {'a column' if own else 'a number'} that is"
        )
    return found


def _own(names: Sequence[str], datasets: Sequence[DatasetTables]) -> str | None:
    """Return a number of the study's own: a column, before it perhaps a parameter."""
    if len(names) not in {5, 6}:
        return None
    key, column = SeriesKey(*names[1:4]), names[-1]
    tables = next((item for item in datasets if item.name == names[0]), None)
    series = next((item for item in tables.series if item.key == key), None) if tables else None
    if series is None:
        return None
    rows = series.ok
    if len(names) == 6:
        rows = series.judged[series.judged["parameter"] == names[4]]
    if column not in rows.columns:
        return None
    return median_range(rows[column], _SHOWN.get(column, lambda v: significant(v, 3))).text


def _printed(names: Sequence[str], published: Published) -> str | None:
    """Return a published number as it was printed."""
    if len(names) == 2:
        return _text(getattr(published.dataset(names[0]), names[1], None))
    runs = [run for run in published.runs_on(names[0]) if run.title == names[1]]
    if not runs or len(names) not in {3, 4}:
        return None
    source: object = runs[0] if len(names) == 3 else runs[0].parameters.get(names[2])
    return _text(getattr(source, names[-1], None))


def _text(value: object) -> str | None:
    """Return a number, or numbers in brackets, as they were printed, or a phrase."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, tuple):
        texts = [text for item in value if (text := _text(item))]
        if value and isinstance(value[0], tuple):
            return " and ".join(texts)
        return f"({', '.join(texts)})" if texts else None
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value:.10g}" if numeric else None


def data_sentence(known_of: PublishedDataset | None, name: str) -> str:
    """Say how the rows of a data set were made; empty if nothing tells.

    Parameters
    ----------
    known_of : PublishedDataset or None
        What the source says of the data set.
    name : str
        What the source is called.

    Returns
    -------
    str
        One sentence.
    """
    if known_of is None:
        return ""
    parts = [
        f"{title} {_text(values)}"
        for title, values in (
            ("component means", known_of.true_means),
            ("weights", known_of.true_shares),
            ("shares of the rows", known_of.class_shares),
        )
        if values
    ]
    return f"The rows were drawn as in the {name}: {', '.join(parts)}." if parts else ""

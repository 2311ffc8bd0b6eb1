"""Numbers that somebody else published, to stand beside a study's own."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt
from pydantic import ConfigDict, Strict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from harness.errors import HarnessError
from harness.messages.clauses import did_you_mean, first_problem
from harness.study.study import Study


class PublishedError(HarnessError):
    """A file of published numbers is missing, is not TOML, or does not fit the study."""


#: TOML's arrays become tuples, but a text is never taken for a number.
_CONFIG = ConfigDict(extra="forbid", allow_inf_nan=False)

Number = Annotated[float, Strict()]
Positive = Annotated[Number, Gt(0)]
NonNegative = Annotated[Number, Ge(0)]


@dataclass(frozen=True, kw_only=True, config=_CONFIG)
class PublishedSummary:
    """What was printed of one parameter; None where nothing was.

    Attributes
    ----------
    mean, sd, variance : float or None
        Of the posterior or its approximation.
    hdi_3, hdi_97 : float or None
        Ends of the 94% highest-density interval.
    mcse_mean, mcse_sd : float or None
        Monte Carlo standard errors of `mean` and `sd`.
    ess_bulk, ess_tail : float or None
        Effective sample sizes.
    r_hat : float or None
        Potential scale reduction.
    """

    mean: Number | None = None
    sd: Positive | None = None
    variance: Positive | None = None
    hdi_3: Number | None = None
    hdi_97: Number | None = None
    mcse_mean: NonNegative | None = None
    mcse_sd: NonNegative | None = None
    ess_bulk: Positive | None = None
    ess_tail: Positive | None = None
    r_hat: Positive | None = None


@dataclass(frozen=True, kw_only=True, config=_CONFIG)
class PublishedRun:
    """What was printed of one fit.

    Attributes
    ----------
    title : str
        What the source calls it.
    dataset : str
        The study's data set that it used.
    method : str
        The study's method that it is to be compared with.
    variant : str or None
        The variant that it is to be compared with; None for all.
    settings : str
        How it was run, in a phrase.
    labels : "raw" or "relabelled" or None
        Whether its components stand as the sampler named them; None without parameters.
    in_wide_tables : bool
        Whether its parameters get a column beside the study's own.
    n_rows, likelihood_weight : float or None
        What of the data set it used, where that is not all of it.
    fit_time_s : float or None
        Seconds, as printed.
    elbo : float or None
        Evidence lower bound in nats, as printed.
    warnings : tuple of str
        The sampler's warnings, word for word.
    parameters : Mapping
        Summaries by the study's name of the parameter.
    """

    title: str
    dataset: str
    method: str
    variant: str | None = None
    settings: str = ""
    labels: Literal["raw", "relabelled"] | None = None
    in_wide_tables: bool = True
    n_rows: int | None = None
    likelihood_weight: Positive | None = None
    fit_time_s: Positive | None = None
    elbo: Number | None = None
    warnings: tuple[str, ...] = ()
    parameters: Mapping[str, PublishedSummary] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, config=_CONFIG)
class PublishedDataset:
    """What is known of how a data set was made.

    Attributes
    ----------
    name : str
        The study's name of the data set.
    true_means : tuple of tuple of float
        Component means, shape (K, d), in the order of the relabelled components.
    true_shares, class_shares : tuple of float
        Mixture weights, and the shares of the rows that came from each component.
    """

    name: str
    true_means: tuple[tuple[Number, ...], ...] = ()
    true_shares: tuple[Number, ...] = ()
    class_shares: tuple[Number, ...] = ()


@dataclass(frozen=True, kw_only=True, config=_CONFIG)
class PublishedFigure:
    """A figure of the source, in words.

    Attributes
    ----------
    title : str
        What it is.
    figure : str
        The study's own figure that redoes it, by the stem of its file's name.
    showed : str
        What it showed.
    differs : str
        What the study's own shows instead, and why.
    """

    title: str
    figure: str
    showed: str
    differs: str


@dataclass(frozen=True, kw_only=True, config=_CONFIG)
class Published:
    """A source and its numbers.

    Attributes
    ----------
    source : str
        A line that names the source.
    name : str
        The word that tables put before its numbers.
    datasets : tuple of PublishedDataset
        What it says of the data.
    runs : tuple of PublishedRun
        What it says of fits.
    figures : tuple of PublishedFigure
        What it shows; the texts may ask for numbers, see `harness.report.redone`.
    """

    source: str
    name: str
    datasets: tuple[PublishedDataset, ...] = ()
    runs: tuple[PublishedRun, ...] = ()
    figures: tuple[PublishedFigure, ...] = ()

    def dataset(self, name: str) -> PublishedDataset | None:
        """Return what is known of a data set, if anything."""
        return next((item for item in self.datasets if item.name == name), None)

    def runs_on(self, dataset: str) -> tuple[PublishedRun, ...]:
        """Return the fits of one data set, in the source's order."""
        return tuple(run for run in self.runs if run.dataset == dataset)

    def check_datasets(self, known: Collection[str]) -> None:
        """Refuse numbers of a data set that a study does not have.

        Raises
        ------
        PublishedError
            With the nearest name that the study has.
        """
        for name in [item.dataset for item in self.runs] + [item.name for item in self.datasets]:
            if name not in known:
                raise PublishedError(
                    f"the published numbers name the data set '{name}'{did_you_mean(name, known)}"
                )


_ADAPTER: TypeAdapter[Published] = TypeAdapter(Published)


def parse_published(content: Mapping[str, Any]) -> Published:
    """Check the content of a file of published numbers (pure).

    Parameters
    ----------
    content : Mapping
        The parsed TOML.

    Returns
    -------
    Published

    Raises
    ------
    PublishedError
        If a key is unknown or missing, or a value is not a finite number where one belongs.
    """
    try:
        return _ADAPTER.validate_python(content)
    except ValidationError as error:
        raise PublishedError(first_problem(error)) from error


def read_published(file: Path) -> Published:
    """Read a file of published numbers.

    Parameters
    ----------
    file : Path
        TOML: ``source``, ``name``, ``[[datasets]]``, ``[[runs]]`` and ``[[figures]]``.

    Returns
    -------
    Published

    Raises
    ------
    PublishedError
        With the file's name and one line of advice.
    """
    if not file.is_file():
        raise PublishedError(f"file '{file}' does not exist; check the study's 'published'")
    try:
        return parse_published(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PublishedError(f"file '{file}' is not TOML: {error}") from error
    except PublishedError as error:
        raise PublishedError(f"file '{file}': {error}") from error


def published_of(study: Study) -> Published | None:
    """Read the numbers that a study sets beside its own, if it names any.

    Raises
    ------
    PublishedError
        As :func:`read_published`.
    """
    return read_published(study.published) if study.published else None

"""What a study leaves in a Python program: verdicts, tables, draws, figures."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from harness.api.arguments import path_of
from harness.api.draws import Fits, run_titles
from harness.api.figures import drawn_figures
from harness.api.outcomes import outcomes_of, swept_outcomes_of
from harness.errors import ResultsError
from harness.execution.run import FittedRun
from harness.fits.quantities import RAW, RELABELLED
from harness.messages.clauses import did_you_mean
from harness.plot import CAPTIONS_FILE, CaptionedFigure, draw_figure, write_figure_files
from harness.report import (
    ReportView,
    Results,
    answer_html,
    figures_of,
    make_view,
    write_report,
)
from harness.results.columns import (
    COMPARISON_COLUMNS,
    FITS_COLUMNS,
    STABILITY_COLUMNS,
    make_table,
    saved_values,
    write_table,
)
from harness.results.folder import open_results_folder
from harness.results.manifest import make_manifest, write_manifest
from harness.store import Store
from harness.study.published import Published
from harness.study.study import Study
from harness.summary import Measuring, summarise
from harness.summary.reference import ReferenceDraws

#: The index of tables whose rows are runs: the titles of their fits.
TITLE = "fit"
#: The column of the fits' own verdicts.
WHOLE = "whole fit"
#: The columns that say which run a row is of.
IDENTITY = ["dataset", "program", "method", "variant", "replicate"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class StudyResult:
    """The result of a study or a comparison; a notebook shows its verdicts.

    Attributes
    ----------
    study : Study
        What was asked for.
    fitted : tuple of FittedRun
        Every run with its fit, or with the reason why there is none.
    published : Published or None
        Numbers from elsewhere that the study names.
    table : DataFrame
        ``comparison.csv``, a row per run and parameter: estimates, errors, verdicts.
    fits_table : DataFrame
        ``fits.csv``, a row per run, indexed by the titles of :attr:`fits`: times,
        diagnostics, distances, verdicts, warnings.
    stability_table : DataFrame
        ``stability.csv``, a row per series of replicates and quantity.

    See Also
    --------
    harness.run_study, harness.compare : What returns it.

    Notes
    -----
    ``docs/tables.md`` defines the tables' columns and ``docs/verdict.md`` the verdicts.
    """

    study: Study
    fitted: tuple[FittedRun, ...]
    published: Published | None
    table: pd.DataFrame
    fits_table: pd.DataFrame
    stability_table: pd.DataFrame
    _store: Store | None = None

    @cached_property
    def fits(self) -> Fits:
        """The draws of each fit as a `DataTree` of ArviZ, by the titles of the tables."""
        return Fits(self.fitted)

    @cached_property
    def relabelled_fits(self) -> Fits:
        """The same, the components of mixtures ordered in every draw by their first coordinate."""
        return Fits(self.fitted, relabelled=True)

    @property
    def verdicts(self) -> pd.DataFrame:
        """The verdicts, a row per run and a column per quantity, the whole fit first.

        Rows are indexed by the titles of :attr:`fits`.  Of mixtures the components are ordered.
        """
        return self._by_quantity("verdict")

    @property
    def reasons(self) -> pd.DataFrame:
        """The sentence behind each of the :attr:`verdicts`, with the criterion that decided."""
        return self._by_quantity("verdict_reason")

    def plot_posterior(self, dataset: str | None = None) -> CaptionedFigure:
        """Draw the rows of a mixture in the plane, with draws of its components' means.

        Parameters
        ----------
        dataset : str, optional
            Which one, if there are several.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ResultsError
            If there is no such data set, or the figure does not apply to it.
        """
        return self._figure("posterior", dataset)

    def plot_gain(self, dataset: str | None = None) -> CaptionedFigure:
        """Draw errors of means against times; parameters as for :meth:`plot_posterior`."""
        return self._figure("gain", dataset)

    def plot_weights(self, dataset: str | None = None) -> CaptionedFigure:
        """Draw the components' weights; parameters as for :meth:`plot_posterior`."""
        return self._figure("weights", dataset)

    def plot_elbo(self, dataset: str | None = None) -> CaptionedFigure:
        """Draw the ELBO traces of ADVI; parameters as for :meth:`plot_posterior`."""
        return self._figure("elbo", dataset)

    def plot_approximations(self, dataset: str | None = None) -> CaptionedFigure:
        """Draw contours of a mixture's approximations; parameters as for :meth:`plot_posterior`."""
        return self._figure("approximations", dataset)

    def plot_intervals(self, dataset: str | None = None) -> CaptionedFigure:
        """Draw means and 90% intervals of all fits; parameters as for :meth:`plot_posterior`."""
        return self._figure("forest", dataset)

    def save(self, folder: str | Path) -> Path:
        """Write tables, figures, manifest and report, as ``harness run`` does.

        Parameters
        ----------
        folder : str or Path
            Made if it does not exist.

        Returns
        -------
        Path
            The report, ``report.html``, which needs no other file.

        Raises
        ------
        ResultsError
            If the folder cannot be written.
        """
        folder = open_results_folder(path_of(folder, "the folder"))
        write_table(self.table, folder / "comparison.csv")
        write_table(self.fits_table, folder / "fits.csv")
        write_table(self.stability_table, folder / "stability.csv")
        write_manifest(self.as_saved.manifest, folder / "manifest.json")
        files = drawn_figures(
            self.study,
            self.fitted,
            published=self.published,
            store=self._store,
            outcomes=outcomes_of(self.as_saved),
            swept=swept_outcomes_of(self.as_saved),
        )
        write_figure_files(files, folder / "figures")
        figures = figures_of(json.loads(files[CAPTIONS_FILE]))
        results = dataclasses.replace(self.as_saved, figures=figures)
        write_report(folder, published=self.published, results=results)
        return folder / "report.html"

    @cached_property
    def as_saved(self) -> Results:
        """Tables and manifest as :meth:`save` writes them, without figures; reports need this."""
        return Results(
            comparison=saved_values(self.table),
            fits=saved_values(self.fits_table),
            stability=saved_values(self.stability_table),
            manifest=json.loads(json.dumps(make_manifest(self.study, self.fitted))),
            figures=(),
        )

    def __repr__(self) -> str:
        """Return the answer in words."""
        answers = [item.answer.replace("**", "").replace("`", "'") for item in self._view.datasets]
        return "\n".join(answers)

    def _repr_html_(self) -> str:
        """Return the answer and the table of verdicts, for a notebook."""
        return answer_html(self._view)

    @cached_property
    def _view(self) -> ReportView:
        """What the report says of the tables."""
        return make_view(self.as_saved, self.published)

    def _by_quantity(self, column: str) -> pd.DataFrame:
        """Spread a column of the tables: runs down, quantities across."""
        runs = self.fits_table.reset_index()[[TITLE, *IDENTITY, column]]
        rows = self.table.merge(runs[[TITLE, *IDENTITY]], on=IDENTITY)
        is_mixture = rows["labels"].eq(RELABELLED).groupby(rows[TITLE]).transform("any")
        judged = rows[rows["labels"].eq(RELABELLED) | (rows["labels"].eq(RAW) & ~is_mixture)]
        wide = judged.pivot_table(
            index=TITLE, columns="parameter", values=column, aggfunc="first", sort=False
        )
        return runs.set_index(TITLE)[[column]].rename(columns={column: WHOLE}).join(wide)

    def _figure(self, kind: str, dataset: str | None) -> CaptionedFigure:
        """Draw a figure, or say why there is none."""
        names = list(self.study.datasets)
        name = names[0] if dataset is None and len(names) == 1 else dataset
        if name is None:
            raise ResultsError(f"there are several data sets; name one of {', '.join(names)}")
        if name not in names:
            raise ResultsError(f"there is no data set '{name}'{did_you_mean(name, names)}")
        figure = draw_figure(
            self.study,
            self.fitted,
            kind=kind,
            dataset=name,
            published=self.published,
            outcomes=outcomes_of(self.as_saved).get(name, ()),
        )
        if figure is None:
            raise ResultsError(
                f"the figure '{kind}' does not apply to data set '{name}': no fit of it has what "
                "the figure shows"
            )
        return figure


def make_result(
    study: Study,
    fitted: Sequence[FittedRun],
    *,
    references: Mapping[str, ReferenceDraws],
    published: Published | None = None,
    measuring: Measuring | None = None,
    store: Store | None = None,
) -> StudyResult:
    """Measure the fits of a study.

    Parameters
    ----------
    study : Study
        What was asked for.
    fitted : sequence of FittedRun
        All of its runs.
    references : Mapping
        References that come from files, by data set.
    published : Published, optional
        Numbers from elsewhere.
    measuring : Measuring, optional
        What was measured already.
    store : Store, optional
        Keeps figures.

    Returns
    -------
    StudyResult
    """
    summary = summarise(study, fitted, references, measuring=measuring)
    fitted = summary.fitted
    titles = {
        (run.dataset, run.program, run.method.name, run.variant, run.replicate): title
        for title, run in zip(run_titles(fitted), [item.run for item in fitted], strict=True)
    }
    fits = make_table(summary.fits, FITS_COLUMNS)
    fits.index = pd.Index(
        [titles[row] for row in fits[IDENTITY].itertuples(index=False, name=None)], name=TITLE
    )
    return StudyResult(
        study=study,
        fitted=tuple(fitted),
        published=published,
        table=make_table(summary.comparison, COMPARISON_COLUMNS),
        fits_table=fits,
        stability_table=make_table(summary.stability, STABILITY_COLUMNS),
        _store=store,
    )

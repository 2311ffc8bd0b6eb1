"""The draws of a result's fits, as ArviZ takes them, each read when it is asked for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xarray import DataTree

from harness.errors import FitLookupError
from harness.execution.run import FittedRun
from harness.fits.fit import Status
from harness.fits.quantities import posterior_arrays, relabel_arrays
from harness.messages.clauses import did_you_mean
from harness.study.series import SeriesKey, series_titles


class Fits(Mapping[str, DataTree]):
    """Draws by the titles that tables and figures use: ``"ADVI"``, ``"ADVI #2"`` of replicates.

    With several data sets their names come first: ``"small / ADVI"``.  Runs without a fit are not
    there.  Draws are read from the store each time that they are asked for.

    Parameters
    ----------
    fitted : sequence of FittedRun
        All runs of a study.
    relabelled : bool
        Whether the components of mixtures are ordered by their first coordinate in every draw.
    """

    def __init__(self, fitted: Sequence[FittedRun], *, relabelled: bool = False) -> None:
        self._relabelled = relabelled
        self._all = dict(zip(run_titles(fitted), fitted, strict=True))
        self._by_title = {
            title: item for title, item in self._all.items() if item.fit.status is Status.OK
        }

    def __getitem__(self, title: str) -> DataTree:
        """Return the draws of a fit.

        Raises
        ------
        FitLookupError
            If there is no such fit; a `KeyError` too.
        """
        if title not in self._by_title:
            if title in self._all:
                fit = self._all[title].fit
                raise FitLookupError(f"'{title}' has no fit: {fit.status}: {fit.reason}")
            raise FitLookupError(f"no fit is called '{title}'{did_you_mean(title, self._by_title)}")
        return _draws(self._by_title[title], relabelled=self._relabelled)

    def __iter__(self) -> Iterator[str]:
        """Give the titles in the study's order."""
        return iter(self._by_title)

    def __len__(self) -> int:
        """Return how many runs gave a fit."""
        return len(self._by_title)

    def __repr__(self) -> str:
        """Name the fits."""
        return f"<{len(self)} fits: {', '.join(self)}>"


def run_titles(fitted: Sequence[FittedRun]) -> list[str]:
    """Name runs as tables name their series, each differently."""
    datasets = list(dict.fromkeys(item.run.dataset for item in fitted))
    keys = [SeriesKey(item.run.program, item.run.method.name, item.run.variant) for item in fitted]
    named = {
        dataset: series_titles(
            key for key, item in zip(keys, fitted, strict=True) if item.run.dataset == dataset
        )
        for dataset in datasets
    }
    titles = []
    for key, item in zip(keys, fitted, strict=True):
        run = item.run
        prefix = f"{run.dataset} / " if len(datasets) > 1 else ""
        suffix = f" #{run.replicate}" if run.replicate > 1 else ""
        titles.append(f"{prefix}{named[run.dataset][key]}{suffix}")
    return titles


def _draws(item: FittedRun, *, relabelled: bool) -> DataTree:
    """Read draws and say what they are of."""
    draws = item.fit.read_draws().copy()
    if relabelled:
        program = item.program.program
        ordered = relabel_arrays(posterior_arrays(item.fit, program), program)
        posterior = draws["posterior"].to_dataset()
        renamed = {
            name: (posterior[name].dims, values)
            for name, values in ordered.items()
            if name in posterior  # of mixtures all, and only mixtures are reordered
        }
        draws["posterior"] = DataTree(posterior.assign(renamed))
    draws.attrs.update(_attributes(item))
    draws["posterior"].attrs.update(_attributes(item))
    return draws


def _attributes(item: FittedRun) -> dict[str, Any]:
    """Return attributes by the names of ArviZ's schema, and the run's own."""
    attributes = {
        "inference_library": "CmdStan",
        "inference_library_version": item.program.stan_version,
        "sampling_time": item.fit.fit_time_s,
        "model_name": item.run.program,
        "run": item.run.label,
        "method": item.run.method.name,
        "variant": item.run.variant,
        "seed": item.run.seed,
        "draw_kind": str(item.fit.draw_kind),
        "parameters": " ".join(item.program.parameters) or None,
        "converged": item.fit.diagnostics.converged,
    }
    if item.fit.diagnostics.may_be_diverging:
        attributes["may_be_diverging"] = 1  # netCDF has no logical values
    return {name: value for name, value in attributes.items() if value is not None}

"""What figures show: the fits of one data set as series with titles and colours."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.data.dataset import Dataset, FloatArray
from harness.execution.run import FittedRun
from harness.fits.fit import DrawKind, Fit, Status
from harness.fits.quantities import element_names, posterior_arrays, relabel_arrays
from harness.metrics import chains
from harness.plot.style import APPROXIMATION_COLOURS, CHAIN_COLOURS, LINE_STYLES
from harness.program.program import Program
from harness.study.published import Published
from harness.study.series import SeriesKey, series_titles
from harness.study.study import Run, Study
from harness.verdict.rules import R_HAT_LIMIT

#: So many parameters tell whether chains agree.
_MOST_CHECKED = 100

#: Rows and likelihood weight: fits to the same objective have comparable ELBOs.
Objective = tuple[int, float]


@dataclass(frozen=True, kw_only=True)
class Series:
    """The replicates of a run that gave a fit.

    Attributes
    ----------
    key : SeriesKey
        Program, method, variant.
    title : str
        For legends.
    colour : str
        The same for this method and variant in all figures of a study.
    dashes : str
        The line style, which tells series of one colour apart.
    fits : tuple of Fit
        One per replicate, all with draws.
    program : Program
        What was fitted.
    """

    key: SeriesKey
    title: str
    colour: str
    dashes: str
    fits: tuple[Fit, ...]
    program: Program

    @property
    def are_chains(self) -> bool:
        """Whether the draws are Markov chains."""
        return self.fits[0].draw_kind is DrawKind.CHAINS

    @property
    def objective(self) -> Objective:
        """Rows and likelihood weight that the fits have seen."""
        used = self.fits[0].used_data
        return int(used.get("n_rows", 0)), float(used.get("likelihood_weight", 1.0))

    @property
    def n_draws(self) -> int:
        """Draws of the first replicate, all chains."""
        first = next(iter(self.raw().values()))
        return int(first.shape[0] * first.shape[1])

    def raw(self, replicate: int = 0) -> dict[str, FloatArray]:
        """Return draws as sampled, each of shape (chain, draw, ...)."""
        return posterior_arrays(self.fits[replicate], self.program)

    def relabelled(self, replicate: int = 0) -> dict[str, FloatArray]:
        """Return draws whose components are ordered by their first coordinate."""
        return relabel_arrays(self.raw(replicate), self.program)

    def elements(self, replicate: int = 0) -> dict[str, FloatArray]:
        """Return relabelled draws of every scalar, each of shape (chain, draw)."""
        return split_elements(self.relabelled(replicate))


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a fit, as the tables have it.

    Attributes
    ----------
    title : str
        Of its series.
    fit_time_s : float
        In seconds.
    error_sd : float
        Largest error of a mean, in the reference's sds.
    verdict : str
    is_usual : bool
        Whether it is NUTS with default settings, which others are to replace.
    """

    title: str
    fit_time_s: float
    error_sd: float
    verdict: str
    is_usual: bool = False


@dataclass(frozen=True, kw_only=True)
class FigureData:
    """Everything that the figures of one data set draw on.

    Attributes
    ----------
    dataset : Dataset
        The rows.
    series : tuple of Series
        In the study's order; runs without a fit are left out.
    reference : Series or None
        The chains that the others are drawn beside.
    published : Published or None
        Numbers from elsewhere.
    outcomes : tuple of Outcome
        Of the fits whose error and time are known, in the study's order.
    """

    dataset: Dataset
    series: tuple[Series, ...]
    reference: Series | None
    published: Published | None
    outcomes: tuple[Outcome, ...] = ()

    @property
    def approximations(self) -> tuple[Series, ...]:
        """The variational series."""
        return tuple(item for item in self.series if not item.are_chains)


#: Characters of a legend's label that fit three times into a figure's width.
_THIRD_OF_WIDTH = 32


def legend_label(series: Series) -> str:
    """Return a series' title with the number of its replicates, after a multiplication sign."""
    n_fits = len(series.fits)
    return series.title if n_fits == 1 else f"{series.title} \N{MULTIPLICATION SIGN}{n_fits}"


def legend_below(figure: Figure, panels: Iterable[Axes]) -> None:
    """Put one legend for all panels below them, each label once."""
    handles: dict[str, Artist] = {}
    for axes in panels:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    n_columns = 3 if max(map(len, handles)) <= _THIRD_OF_WIDTH else 2
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=n_columns)


def split_elements(arrays: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Return the scalars of some variables by name, each of shape (chain, draw)."""
    elements = {}
    for variable, values in arrays.items():
        flat = values.reshape(*values.shape[:2], -1)
        for i, name in enumerate(element_names(variable, values.shape[2:])):
            elements[name] = flat[:, :, i]
    return elements


def figure_data(
    study: Study,
    fitted: Sequence[FittedRun],
    dataset: str,
    published: Published | None,
    outcomes: Sequence[Outcome] = (),
) -> FigureData:
    """Collect the fits of one data set.

    Parameters
    ----------
    study : Study
        What was asked for.
    fitted : sequence of FittedRun
        All runs of the study.
    dataset : str
        The data set's name.
    published : Published or None
        Numbers from elsewhere.
    outcomes : sequence of Outcome
        What the tables say of its fits.

    Returns
    -------
    FigureData
    """
    source = study.references.get(dataset)
    groups: dict[SeriesKey, list[FittedRun]] = {}
    for item in fitted:
        if item.run.dataset == dataset and item.fit.status is Status.OK:
            groups.setdefault(_key(item.run), []).append(item)
    titles = series_titles(groups)
    looks = _looks(fitted)
    series = tuple(
        Series(
            key=key,
            title=titles[key],
            colour=looks[_look_key(items[0])][0],
            dashes=looks[_look_key(items[0])][1],
            fits=tuple(item.fit for item in items),
            program=items[0].program.program,
        )
        for key, items in groups.items()
    )
    return FigureData(
        dataset=_with_rows(study.datasets[dataset], study.programs.values()),
        series=series,
        reference=_reference(series, source.run if source else None),
        published=published,
        outcomes=tuple(outcomes),
    )


def _with_rows(dataset: Dataset, programs: Iterable[Program]) -> Dataset:
    """Find the table of rows among data that came as JSON, if a program's contract names one."""
    variables = dataset.variables or {}
    for program in programs:
        names = program.contract.row_variables if program.contract else ()
        table = np.asarray(variables.get(names[0])) if len(names) == 1 else np.empty(0)
        if table.ndim == 2 and table.size:
            return Dataset(name=dataset.name, rows=table.astype(np.float64))
    return dataset


def _key(run: Run) -> SeriesKey:
    """Return the series that a run belongs to."""
    return SeriesKey(run.program, run.method.name, run.variant)


def _look_key(item: FittedRun) -> tuple[str, ...]:
    """Return what runs of one look share: chains are told apart by their program too."""
    key = _key(item.run)
    if item.fit.draw_kind is DrawKind.CHAINS:
        return (item.run.dataset, *key)
    return (key.method, key.variant)


def _looks(fitted: Sequence[FittedRun]) -> dict[tuple[str, ...], tuple[str, str]]:
    """Give every method and variant of a study its colour, and dashes where colours run out."""
    looks: dict[tuple[str, ...], tuple[str, str]] = {}
    n_approximations = 0
    for item in fitted:
        key = _look_key(item)
        if item.fit.status is not Status.OK or key in looks:
            continue
        if item.fit.draw_kind is DrawKind.CHAINS:
            rank = sum(other[0] == item.run.dataset and len(other) > 2 for other in looks)
            looks[key] = (CHAIN_COLOURS[rank % len(CHAIN_COLOURS)], LINE_STYLES[0])
        else:
            turn, place = divmod(n_approximations, len(APPROXIMATION_COLOURS))
            looks[key] = (APPROXIMATION_COLOURS[place], LINE_STYLES[turn % len(LINE_STYLES)])
            n_approximations += 1
    return looks


def _reference(series: Sequence[Series], named: Run | None) -> Series | None:
    """Return the series that the study names, else the first chains that agree on their labels."""
    if named is not None:
        return next((item for item in series if item.key == _key(named)), None)
    of_chains = [item for item in series if item.are_chains]
    if len(of_chains) < 2:
        return of_chains[0] if of_chains else None
    worst = [(_largest_r_hat(item), item) for item in of_chains]
    agreeing = [item for r_hat, item in worst if r_hat < R_HAT_LIMIT]
    if agreeing:
        return agreeing[0]
    return min(worst, key=lambda pair: pair[0])[1]


def _largest_r_hat(series: Series) -> float:
    """Return the largest R-hat over parameters as sampled, infinite if one is unknown.

    Of very many parameters some, evenly spaced: chains that disagree on labels do so in all.
    """
    every = list(split_elements(series.raw()).values())
    found = [chains.r_hat(draws) for draws in every[:: math.ceil(len(every) / _MOST_CHECKED)]]
    return float(np.nan_to_num(np.max(found), nan=np.inf))


def thin_draws(draws: FloatArray, n_most: int) -> FloatArray:
    """Return at most `n_most` draws, evenly spaced over all chains; shape (draw, ...)."""
    flat: FloatArray = draws.reshape(-1, *draws.shape[2:])
    chosen = np.linspace(0, flat.shape[0] - 1, min(n_most, flat.shape[0])).round().astype(int)
    return np.take(flat, chosen, axis=0)

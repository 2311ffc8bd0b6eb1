"""Simulation-based calibration for a Python program or a notebook."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from harness.api.arguments import (
    components_of,
    contract_of,
    data_of,
    methods_of,
    names_of,
    path_of,
    seed_of,
    switch_of,
    whole_number,
)
from harness.api.options import RunOptions, SayLine
from harness.api.programs import program_file
from harness.api.running import ProgressLines
from harness.calibration import page
from harness.calibration.asked import CALIBRATED_METHODS, Calibration, read_programs
from harness.calibration.plan import Plan, plan_calibration
from harness.calibration.running import CalibrationTables, run_calibration
from harness.errors import ResultsError
from harness.execution.pool import Pool
from harness.execution.run import Observer
from harness.methods import Method
from harness.plot import (
    HOW_TO_READ,
    CaptionedFigure,
    figure_files,
    rank_figure,
    write_figure_files,
)
from harness.program.contract import Components, DataContract
from harness.results.columns import write_table
from harness.results.folder import open_results_folder
from harness.results.manifest import write_manifest
from harness.study.series import file_stem


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CalibrationResult:
    """What came of a calibration.

    Attributes
    ----------
    tables : CalibrationTables
        With the tables ``methods``, ``calibration`` and ``ranks``.
    """

    tables: CalibrationTables

    @property
    def methods(self) -> pd.DataFrame:
        """The verdict on each method."""
        return self.tables.methods

    @property
    def calibration(self) -> pd.DataFrame:
        """The verdict on each method and quantity."""
        return self.tables.calibration

    @property
    def ranks(self) -> pd.DataFrame:
        """The rank of every true value."""
        return self.tables.ranks

    def __repr__(self) -> str:
        """Say what came of each method."""
        return "\n".join(page.answers(self.methods, self.calibration))

    def figures(self) -> dict[str, CaptionedFigure]:
        """Draw the ranks of each method, by the stem of the figure's file."""
        drawn = {
            f"{file_stem(method)}_ecdf": rank_figure(self.ranks, self.calibration, method=method)
            for method in self.methods["method"]
        }
        return {name: figure for name, figure in drawn.items() if figure is not None}

    def save(self, folder: str | Path) -> Path:
        """Write tables, figures and the page.

        Parameters
        ----------
        folder : str or Path
            Made if it does not exist.

        Returns
        -------
        Path
            The page, ``report.md``.

        Raises
        ------
        ResultsError
            If a file cannot be written.
        """
        into = open_results_folder(path_of(folder, "the folder"))
        figures = self.figures()
        write_figure_files(figure_files(figures), into / "figures")
        for name in ("methods", "calibration", "ranks"):
            write_table(getattr(self.tables, name), into / f"{name}.csv")
        write_manifest(self.tables.manifest, into / "manifest.json")
        text = page.page_text(
            page.make_page(
                seed=self.tables.seed,
                methods=self.methods,
                calibration=self.calibration,
                figures=_told(figures),
                manifest=self.tables.manifest,
            )
        )
        file = into / "report.md"
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise ResultsError(f"cannot write '{file}': {error.strerror}") from error
        return file


def _told(figures: Mapping[str, CaptionedFigure]) -> list[dict[str, str]]:
    """Return what a page says of figures: the first how all are to be read."""
    return [
        {
            "path": f"figures/{name}.png",
            "caption": item.caption.replace(HOW_TO_READ, "as figure 1.") if i else item.caption,
            "alt": item.alt,
        }
        for i, (name, item) in enumerate(figures.items())
    ]


def calibrate(  # noqa: PLR0913 - flat keywords are what a notebook's completion shows
    simulate: str | Path,
    model: str | Path,
    data: str | Path | Mapping[str, Any] | None = None,
    *,
    replicates: int = 200,
    methods: Iterable[str | Method | tuple[str, Method]] = CALIBRATED_METHODS,
    variables: Iterable[str] = (),
    contract: DataContract | None = None,
    components: Components | None = None,
    posterior: bool = False,
    seed: int = 1,
    store: str | Path | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    time_limit_s: float | None = None,
    retry_failed: bool = False,
    progress: SayLine | None = None,
) -> CalibrationResult:
    """Check by simulation whether posteriors are calibrated.

    Parameters and data are drawn from the model's own prior and likelihood; then the rank of a true
    value among the draws of a right posterior is uniform.

    Parameters
    ----------
    simulate : str or Path
        A ``.stan`` file, or Stan code, without parameters. Its generated quantities draw the
        parameters of `model` from their prior, and its data, all by their names.
    model : str or Path
        The program to fit.
    data : str, Path or Mapping, optional
        Data that are the same in all replicates, for both programs.
    replicates : int
        How many data sets to simulate.
    methods : iterable of str, Method or tuple
        As for :func:`compare`; ``"nuts"`` by its name has one chain.
    variables : iterable of str
        What is ranked beside the log density; by default the parameters.
    contract : DataContract, optional
        What a row of `model` is, for methods that take a part of the rows.
    components : Components, optional
        Of a mixture: what is ranked then does not depend on the order of its components.
    posterior : bool
        Whether replicates are drawn given the observed `data`: `simulate` is then a program with
        parameters, `model` itself for example, with ``y_rep`` for each data ``y`` to be replicated.
    seed : int
        Decides all randomness.
    store, jobs, scheduler, time_limit_s, retry_failed, progress
        As for :func:`run_study`.

    Returns
    -------
    CalibrationResult

    Raises
    ------
    HarnessError
        If the two programs and the data do not belong together; the message says what to change. A
        fit that fails raises nothing and is counted.
    """
    asked = Calibration(
        simulate=program_file(simulate),
        model=program_file(model),
        data=None if data is None else data_of(data),
        methods=methods_of(methods),
        variables=names_of(variables, "variables"),
        contract=contract_of(contract),
        components=components_of(components),
        replicates=whole_number(replicates, "replicates"),
        posterior=switch_of(posterior, "posterior"),
        seed=seed_of(seed),
    )
    options = RunOptions(
        store=store,
        jobs=jobs,
        scheduler=scheduler,
        time_limit_s=time_limit_s,
        retry_failed=retry_failed,
        progress=progress,
    )
    return _run(asked, options)


def _run(asked: Calibration, options: RunOptions) -> CalibrationResult:
    """Calibrate where the caller said."""
    observer = Observer() if options.progress is None else ProgressLines(options.progress)
    programs = read_programs(asked)
    with options.open_pool() as pool:
        plan = plan_calibration(
            asked, programs, store=options.open_store(), pool=pool, observer=observer
        )
        return fit_calibration(plan, options, pool=pool, observer=observer)


def fit_calibration(
    plan: Plan, options: RunOptions, *, pool: Pool, observer: Observer
) -> CalibrationResult:
    """Fit what is not stored, and rank.

    Parameters
    ----------
    plan : Plan
        From :func:`harness.calibration.plan_calibration`.
    options : RunOptions
        Which store, and whether to try failures again.
    pool : Pool
        Where to fit, from :meth:`RunOptions.open_pool`.
    observer : Observer
        Told what happens.

    Returns
    -------
    CalibrationResult
    """
    tables = run_calibration(
        plan,
        store=options.open_store(),
        pool=pool,
        observer=observer,
        retry_failed=options.retry_failed,
    )
    return CalibrationResult(tables=tables)

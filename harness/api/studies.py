"""Studies and comparisons, run for a Python program or a notebook."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from harness.api.arguments import (
    components_of,
    contract_of,
    data_of,
    files_of,
    methods_of,
    names_of,
    path_of,
    reference_of,
    seed_of,
    text_of,
    whole_number,
)
from harness.api.options import RunOptions, SayLine
from harness.api.programs import program_file
from harness.api.result import StudyResult
from harness.api.running import ProgressLines, fit_study
from harness.execution.run import Observer
from harness.methods import Method, make_method
from harness.program.contract import Components, DataContract
from harness.study.comparison import (
    DEFAULT_METHODS,
    REPLICATES,
    Comparison,
    comparison_study,
)
from harness.study.study import Study
from harness.study.sweep import FULL
from harness.study.toml import read_study


def run_study(  # noqa: PLR0913 - flat keywords are what a notebook's completion shows
    path: str | Path,
    *,
    scale: str = FULL,
    posteriordb: str | Path | None = None,
    store: str | Path | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    time_limit_s: float | None = None,
    retry_failed: bool = False,
    progress: SayLine | None = None,
) -> StudyResult:
    """Run a study that a TOML file declares.

    Fits that are in the store already are read from there.  Nothing is printed or written beside
    the store; :meth:`StudyResult.save` writes tables and report.

    Parameters
    ----------
    path : str or Path
        The study's file, as ``studies/notebook.toml``.
    scale : str
        One of the study's scales, as ``"small"``; by default the study as it is written.
    posteriordb : str or Path, optional
        A clone of posteriordb, in the place of the one that the study names.
    store : str or Path, optional
        Where fits are kept and found again; by default in the user's cache folder.
    jobs : int
        Fits at once; with 1 they do not disturb one another's times.
    scheduler : str, optional
        The address of a Dask cluster that fits in place of this machine.
    time_limit_s : float, optional
        End a fit that takes longer, in seconds; it fails with that reason.
    retry_failed : bool
        Try runs again that are known to fail.
    progress : callable, optional
        Told a line of each thing that happens; ``print`` shows them.

    Returns
    -------
    StudyResult

    Raises
    ------
    HarnessError
        If the input is invalid; the message says what to change.  A run that fails raises
        nothing; the tables have its reason.

    See Also
    --------
    compare : The same for a program and data, without a file.

    Examples
    --------
    >>> import harness
    >>> result = harness.run_study("tests/data/studies/ar1.toml")
    >>> result
    On 'data', against NUTS reference in ... s: trust Laplace.
    >>> result.fits_table.loc["Laplace", "verdict"]
    'trust'
    """
    options = RunOptions(
        store=store,
        jobs=jobs,
        scheduler=scheduler,
        time_limit_s=time_limit_s,
        retry_failed=retry_failed,
        progress=progress,
    )
    clone = None if posteriordb is None else path_of(posteriordb, "posteriordb")
    file, scale = path_of(path, "the study"), text_of(scale, "scale") or FULL
    return _run(read_study(file, scale=scale, posteriordb=clone), options)


def compare(  # noqa: PLR0913 - flat keywords are what a notebook's completion shows
    model: str | Path,
    data: str | Path | Mapping[str, Any],
    *,
    methods: Iterable[str | Method | tuple[str, Method]] = DEFAULT_METHODS,
    variables: Iterable[str] = (),
    reference: str | Path | Method | None = None,
    contract: DataContract | None = None,
    components: Components | None = None,
    subsample: int | None = None,
    batch: int | None = None,
    rows: str | None = None,
    rows_files: Mapping[str, str | Path] | None = None,
    replicates: int = REPLICATES,
    seed: int = 1,
    native: bool = False,
    store: str | Path | None = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    time_limit_s: float | None = None,
    retry_failed: bool = False,
    progress: SayLine | None = None,
) -> StudyResult:
    """Compare methods on a Stan program and its data.

    Parameters
    ----------
    model : str or Path
        A ``.stan`` file, or Stan code (a text of several lines).
    data : str, Path or Mapping
        A file in CmdStan's JSON, or numbers, lists and arrays by name.
    methods : iterable of str, Method or tuple
        Names of methods, methods with options from :func:`method`, or such a method in a pair
        after what tables are to call the variant.
    variables : iterable of str
        What tables show; by default parameters and transformed parameters.
    reference : str, Path or Method, optional
        A file of draws in posteriordb's JSON form, or a method; ``"none"`` for draws that are
        trusted by evidence without a NUTS run; by default NUTS with four chains
        of 2,000 draws and a target acceptance of 0.95.
    contract : DataContract, optional
        For a program that weights the likelihood of a subsample itself: which data are its rows and
        the weight. Any other program needs none.
    components : Components, optional
        Of a mixture: which variables are its components' means and shares.
    subsample : int, optional
        Compares fits to a subsample of so many rows too, by ``"subsample_advi"`` and
        ``"subsample_nuts"``.
    batch : int, optional
        Rows of a batch for the methods ``"vi_meanfield"``, ``"vi_fullrank"`` and ``"vi_lowrank"``
        where they are named without options; they are added if none is named.
    rows : str, optional
        The integer of the data that counts the rows; by default the largest whose rows are proved
        to add up.
    rows_files : Mapping, optional
        By name, a ``.npy`` with the rows of variables that the data leave out, too many for memory.
    replicates : int
        Runs of each approximation, from as many seeds; of one alone the sentence says so.
    seed : int
        Decides all randomness.
    native : bool
        Whether the program is compiled for this machine's processor, and by stanc's optimiser.
    jobs : int, optional
        Fits at once; by default as many as there are cores, NUTS counting as many as it has chains.
    store, scheduler, time_limit_s, retry_failed, progress
        As for :func:`run_study`.

    Returns
    -------
    StudyResult

    Raises
    ------
    HarnessError
        As for :func:`run_study`.

    See Also
    --------
    run_study : For several data sets or programs.

    Examples
    --------
    An autoregression of twenty values, on which Laplace is right:

    >>> import harness
    >>> result = harness.compare(
    ...     "tests/data/models/ar1.stan", "tests/data/models/ar1.json", methods=["laplace"]
    ... )
    >>> result.verdicts["whole fit"].to_dict()
    {'NUTS reference': 'trust', 'Laplace': 'trust', 'Laplace #2': 'trust', 'Laplace #3': 'trust'}
    >>> list(result.fits["Laplace"]["posterior"].data_vars)
    ['rho']
    """
    asked = Comparison(
        model=program_file(model),
        data=data_of(data),
        methods=methods_of(methods),
        variables=names_of(variables, "variables"),
        reference=reference_of(reference),
        contract=contract_of(contract),
        components=components_of(components),
        subsample=None if subsample is None else whole_number(subsample, "subsample"),
        batch=None if batch is None else whole_number(batch, "batch"),
        rows=text_of(rows, "rows"),
        rows_files=files_of(rows_files),
        replicates=whole_number(replicates, "replicates"),
        seed=seed_of(seed),
        native=native,
    )
    return _run(asked, RunOptions(store, jobs, scheduler, time_limit_s, retry_failed, progress))


def method(name: str, **options: Any) -> Method:
    """Return a method with options set, for :func:`compare`.

    Parameters
    ----------
    name : str
        Its name, as ``"subsample_advi"``.
    **options
        Fields of its class in :mod:`harness.methods`; others keep their defaults.

    Returns
    -------
    Method

    Raises
    ------
    MethodError
        If the method or an option is unknown, an option is missing, or its value is not allowed.

    Examples
    --------
    >>> import harness
    >>> harness.method("subsample_advi", m=200).weighted
    True
    >>> harness.method("advi", steps=100)
    Traceback (most recent call last):
    harness.errors.MethodError: method 'advi' has no option 'steps'; ...
    """
    return make_method(text_of(name, "the method's name") or "", options)


def _run(asked: Study | Comparison, options: RunOptions) -> StudyResult:
    """Run a study or a comparison where its caller said."""
    study = comparison_study(asked) if isinstance(asked, Comparison) else asked
    observer = Observer() if options.progress is None else ProgressLines(options.progress)
    with options.open_pool() as pool:
        return fit_study(study, options, pool=pool, observer=observer)

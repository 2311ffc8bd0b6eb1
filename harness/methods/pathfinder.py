"""Pathfinder (Zhang, Carpenter, Gelman and Vehtari 2022, JMLR 23(306)) as CmdStan runs it.

A path is a run of L-BFGS towards a mode; of the Gaussians along it, which cost no further
gradients, the one with the largest ELBO is taken.  Multi-path Pathfinder pools the draws of
several paths and resamples them by Pareto-smoothed importance weights.  CmdStan weights each draw
by the density of its own path's Gaussian, not of their mixture.

CmdStan is called directly: it writes the paths' draws beside the resampled ones in one run.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import lazy_loader as lazy
import numpy as np
from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from harness.data.dataset import Dataset
from harness.errors import MethodError
from harness.fits.fit import Cost, Diagnostics, DrawKind, Fit, Status
from harness.methods.base import OPTIONS_CONFIG, Problem, RowsUsed, refuse_files
from harness.methods.cmdstan_run import Console, Timed, run_folder, run_method
from harness.methods.draws_file import DrawsFile, parse_draws_file
from harness.methods.pathfinder_output import PathfinderConsole, parse_console
from harness.methods.scoring import FurtherFile, scored_draws
from harness.program.program import Program

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = lazy.load("xarray")


@dataclass(frozen=True, kw_only=True, config=OPTIONS_CONFIG)
class Pathfinder:
    """Pathfinder with several paths or one path; the defaults are CmdStan's.

    Its draws are resampled with replacement, so that some are duplicates, and stand in the order
    of their paths.  The draws before resampling are kept as the group ``proposals`` (their
    ``log_p``, ``log_q`` and ``path``): k-hat is that of their weights.

    Attributes
    ----------
    n_paths : int
        Number of runs of L-BFGS from different initial values, one after another.
    psis_resample : bool
        Whether the draws of the paths are resampled. Without resampling, or with one path, the
        result is all draws of the paths, and `n_draws` is ignored.
    calculate_log_p : bool
        Whether CmdStan evaluates the log density of the draws of the paths; resampling needs it.
    max_lbfgs_iterations : int
        Maximum number of iterations of a path.
    history_size : int
        Number of updates that L-BFGS keeps to approximate the inverse Hessian.
    n_elbo_draws : int
        Monte Carlo draws for the ELBO of each iteration.
    n_draws_per_path : int
        Draws from the Gaussian of each path.
    n_draws : int
        Number of draws that PSIS resamples from the draws of all paths.
    init_radius : float
        Paths start uniformly within this distance of zero on the unconstrained scale.
    """

    name: ClassVar[str] = "pathfinder"
    title: ClassVar[str] = "Pathfinder"
    family: ClassVar[str] = "Pathfinder"
    draw_kind: ClassVar[DrawKind] = DrawKind.INDEPENDENT
    scores_last: ClassVar[bool] = True
    rows_used: ClassVar[RowsUsed] = RowsUsed.ALL

    n_paths: PositiveInt = 4
    psis_resample: bool = True
    calculate_log_p: bool = True
    max_lbfgs_iterations: PositiveInt = 1000
    history_size: PositiveInt = 5
    n_elbo_draws: PositiveInt = 25
    n_draws_per_path: PositiveInt = 1000
    n_draws: PositiveInt = 1000
    init_radius: PositiveFloat = 2.0

    @property
    def _resamples(self) -> bool:
        return self.n_paths > 1 and self.psis_resample and self.calculate_log_p

    def check(self, dataset: Dataset, program: Program) -> None:  # noqa: ARG002 - any will do
        """Refuse more draws than there are; see :meth:`harness.methods.base.Method.check`."""
        refuse_files(self, dataset)
        n_available = self.n_paths * self.n_draws_per_path
        if self._resamples and self.n_draws > n_available:
            raise MethodError(
                f"method '{self.name}' resamples n_draws = {self.n_draws} of the "
                f"{n_available} draws of its {self.n_paths} paths; give more n_draws_per_path"
            )

    def fit(self, problem: Problem, *, seed: int) -> Fit:
        """Run the paths; see :meth:`harness.methods.base.Method.fit`."""
        with run_folder(problem.stan_data()) as (data_file, folder):
            timed, output = self._run(problem, data_file, folder, seed=seed)
            proposals = self._read_paths(folder) if self._resamples else []
        console = parse_console(timed.result.text, n_elbo_draws=self.n_elbo_draws)
        draws = scored_draws(
            problem,
            output,
            log_q=output.column("lp_approx__"),
            own_log_p=output.column("lp__") if self.calculate_log_p else None,
            seed=seed,
            further=FurtherFile(
                run=lambda n: self._more(problem, output, n, seed=seed),
                log_q="lp_approx__",
                cost_s=timed.cpu_time_s,
            ),
        )
        draws.tree["sample_stats"]["path"] = _by_chain(output.column("path__"))
        if proposals:
            draws.tree["proposals"] = _proposals_group(proposals)
        return Fit(
            status=Status.OK,
            draws=draws.tree,
            draw_kind=self.draw_kind,
            diagnostics=Diagnostics(
                elbo=max(console.elbos, default=None),
                n_iterations=console.n_iterations,
                k_hat_reported=console.k_hat,
            ),
            fit_time_s=timed.wall_time_s,
            cost=Cost(
                adapt_time_s=0.0, run_time_s=timed.wall_time_s, n_gradients=console.n_gradients
            ),
            warnings=(*self._warnings(console), *draws.warnings),
            used_data=problem.used_data(),
        )

    def _run(
        self, problem: Problem, data_file: Path, folder: Path, *, seed: int
    ) -> tuple[Timed[Console], DrawsFile]:
        """Run CmdStan; where a path failed, again without the files of the paths.

        Stan 2.39 loses resampled draws of the paths behind one that failed if it writes those
        files.  The seed makes both runs take the same paths.
        """

        def run(*, save_paths: bool) -> tuple[Timed[Console], DrawsFile]:
            draws_file = folder / "draws.csv"
            timed = run_method(
                problem.program.executable,
                *self._arguments(save_paths=save_paths),
                data_file=data_file,
                output_file=draws_file,
                seed=seed,
                init_radius=self.init_radius,
            )
            return timed, parse_draws_file(draws_file.read_text())

        timed, draws = run(save_paths=self._resamples)
        if self._resamples and draws.table.shape[0] != self.n_draws:
            return run(save_paths=False)
        return timed, draws

    def _more(self, problem: Problem, first: DrawsFile, n: int, *, seed: int) -> DrawsFile | None:
        """Run the same paths again for more draws of their Gaussians, before any resampling."""
        per_path = -(-n // self.n_paths)
        every = replace(self, psis_resample=False, n_draws_per_path=per_path, calculate_log_p=False)
        with run_folder(problem.stan_data()) as (data_file, folder):
            file = every._run(problem, data_file, folder, seed=seed)[1]
        known = set(file.column("lp_approx__"))
        return file if known.issuperset(first.column("lp_approx__")) else None

    def _arguments(self, *, save_paths: bool) -> list[str]:
        """Return the options in CmdStan's grammar; `refresh=1` has each iteration printed."""
        return [
            *("refresh=1", "method=pathfinder", f"num_paths={self.n_paths}"),
            *(f"psis_resample={self.psis_resample:d}", f"calculate_lp={self.calculate_log_p:d}"),
            *(f"max_lbfgs_iters={self.max_lbfgs_iterations}", f"history_size={self.history_size}"),
            *(f"num_elbo_draws={self.n_elbo_draws}", f"num_draws={self.n_draws_per_path}"),
            *(f"num_psis_draws={self.n_draws}", f"save_single_paths={save_paths:d}"),
        ]

    def _read_paths(self, folder: Path) -> list[DrawsFile]:
        """Return the draws of the paths that succeeded."""
        files = [folder / f"draws_path_{path}.csv" for path in range(1, self.n_paths + 1)]
        texts = [file.read_text() for file in files if file.is_file()]
        return [parse_draws_file(text) for text in texts if "\nlp_approx__," in text]

    def _warnings(self, console: PathfinderConsole) -> tuple[str, ...]:
        """Put what CmdStan noted into sentences."""
        warnings = []
        if console.n_failed_paths:
            warnings.append(f"{console.n_failed_paths} of {self.n_paths} paths failed")
        if console.k_hat is not None:
            warnings.append(f"CmdStan reports a Pareto k value of {console.k_hat:g}, above 0.7")
        return tuple(warnings)


def _by_chain(path: np.ndarray[tuple[int], np.dtype[np.float64]]) -> "xr.DataArray":
    """Return the number of each draw's path, with dimensions (chain, draw)."""
    return xr.DataArray(path.astype(np.int64)[None], dims=("chain", "draw"))


def _proposals_group(paths: list[DrawsFile]) -> "xr.DataTree":
    """Return the log densities of the draws before resampling, all paths."""
    columns = {"log_p": "lp__", "log_q": "lp_approx__", "path": "path__"}
    variables = {
        name: ("proposal", np.concatenate([path.column(column) for path in paths]))
        for name, column in columns.items()
    }
    group = xr.Dataset(variables)
    return xr.DataTree(group.assign(path=group["path"].astype(np.int64)))

"""What ``harness.fit`` gives: draws, their verdict, and how they were come by."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import lazy_loader as lazy

from harness.api.arguments import path_of
from harness.errors import ResultsError
from harness.evidence.fitting import Cheapest
from harness.evidence.steps import Step
from harness.fits.fit import DrawKind
from harness.messages.numerals import numeral

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
else:
    pd = lazy.load("pandas")
    xr = lazy.load("xarray")

#: Heads of the table of steps.
STEP_HEADS = ("step", "evidence", "time (s)", "gradients", "verdict", "why the next")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FitResult:
    """The cheapest draws that may be trusted, or the best there are; a notebook shows the steps.

    Attributes
    ----------
    model : str
        The program's name.
    seed : int
    found : Cheapest
        Draws, verdict and steps.
    """

    model: str
    seed: int
    found: Cheapest

    @property
    def verdict(self) -> str:
        """The verdict and of which draws: ``trust (weighted)``, ``trust (moved)``, and others."""
        return self.found.answer.verdict

    @property
    def reason(self) -> str:
        """Why, in a sentence."""
        return self.found.answer.judgement.reason

    @property
    def is_out_of_time(self) -> bool:
        """Whether the budget has ended the attempts."""
        return self.found.is_out_of_time

    @property
    def draws(self) -> "xr.DataTree":
        """The draws, all of the same weight, with the verdict in their attributes."""
        tree = self.found.tree.copy()
        judgement = self.found.answer.judgement
        tree.attrs.update(
            model_name=self.model,
            seed=self.seed,
            method=self.found.answer.title,
            draw_kind=str(
                DrawKind.INDEPENDENT if self.found.answer.is_independent else DrawKind.CHAINS
            ),
            verdict=self.verdict,
            reason=judgement.reason,
            decided_by=judgement.criterion,
            n_gradients=self.n_gradients,
            wall_time_s=self.wall_time_s,
        )
        return tree

    @property
    def n_gradients(self) -> float:
        """What all steps have cost, in gradients of the log density; a density counts half."""
        return float(sum(step.effort.in_gradients for step in self.found.steps))

    @property
    def wall_time_s(self) -> float:
        """What all steps have taken, in seconds."""
        return float(sum(step.effort.wall_time_s for step in self.found.steps))

    @property
    def steps(self) -> "pd.DataFrame":
        """What was tried: a row for each step."""
        rows = [
            (
                step.title,
                step.found,
                step.effort.wall_time_s,
                step.effort.in_gradients,
                str(step.judgement.verdict),
                step.follows,
            )
            for step in self.found.steps
        ]
        return pd.DataFrame(rows, columns=list(STEP_HEADS)).set_index(STEP_HEADS[0])

    def save(self, path: str | Path) -> Path:
        """Write the draws as netCDF, which ArviZ reads.

        Raises
        ------
        ResultsError
            If the file cannot be written.
        """
        file = path_of(path, "the file")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self.draws.to_netcdf(file)
        except OSError as error:
            raise ResultsError(f"'{file}' cannot be written ({error.strerror or error})") from error
        return file

    def __repr__(self) -> str:
        """Say the verdict and why."""
        return f"{self.verdict}: {self.reason}"

    def _repr_html_(self) -> str:
        """Show the verdict above the steps."""
        return f"<p><b>{escape(self.verdict)}</b>: {escape(self.reason)}</p>{self.steps.to_html()}"


def step_cells(step: Step) -> tuple[str, ...]:
    """Return a step as a line of a table."""
    return (
        step.title,
        step.found,
        numeral(round(step.effort.wall_time_s, 3), 2),
        f"{step.effort.in_gradients:,.0f}",
        str(step.judgement.verdict),
        step.follows,
    )


def step_line(step: Step) -> str:
    """Return a step as a line of text."""
    return f"{step.title}: {step.found}; {step.judgement.verdict}: {step.follows}"

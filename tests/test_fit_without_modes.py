"""`harness fit` where no mode can be weighted: funnels, centred scales, many parameters."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harness
from harness.evidence.cascade import CAP, Cascade
from harness.methods.pool import expected_gradients
from harness.program.log_density import Density
from harness.verdict.criteria import Verdict
from tests.known_posteriors import MODELS

# Two programs, and posteriors on which everything is tried.
pytestmark = pytest.mark.slow


@contextmanager
def opened(home: Path, model: str, data: dict[str, Any] | Path) -> Iterator[Density]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMDSTAN", str(home))
        with harness.density(MODELS / f"{model}.stan", data) as density:
            yield density


def test_a_funnel_is_never_trusted(cmdstan_home: Path) -> None:
    with opened(cmdstan_home, "funnel", MODELS / "funnel.json") as density:
        for seed in range(1, 6):
            cascade = Cascade(density, seed=seed)
            cascade.run()
            assert cascade.steps[0].judgement.criterion == "reached_share"
            assert cascade.answer is None or not cascade.answer.is_good
            assert all(step.judgement.verdict is Verdict.UNKNOWN for step in cascade.steps)
            assert "reparametrise" in cascade.steps[0].judgement.reason


def test_centred_schools_end_in_nuts(cmdstan_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))
    result = harness.fit(MODELS / "schools_centred.stan", MODELS / "schools.json", seed=1)
    assert result.found.answer.kind == "NUTS"
    before = result.found.before_nuts
    assert before is None or before.judgement.verdict is Verdict.UNKNOWN
    # NUTS diverges there too, and its sentence says so
    assert result.verdict.startswith(("unknown", "trust"))
    assert "not excluded" in result.reason


def test_more_than_a_thousand_parameters_end_in_moved_draws(cmdstan_home: Path) -> None:
    n, noise = 1500, 0.5
    y = 3 + 2 * np.random.default_rng(5).standard_normal(n)
    data = {"J": n, "y": y, "sigma": np.full(n, noise)}
    with opened(cmdstan_home, "schools_centred", data) as density:
        cascade = Cascade(density, seed=1)
        cascade.run()
    assert [step.title for step in cascade.steps] == ["search for modes", "VI", "warm NUTS"]
    assert cascade.answer is not None
    assert cascade.answer.verdict == "trust (moved)"
    # the groups say nearly all of their mean and sd, and each of them is normal given these
    spread = y.var() - noise**2
    precision = 1 / noise**2 + 1 / spread
    mean, sd = (y / noise**2 + y.mean() / spread) / precision, precision**-0.5
    found = cascade.answer.points.reshape(-1, n + 2)[:, 2:]
    assert np.max(np.abs(found.mean(axis=0) - mean)) < 0.3 * sd
    assert np.max(np.abs(np.log(found.std(axis=0) / sd))) < np.log(1.25)
    # within the cap, where the trajectories of NUTS are no shorter than 15 steps
    assert cascade.target.spent.in_gradients < CAP * expected_gradients(15)


def test_a_scale_that_thousands_of_groups_do_not_tell_is_not_trusted(cmdstan_home: Path) -> None:
    n, noise = 1500, 10.0
    rng = np.random.default_rng(6)
    y = 3 + rng.standard_normal(n) + noise * rng.standard_normal(n)
    data = {"J": n, "y": y, "sigma": np.full(n, noise)}
    with opened(cmdstan_home, "schools_centred", data) as density:
        for seed in (1, 2):
            cascade = Cascade(density, seed=seed)
            cascade.run()
            assert cascade.answer is None or not cascade.answer.is_good


def test_what_fails_costs_no_more_than_its_cap(cmdstan_home: Path) -> None:
    """Stuck chains take the longest trajectories, and tell nothing of what NUTS would cost."""
    n_leapfrog = 13  # of NUTS at its defaults in this funnel
    with opened(cmdstan_home, "funnel", {"K": 2}) as density:
        for seed in range(1, 9):
            cascade = Cascade(density, seed=seed)
            cascade.run()
            assert cascade.target.spent.in_gradients < CAP * 8000 * n_leapfrog

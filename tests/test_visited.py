"""A reference whose chains are all in one mode by luck is none."""

from pathlib import Path

import numpy as np
import pytest

import harness
from harness.data.dataset import FloatArray
from harness.methods.metered import Metered
from harness.summary.visited import lacking_mode
from tests.known_targets import KnownTarget, gaussian, two_modes

TWO_MODES = """
parameters { vector[10] x; }
model { target += log_mix(0.3, normal_lpdf(x | 5, 1), normal_lpdf(x | 0, 1)); }
"""


def chains(*centres: float) -> FloatArray:
    rng = np.random.default_rng(1)
    return np.array(centres)[:, None, None] + rng.normal(size=(len(centres), 500, 2))


def lacking(target: KnownTarget, draws: FloatArray) -> str:
    return lacking_mode(draws, Metered(target), seed=1)


def test_chains_that_agree_in_one_mode_lack_the_other() -> None:
    told = lacking(two_modes(2, 0.3, 6.0), chains(0.0, 0.0, 0.0, 0.0))
    assert told.startswith("a mode with about 30% of the mass has few or no draws")
    assert "0.6" in told  # sds that a mean would move: 0.3 * 6 / sqrt(1 + 0.21 * 36)
    assert lacking(two_modes(2, 0.3, 6.0), chains(6.0, 6.0, 6.0, 6.0))


def test_chains_that_lack_nothing_are_left_alone() -> None:
    assert not lacking(two_modes(2, 0.3, 6.0), chains(0.0, 0.0, 0.0, 6.0))
    assert not lacking(gaussian(np.zeros(2), np.eye(2)), chains(0.0, 0.0))
    # so small and near that it would change little
    assert not lacking(two_modes(2, 0.002, 6.0), chains(0.0, 0.0))


@pytest.mark.slow
def test_a_comparison_trusts_no_draws_of_one_mode(tmp_path: Path) -> None:
    model = tmp_path / "two.stan"
    model.write_text(TWO_MODES)
    found = harness.compare(
        model, {}, methods=("nuts", "laplace"), store=tmp_path / "store", seed=1
    )
    fits = found.fits_table.set_index("method")
    # the NUTS runs agree on one mode
    assert float(found.table.query("method == 'nuts'")["r_hat"].max()) < 1.01
    assert set(fits.loc[["nuts", "laplace"], "verdict"]) <= {"do not trust", "unknown"}
    assert fits.loc["evidence", "verdict"] == "trust"
    errors = found.table.query("method == 'nuts' and parameter == 'x[1]'")["mean_error_sd"]
    # the means are 1.5, the sds sqrt(1 + 0.21 * 25)
    np.testing.assert_allclose(errors.abs(), 1.5 / np.sqrt(1 + 0.21 * 25), atol=0.1)


@pytest.mark.slow
def test_draws_that_exist_are_held_against_the_modes_of_their_program(tmp_path: Path) -> None:
    model = tmp_path / "two.stan"
    model.write_text(TWO_MODES)
    rng = np.random.default_rng(1)
    reference, fit = ({"x": rng.normal(size=(4, n, 10))} for n in (2000, 1000))
    judged = harness.judge(fit, reference=reference, model=model, data={}).fits_table
    for name in ("reference", "fit"):
        row = judged.loc[name]
        assert (row["verdict"], row["decided_by"]) == ("do not trust", "mode_missed")
    assert "few or no draws" in str(judged.loc["fit", "reference_problems"])
    mixed = rng.normal(size=(4, 1000, 10)) + 5.0 * (rng.random((4, 1000, 1)) < 0.3)
    row = harness.judge({"x": mixed}, reference=reference, model=model, data={}).fits_table.loc[
        "fit"
    ]
    assert row["verdict"] != "do not trust"

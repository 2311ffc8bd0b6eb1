"""Ranks and verdicts without Stan: of exact draws, and of draws that are wrong on purpose."""

import numpy as np
import pandas as pd
import pytest

from harness.calibration.ranks import Rank, rank_quantities, thinning
from harness.calibration.tables import (
    CALIBRATED,
    NOT_CALIBRATED,
    RANK_COLUMNS,
    UNKNOWN,
    calibration_table,
    holm,
    methods_table,
)
from harness.fits.fit import DrawKind
from harness.results.columns import make_table
from tests.cases import FloatArray

R = 60
N_DRAWS = 80


def ranks_of(bias: float = 0.0, width: float = 1.0, *, n_replicates: int = R) -> pd.DataFrame:
    """Ranks among draws of a conjugate normal posterior, moved by sds and widened."""
    rng = np.random.default_rng(11)
    rows = []
    for number in range(n_replicates):
        truth = rng.normal(0, 2)
        y = rng.normal(truth, 1)
        centre, sd = 0.8 * y, np.sqrt(0.8)
        draws = centre + bias * sd + width * sd * rng.standard_normal((1, N_DRAWS))
        found = rank_quantities(
            {"mu": np.array([[truth]])}, {"mu": draws}, kind=DrawKind.INDEPENDENT, rng=rng
        )
        rows += [row_of(rank, number) for rank in found]
    return make_table(rows, RANK_COLUMNS)


def row_of(rank: Rank, number: int) -> dict[str, object]:
    return {"method": "exact", "replicate": number, **vars(rank)}


def test_exact_draws_are_calibrated() -> None:
    table = calibration_table(ranks_of())
    row = table.iloc[0]
    assert row["verdict"] == CALIBRATED
    assert row["excess"] == 0
    assert row["direction"] == ""
    for level in (50, 90):
        error = np.sqrt(level * (100 - level) / R) / 100
        assert abs(row[f"coverage_{level}"] - level / 100) < 4 * error


@pytest.mark.parametrize(
    ("bias", "width", "direction"),
    [
        (0.0, 0.5, "too narrow"),
        (0.0, 2.0, "too wide"),
        (1.0, 1.0, "biased up"),
        (-1.0, 1.0, "biased down"),
        (1.0, 0.5, "too narrow and biased up"),
    ],
)
def test_draws_that_are_wrong_are_found_with_their_sign(
    bias: float, width: float, direction: str
) -> None:
    row = calibration_table(ranks_of(bias, width)).iloc[0]
    assert row["verdict"] == NOT_CALIBRATED
    assert row["direction"] == direction
    assert row["excess"] > 0
    assert bool(row["symmetry_p"] < 0.01) is (bias != 0)
    assert bool(row["coverage_90"] > 0.9) is (width > 1)


def test_ties_are_broken_at_random() -> None:
    """Draws of a coin are ranked as uniformly as any."""
    rng = np.random.default_rng(4)
    pits = []
    for _ in range(300):
        truth = rng.integers(0, 2, size=(1, 1)).astype(float)
        draws = rng.integers(0, 2, size=(1, 9)).astype(float)
        found = rank_quantities(
            {"coin": truth}, {"coin": draws}, kind=DrawKind.INDEPENDENT, rng=rng
        )
        pits += [rank.pit for rank in found]
        assert all(rank.rank == int(rank.pit * 10) for rank in found)
    assert len(pits) > 290  # all draws equal to the true value count as a constant
    mean, sd = np.mean(pits), np.std(pits)
    assert abs(mean - 0.5) < 4 * np.sqrt(1 / 12 / 300)
    assert abs(sd - np.sqrt(1 / 12)) < 0.02


def test_a_quantity_that_the_program_fixes_is_not_ranked() -> None:
    one = np.ones((1, 1))
    draws: dict[str, FloatArray] = {"L[1,1]": np.ones((1, 9)), "x": np.arange(9.0)[None]}
    rng = np.random.default_rng(1)
    found = rank_quantities(
        {"L[1,1]": one * (1 + 1e-16), "x": one}, draws, kind=DrawKind.INDEPENDENT, rng=rng
    )
    assert [rank.quantity for rank in found] == ["x"]


def test_a_quantity_that_is_not_defined_is_not_ranked() -> None:
    draws = {"x": np.array([[1.0, np.nan]]), "y": np.array([[1.0, -np.inf]])}
    truth = {"x": np.zeros((1, 1)), "y": np.zeros((1, 1))}
    rng = np.random.default_rng(1)
    found = rank_quantities(truth, draws, kind=DrawKind.INDEPENDENT, rng=rng)
    assert [(rank.quantity, rank.rank) for rank in found] == [("y", 1)]


def test_chains_are_thinned_by_their_effective_size() -> None:
    rng = np.random.default_rng(5)
    noise = rng.standard_normal((2, 2000))
    chain = np.empty_like(noise)
    chain[:, 0] = noise[:, 0]
    for i in range(1, 2000):
        chain[:, i] = 0.9 * chain[:, i - 1] + np.sqrt(1 - 0.81) * noise[:, i]
    step = thinning({"fast": noise, "slow": chain}, DrawKind.CHAINS)
    assert 10 < step < 40  # (1 + 0.9) / (1 - 0.9) = 19 in the limit
    assert thinning({"fast": noise, "slow": chain}, DrawKind.INDEPENDENT) == 1
    assert thinning({"stuck": np.ones((1, 50))}, DrawKind.CHAINS) == 50


def test_holm_corrects_step_by_step() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_one_bad_quantity_among_good_ones_decides_on_the_method() -> None:
    good, bad = ranks_of(), ranks_of(1.0).assign(quantity="nu")
    ranks = pd.concat([good, bad])
    table = calibration_table(ranks)
    assert dict(zip(table["quantity"], table["verdict"], strict=True)) == {
        "mu": CALIBRATED,
        "nu": NOT_CALIBRATED,
    }
    count = {"method": "exact", "n_replicates": 61, "n_failed": 1, "n_warned": 0, "failure": "no"}
    row = methods_table(table, ranks, [count]).iloc[0]
    assert row["verdict"] == NOT_CALIBRATED
    assert row["n_outside"] == 1
    assert row["n_draws_median"] == N_DRAWS


def test_few_fits_tell_nothing() -> None:
    ranks = ranks_of(5.0, n_replicates=19)
    table = calibration_table(ranks)
    assert list(table["verdict"]) == [UNKNOWN]
    count = {"method": "exact", "n_replicates": 60, "n_failed": 41, "n_warned": 0, "failure": "no"}
    assert methods_table(table, ranks, [count]).iloc[0]["verdict"] == UNKNOWN
    nothing = methods_table(table, ranks, [{**count, "method": "other"}]).iloc[0]
    assert nothing["verdict"] == UNKNOWN

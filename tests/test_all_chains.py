"""The chains of all fits of a data set together: nobody is trusted where others have not been."""

import dataclasses

import numpy as np
import pytest

from harness.fits.fit import Fit
from harness.methods.nuts import Nuts
from harness.summary.chains import all_chains
from harness.summary.constants import is_fixed
from tests.cases import FloatArray, known_fit
from tests.test_summary import (
    PLAIN,
    fitted,
    full_data,
    gaussian_approximation,
    gaussian_chains,
    tables,
)

MODE = 4.0


def chains_at(*centres: float, seed: int, n_draws: int = 1000) -> Fit:
    rng = np.random.default_rng(seed)
    theta = np.array(centres)[:, None, None] + 0.7 * rng.standard_normal((4, n_draws, 2))
    return full_data(known_fit({"theta": theta}))


ONE_MODE = (-MODE, -MODE, -MODE, -MODE)


def verdicts(reference: Fit, other: Fit) -> dict[str, dict[str, object]]:
    """Judge a reference, another NUTS run and an approximation."""
    items = [
        fitted(other, program=PLAIN, method=Nuts(n_draws=500)),
        fitted(gaussian_approximation(mean=-MODE, sd=0.7), program=PLAIN),
    ]
    first = fitted(reference, program=PLAIN, method=Nuts(n_draws=2000), replicate=9)
    summary = tables(*items, reference=first)
    return dict(zip(("other", "reference", "approximation"), summary.fits, strict=True))


def test_chains_in_one_mode_are_not_trusted_where_a_failed_reference_has_seen_two() -> None:
    rows = verdicts(chains_at(-MODE, -MODE, MODE, MODE, seed=1), chains_at(*ONE_MODE, seed=2))
    assert all(row["verdict"] != "trust" for row in rows.values())
    nuts = rows["other"]
    assert (nuts["verdict"], nuts["decided_by"]) == ("unknown", "r_hat_all")
    assert rows["reference"]["decided_by"] == "r_hat"  # the reference's own


def test_a_reference_in_one_mode_by_luck_is_none() -> None:
    rows = verdicts(chains_at(*ONE_MODE, seed=1), chains_at(MODE, -MODE, MODE, -MODE, seed=2))
    assert all(row["verdict"] != "trust" for row in rows.values())
    assert rows["reference"]["decided_by"] == "r_hat_all"
    approximation = rows["approximation"]
    assert "R-hat of theta[1] over the chains" in str(approximation["reference_problems"])
    assert "mahalanobis" not in approximation
    lucky = verdicts(chains_at(*ONE_MODE, seed=1), chains_at(*(4 * [MODE]), seed=2))
    assert all(row["verdict"] in {"unknown", "do not trust"} for row in lucky.values())


def test_chains_that_agree_change_nothing() -> None:
    items = [
        fitted(gaussian_chains(seed=3), program=PLAIN, method=Nuts(n_draws=500)),
        fitted(gaussian_approximation(n_draws=8000), program=PLAIN),
    ]
    reference = fitted(gaussian_chains(n_draws=4000), program=PLAIN, replicate=9)
    summary = tables(*items, reference=reference)
    assert {row["verdict"] for row in summary.fits} == {"trust"}
    assert all(1 <= row["r_hat_all"] < 1.01 for row in summary.fits)


def test_chains_on_a_part_of_the_rows_are_other_chains() -> None:
    part = chains_at(*(4 * [MODE]), seed=4)
    part = dataclasses.replace(part, used_data={"n_rows": 10, "likelihood_weight": 10.0})
    items = [fitted(part, program=PLAIN, method=Nuts(n_draws=500))]
    reference = fitted(gaussian_chains(n_draws=4000), program=PLAIN, replicate=9)
    rows = tables(*items, reference=reference).fits
    assert rows[-1]["verdict"] == "trust"
    assert rows[-1]["r_hat_all"] is None


def test_lengths_and_constants_do_not_matter() -> None:
    rng = np.random.default_rng(5)

    def fit(n_draws: int, *, shift: float = 0.0) -> dict[str, FloatArray]:
        return {
            "x": rng.standard_normal((4, n_draws)),
            "y": shift + rng.standard_normal((4, n_draws)),
            "one": np.ones((4, n_draws)),
        }

    same = all_chains([fit(1000), fit(300)])
    assert same.r_hat == pytest.approx(1.0, abs=0.02)
    assert not same.are_apart
    other = all_chains([fit(1000), fit(300, shift=2.0)])
    assert (other.name, other.are_apart) == ("y", True)
    assert np.isnan(all_chains([{"one": np.ones((4, 50))}, {"one": np.ones((4, 50))}]).r_hat)


def test_chains_that_are_stuck_in_a_quantity_spoil_no_other_fit() -> None:
    """The reference varies where a fit does not: that fit is wrong, not all chains."""

    def chains(seed: int, *, stuck: bool = False) -> Fit:
        theta = np.random.default_rng(seed).standard_normal((4, 2000, 2))
        theta[..., 1] = 3.0 if stuck else theta[..., 1]
        return full_data(known_fit({"theta": theta}))

    def judged(reference: Fit) -> dict[int, dict[str, object]]:
        fits = [chains(1), chains(2, stuck=True)]
        items = [fitted(fit, program=PLAIN, replicate=i + 1) for i, fit in enumerate(fits)]
        rows = tables(*items, reference=fitted(reference, program=PLAIN, replicate=9)).fits
        return {int(str(row["replicate"])): row for row in rows}

    rows = judged(chains(3))
    assert {i: row["verdict"] for i, row in rows.items()} == {
        1: "trust",
        2: "do not trust",
        9: "trust",
    }
    assert (rows[2]["decided_by"], rows[2]["decided_parameter"]) == ("mean_error_sd", "theta[2]")
    # a reference that is stuck itself contradicts those that are not
    rows = judged(chains(3, stuck=True))
    assert rows[1]["verdict"] == rows[9]["verdict"] == "unknown"


def test_constants_that_differ_are_none_of_the_program() -> None:
    x = np.random.default_rng(1).standard_normal((4, 50))
    same, other = np.full((4, 50), 2.0), np.full((4, 50), 2.5)
    rounded = same * (1 + 1e-16)
    for reference, draws, expected in (
        (same, rounded, True),
        (same, other, False),
        (same, x, False),
        (x, same, False),
    ):
        assert is_fixed(draws, reference=reference, tells=True) is expected
    assert is_fixed(same, reference=None, tells=True)
    assert not is_fixed(same, reference=None, tells=False)


def on_a_part(fit: Fit) -> Fit:
    used = {"n_rows": 10, "likelihood_weight": 10.0, "n_rows_of_all": 100}
    return dataclasses.replace(fit, used_data=used)


def test_chains_on_a_part_of_the_rows_say_nothing_of_those_on_all() -> None:
    elsewhere = on_a_part(chains_at(*(4 * [MODE]), seed=2))
    rows = verdicts(chains_at(*ONE_MODE, seed=1), elsewhere)
    assert rows["reference"]["verdict"] == "trust"
    assert rows["other"]["verdict"] == "do not trust"


def test_chains_on_a_part_of_the_rows_are_not_trusted_for_mixing_well() -> None:
    mixing = chains_at(*ONE_MODE, seed=2)
    lone = tables(fitted(mixing, program=PLAIN, method=Nuts(n_draws=500))).fits[0]
    part = tables(fitted(on_a_part(mixing), program=PLAIN, method=Nuts(n_draws=500))).fits[0]
    assert lone["verdict"] == "trust"
    assert part["verdict"] == "unknown"

"""Numbers as text: short, and true to the comparison that they stand in."""

import math
import re

import numpy as np
import pytest

from harness.messages.numerals import beside_limit, counted, decimal, numeral


def read(text: str) -> float:
    return float(text.replace(",", ""))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (4280.0, "4,280"),
        (-4280.4, "-4,280"),
        (1.0, "1"),
        (-0.0, "0"),
        (0.30001, "0.300"),
        (-0.0181, "-0.0181"),
        (3e10, "30,000,000,000"),
        (2.51e75, "2.51e+75"),
        (1.5e-12, "1.50e-12"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
    ],
)
def test_numbers_in_sentences(value: float, text: str) -> None:
    assert numeral(value) == text


def test_a_number_is_its_value_rounded() -> None:
    rng = np.random.default_rng(20240811)
    for value in rng.standard_normal(300) * 10.0 ** rng.uniform(-30, 30, 300):
        assert read(numeral(value)) == pytest.approx(value, rel=5.1e-3)
        assert len(numeral(value)) <= 15
        assert read(numeral(value, 6)) == pytest.approx(value, rel=5.1e-3)


@pytest.mark.parametrize("limit", [1.01, 0.3, 0.7, 400.0, 1 - 1 / np.log10(1500), np.log(1.2), 0.0])
@pytest.mark.parametrize("away", [0.3, 1e-2, 1e-3, 3e-4, 1e-5, 1e-7])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_beside_its_limit_reads_true(limit: float, away: float, sign: int) -> None:
    value = limit + sign * away * (limit or 1.0)
    shown, bound = map(read, beside_limit(value, limit))
    assert (shown > bound) == (value > limit)
    assert (shown < bound) == (value < limit)


@pytest.mark.parametrize("away", [0.02, 1e-3, 1e-5])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_measured_from_an_ideal_reads_true(away: float, sign: int) -> None:
    value = 0.9 - 0.07 - sign * away
    shown, bound = beside_limit(value, 0.07, distance=lambda each: abs(each - 0.9))
    assert (abs(read(shown) - 0.9) > read(bound)) == (sign > 0)


def test_a_number_on_its_limit_is_not_told_apart_by_rounding() -> None:
    assert beside_limit(1.01, 1.01) == ("1.01", "1.01")
    shown, bound = beside_limit(0.97, 0.07, distance=lambda each: abs(each - 0.9))
    assert (read(shown), read(bound)) == (0.97, 0.07)
    assert beside_limit(math.inf, 0.7) == ("inf", "0.7")


def test_one_thing_is_not_many() -> None:
    assert counted(1, "transition") == "1 transition"
    assert counted(4280, "transition") == "4,280 transitions"
    assert counted(2, "index", "indices") == "2 indices"


def test_decimals_are_kept_where_they_fit() -> None:
    assert decimal(-0.0004, 2) == "0.00"
    assert decimal(12345678.125, 2) == "12345678.12"
    assert re.fullmatch(r"1\.2300000\d", decimal(1.23, 12)[:10])

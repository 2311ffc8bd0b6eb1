"""Heavy tails: exact draws are trusted, faults are seen, errors are as large as they say."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.metrics.batch import Batch
from harness.metrics.moment_errors import errors_by_sd
from harness.metrics.parameter import compare_batches
from harness.metrics.robust import LARGEST_ERROR
from harness.verdict.criteria import Judgement, ParameterCriteria, Verdict
from harness.verdict.judge import judge_fit, judge_parameter
from harness.verdict.rules import RULES, SD_LIMIT_LOG
from tests.one_parameter import compare_parameter
from tests.test_verdict import COMPARED

Floats = NDArray[np.float64]
Shape = Callable[[np.random.Generator, tuple[int, ...]], Floats]

SHAPES: dict[str, Shape] = {
    "Student-t 3": lambda rng, size: rng.standard_t(3, size),
    "Student-t 5": lambda rng, size: rng.standard_t(5, size),
    "lognormal": lambda rng, size: np.exp(rng.standard_normal(size)),
    "scale mixture": lambda rng, size: (
        np.exp(rng.standard_normal(size)) * rng.standard_normal(size)
    ),
    "Cauchy": lambda rng, size: rng.standard_cauchy(size),
    "half-Cauchy": lambda rng, size: np.abs(rng.standard_cauchy(size)),
}
N_PARAMETERS = 20


def judged(draws: Floats, reference: Floats) -> Judgement:
    """Judge a fit by its parameters alone, each array of shape (parameter, draw)."""
    fields = ParameterCriteria.__dataclass_fields__
    parameters = {}
    for j, found in enumerate(compare_batches(Batch(draws), Batch(reference))):
        known = {name: value for name, value in vars(found).items() if name in fields}
        parameters[f"theta[{j + 1}]"] = judge_parameter(ParameterCriteria(**known), fit=COMPARED)
    return judge_fit(COMPARED, parameters=parameters)


def exact(shape: str, *, seed: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng([seed, list(SHAPES).index(shape)])
    draw = SHAPES[shape]
    return draw(rng, (N_PARAMETERS, 1000)), draw(rng, (N_PARAMETERS, 4000))


@pytest.mark.parametrize("shape", SHAPES)
def test_exact_draws_are_trusted_whatever_their_tails(shape: str) -> None:
    verdicts = [judged(*exact(shape, seed=seed)).verdict for seed in range(6)]
    assert verdicts.count(Verdict.TRUST) >= 5, verdicts


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("factor", "shift"), [(0.1, 0.0), (0.7, 0.0), (1.5, 0.0), (1.0, 0.6)])
def test_a_fault_of_one_parameter_is_seen_whatever_its_tails(
    shape: str, factor: float, shift: float
) -> None:
    """The shift is in sds that a Gaussian with the same median absolute deviation has."""
    draws, reference = exact(shape, seed=7)
    middle = np.median(reference[3])
    scale = 1.4826 * np.median(np.abs(reference[3] - middle))
    draws[3] = middle + factor * (draws[3] - middle) + shift * scale
    found = judged(draws, reference)
    assert found.verdict not in {Verdict.TRUST, Verdict.MARGINALS}
    assert found.parameter == "theta[4]"


@pytest.mark.parametrize("rate", [0.002, 0.01, 0.03, 0.06, 0.15])
def test_counts_that_are_seldom_other_than_zero_are_trusted(rate: float) -> None:
    """A thousand draws do not know their sd either, which is about the root of their mean."""
    rng = np.random.default_rng(13)
    verdicts = []
    for _ in range(8):
        draws, reference = (
            rng.poisson(rate, (N_PARAMETERS, n)).astype(float) for n in (1000, 4000)
        )
        verdicts.append(judged(draws, reference).verdict)
    assert verdicts.count(Verdict.TRUST) >= 7, verdicts
    draws[0] = rng.poisson(8 * rate + 0.1, 1000)
    assert judged(draws, reference).verdict is not Verdict.TRUST


def test_heavy_tails_of_the_fit_are_not_excused_by_a_light_reference() -> None:
    rng = np.random.default_rng(8)
    draws, reference = rng.standard_normal(1000), rng.standard_normal(4000)
    draws[0] = 30
    found = compare_parameter(draws, reference=reference)
    assert found.error_scale == "sd"
    assert judged(draws[None], reference[None]).verdict is not Verdict.TRUST


def test_many_draws_far_off_are_not_cut_away() -> None:
    """They are no chance of heavy tails: the draws count as they are."""
    rng = np.random.default_rng(9)
    draws, reference = rng.standard_t(3, 1000), rng.standard_t(3, 4000)
    exact_found = compare_parameter(draws, reference=reference)
    assert exact_found.error_scale == "winsorised 1%"
    draws[:15] += 1000
    assert compare_parameter(draws, reference=reference).error_scale == "sd"
    assert judged(draws[None], reference[None]).verdict is not Verdict.TRUST


def test_winsorised_errors_are_those_of_draws_that_end_at_the_references_quantiles() -> None:
    rng = np.random.default_rng(10)
    draws, reference = rng.standard_t(3, (1, 1000)), rng.standard_t(3, (1, 4, 1000))
    found = compare_batches(Batch(draws), Batch(reference))[0]
    ends = np.quantile(reference, [0.01, 0.99])
    by_hand = errors_by_sd(Batch(np.clip(draws, *ends)), Batch(np.clip(reference, *ends)))
    assert found.error_scale == "winsorised 1%"
    for name, values in vars(by_hand).items():
        assert getattr(found, name) == values[0]


@pytest.mark.parametrize("shape", ["Student-t 3", "lognormal", "scale mixture", "half-Cauchy"])
def test_errors_of_any_scale_are_as_large_as_they_say(shape: str) -> None:
    """That of a median absolute deviation was half of what it is, where the median errs too."""
    draw, rng = SHAPES[shape], np.random.default_rng(11)
    found = compare_batches(Batch(draw(rng, (300, 1000))), Batch(draw(rng, (300, 4000))))
    scales = [each.log_sd_ratio / each.log_sd_ratio_mcse for each in found]
    means = [each.mean_error_sd / each.mean_error_mcse for each in found]
    assert np.std(scales) == pytest.approx(1.0, abs=0.15)
    assert np.std(means) == pytest.approx(1.0, abs=0.15)
    assert max(each.w1_sd for each in found) < 0.2


def test_an_error_that_is_too_large_is_one_that_a_family_cannot_take() -> None:
    """A rule of the verdict and a choice of the metrics, which know nothing of each other."""
    assert pytest.approx(SD_LIMIT_LOG / 3) == LARGEST_ERROR
    rule = next(each for each in RULES if each.criterion == "log_sd_ratio")
    assert rule.limit == SD_LIMIT_LOG


def test_sentences_say_what_stands_for_an_sd() -> None:
    rng = np.random.default_rng(12)
    draws, reference = (
        np.stack([rng.standard_normal(n), rng.standard_t(3, n), rng.standard_cauchy(n)])
        for n in (1000, 4000)
    )
    draws[1] *= 0.5
    found = judged(draws, reference)
    assert "1% and 99% quantiles" in found.reason
    assert "2 of 3 parameters" in found.reason
    draws[2] *= 0.2
    assert "median absolute deviation" in judged(draws[[0, 2]], reference[[0, 2]]).reason
    assert "heavy" not in judged(draws[[0, 0]], reference[[0, 0]]).reason

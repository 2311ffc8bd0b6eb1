"""Batches of quantities: the figures are arviz_stats', and the same whatever the batch."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from harness.fits.quantities import free_names
from harness.metrics.autocorrelation import effective_size, rank_normalise, split_chains
from harness.metrics.batch import Batch, batches_of
from harness.metrics.classifier import classifier_two_sample_test
from harness.metrics.draws import array_stats
from harness.metrics.joint import compare_joint
from harness.metrics.parameter import compare_batches
from tests.one_parameter import compare_parameter

Floats = NDArray[np.float64]
#: Sums of products in the place of Fourier transforms.
ROUNDING = 1e-11


def autoregressive(shape: tuple[int, ...], phi: float, *, seed: int = 1) -> Floats:
    draws = np.random.default_rng(seed).standard_normal(shape)
    for t in range(1, shape[-1]):
        draws[..., t] += phi * draws[..., t - 1]
    return draws


#: Chains that mix, that hardly do, that alternate, of odd and of few draws, with ties.
CHAINS = {
    "mixed": autoregressive((6, 4, 250), 0.2),
    "slow": autoregressive((6, 4, 250), 0.99),
    "alternating": autoregressive((6, 3, 201), -0.7),
    "one": autoregressive((6, 1, 101), 0.5),
    "four draws": autoregressive((6, 2, 4), 0.0),
    "seven draws": autoregressive((6, 2, 7), 0.3),
    "ties": np.round(autoregressive((6, 4, 100), 0.5), 1),
    "rare": (autoregressive((6, 4, 100), 0.5) > 2).astype(np.float64),
    "walk": np.cumsum(autoregressive((6, 4, 100), 0.0), axis=-1),
    "many": autoregressive((6, 40, 30), 0.1),
}


@pytest.mark.parametrize("kind", CHAINS)
def test_figures_are_those_of_arviz_one_by_one(kind: str) -> None:
    draws = CHAINS[kind]
    batch = Batch(draws)

    def one_by_one(figure: str, **options: object) -> Floats:
        name, _, method = figure.partition(" ")
        with np.errstate(all="ignore"):
            found = [getattr(array_stats, name)(each, method=method, **options) for each in draws]
        return np.array(found)

    varies = batch.varies
    expected = {
        "ess mean": effective_size(split_chains(draws)),
        "ess bulk": batch.ess_bulk,
        "mcse mean": batch.mean_mcse,
    }
    for figure, found in expected.items():
        alone = one_by_one(figure)[varies]
        np.testing.assert_allclose(found[varies], alone, rtol=ROUNDING, err_msg=figure)
    np.testing.assert_allclose(batch.sd_mcse[varies], one_by_one("mcse sd")[varies], rtol=ROUNDING)
    tail = one_by_one("ess tail", prob=(0.05, 0.95))
    np.testing.assert_allclose(batch.ess_tail[varies], tail[varies], rtol=ROUNDING)
    quantile = one_by_one("ess quantile", prob=0.3)
    np.testing.assert_allclose(batch.quantile_ess(0.3)[varies], quantile[varies], rtol=ROUNDING)
    if draws.shape[1] > 1:
        np.testing.assert_array_equal(batch.r_hat[varies], one_by_one("rhat rank")[varies])
    np.testing.assert_array_equal(
        batch.quantiles([0.05, 0.5, 0.95]),
        np.quantile(draws.reshape(6, -1), [0.05, 0.5, 0.95], axis=1).T,
    )


def test_what_is_not_defined_is_nan() -> None:
    draws = autoregressive((4, 2, 50), 0.0)
    draws[1] = 3.0
    draws[2, 1, 7] = np.nan
    batch = Batch(draws)
    for figures in (batch.r_hat, batch.ess_bulk, batch.ess_tail):
        assert np.isnan(figures).tolist() == [False, True, True, False]
    assert np.isnan(batch.quantiles([0.5])[:, 0]).tolist() == [False, False, True, False]
    assert np.isnan(effective_size(split_chains(draws))).tolist() == [False, False, True, False]
    assert Batch(np.zeros((1, 2, 3))).ess_bulk[0] != 0


def test_ties_get_the_mean_of_their_ranks() -> None:
    scores = rank_normalise(np.array([[[1.0, 2.0, 2.0, 5.0]]]))[0, 0]
    assert scores[1] == scores[2] == pytest.approx(0, abs=1e-15)
    assert scores[0] == -scores[3]


@pytest.mark.parametrize("kind", ["ties", "rare", "mixed"])
def test_ranks_are_those_of_scipy(kind: str) -> None:
    """Also of draws around their median, of which the middle two are as far from it."""
    draws = CHAINS[kind]
    for values in (draws, abs(draws - np.median(draws, axis=(1, 2), keepdims=True))):
        n = values[0].size
        ranks = np.stack([rankdata(each).reshape(each.shape) for each in values])
        expected = norm.ppf((ranks - 3 / 8) / (n + 1 / 4))
        np.testing.assert_allclose(rank_normalise(values), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", CHAINS)
def test_shares_are_means_of_hits(kind: str) -> None:
    draws = CHAINS[kind]
    hits = draws > 0.5
    batch, counted = Batch(draws), Batch(hits)
    share, error, size = batch.shares(hits)
    np.testing.assert_array_equal(share, counted.mean)
    np.testing.assert_allclose(error, counted.mean_mcse, rtol=ROUNDING)
    varies = counted.varies
    expected = (counted.sd[varies] / counted.mean_mcse[varies]) ** 2
    np.testing.assert_allclose(size[varies], expected, rtol=ROUNDING)
    assert (size[~varies] == hits[0].size).all()
    of_independent = Batch(draws.reshape(6, -1)).shares(hits.reshape(6, -1))
    np.testing.assert_array_equal(of_independent[0], share)
    assert (of_independent[2] == hits[0].size).all()


def test_a_quantitys_errors_do_not_depend_on_its_batch() -> None:
    reference = autoregressive((37, 4, 200), 0.3)
    draws = np.random.default_rng(2).standard_normal((37, 300))
    pairs = zip(
        batches_of(np.moveaxis(draws, 0, -1)),
        batches_of(np.moveaxis(reference, 0, -1)),
        strict=True,
    )
    together = [each for pair in pairs for each in compare_batches(*pair)]
    alone = [compare_parameter(x, reference=r) for x, r in zip(draws, reference, strict=True)]
    assert together == alone


def test_free_names_of_many_are_those_of_gram_schmidt() -> None:
    rng = np.random.default_rng(3)
    free = rng.standard_normal((4, 100, 150))
    names = {f"x{i}": free[..., i] for i in range(150)}
    for i in range(0, 150, 3):
        names[f"sum{i}"] = 2 * free[..., i] - free[..., i + 1]
    shuffled = dict(sorted(names.items(), key=lambda item: item[0][::-1]))
    picked = free_names({**shuffled, "constant": np.ones((4, 100))})
    assert len(picked) == 150
    stacked = np.stack([names[name].ravel() for name in picked])
    assert np.linalg.matrix_rank(stacked - stacked.mean(axis=1, keepdims=True)) == 150
    few = rng.standard_normal((2, 20, 60))
    assert len(free_names({f"x{i}": few[..., i] for i in range(60)})) == 39


def test_a_classifier_does_not_see_whitening_in_many_dimensions() -> None:
    """Whitened by 400 draws, others of the same distribution look wider in 120 dimensions."""
    rng = np.random.default_rng(4)
    draws, reference = rng.standard_normal((400, 120)), rng.standard_normal((4, 100, 120))
    test = classifier_two_sample_test(draws, reference=reference, rng=rng)
    assert test.accuracy < test.null_upper + 0.02
    joint = compare_joint(draws, reference=reference, rng=np.random.default_rng(1))
    assert joint.c2st_accuracy < joint.c2st_null_upper + 0.04
    assert joint.mahalanobis < 4 * joint.mahalanobis_mcse

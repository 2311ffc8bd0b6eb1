"""What the page of a calibration says of methods in which no fault was found."""

import re

import numpy as np
import pytest
from scipy import stats

from harness.calibration.page import answers
from harness.calibration.tables import (
    CALIBRATED,
    CALIBRATION_COLUMNS,
    ERROR_RATE,
    METHOD_COLUMNS,
)
from harness.results.columns import make_table

N_SIMULATED = 4000


def sentence(n_ranks: int, n_quantities: int) -> str:
    """The answer on a method in whose ranks no fault was found."""
    methods = [{"method": "ADVI", "verdict": CALIBRATED, "n_replicates": n_ranks, "n_failed": 0,
                "failure": ""}]  # fmt: skip
    quantities = [
        {"method": "ADVI", "quantity": f"theta[{i}]", "verdict": CALIBRATED, "n_ranks": n_ranks}
        for i in range(n_quantities)
    ]
    (told,) = answers(
        make_table(methods, METHOD_COLUMNS), make_table(quantities, CALIBRATION_COLUMNS)
    )
    return told


@pytest.mark.parametrize(("n_ranks", "n_quantities"), [(60, 3), (500, 12)])
def test_the_best_test_finds_the_faults_that_are_named_half_of_the_time(
    n_ranks: int, n_quantities: int
) -> None:
    """True values in units of a Gaussian approximation: a wrong width or centre is theirs."""
    told = sentence(n_ranks, n_quantities)
    low, high, bias = map(float, re.findall(r"\d\.\d\d", told))
    assert low == pytest.approx(1 / high, abs=0.01)
    level = ERROR_RATE / n_quantities
    rng = np.random.default_rng(8)
    normal = rng.standard_normal((N_SIMULATED, n_ranks))
    p_bias = 2 * stats.norm.sf(np.abs((normal + bias).mean(axis=1)) * np.sqrt(n_ranks))
    assert np.mean(p_bias < level) == pytest.approx(0.5, abs=0.05)
    for width in (low, high):
        chi2 = ((normal / width) ** 2).sum(axis=1)
        p_width = 2 * np.minimum(stats.chi2.cdf(chi2, n_ranks), stats.chi2.sf(chi2, n_ranks))
        assert np.mean(p_width < level) == pytest.approx(0.5, abs=0.12)

"""What R-hat of the quantities of a fit may be."""

import math
from collections.abc import Sequence

from harness.fits.fit import DrawKind, Fit
from harness.summary.measurement import QuantityMeasurement
from harness.verdict.mixing import r_hat_limit
from harness.verdict.rules import R_HAT_LIMIT


def limit_of(fit: Fit, measured: Sequence[QuantityMeasurement]) -> float:
    """Return the limit for the largest R-hat of some quantities, by what their draws are worth.

    Parameters
    ----------
    fit : Fit
        Whose quantities they are; its draws are looked at only if one is above the limit for one.
    measured : sequence of QuantityMeasurement

    Returns
    -------
    float
    """
    varying = [each.moments for each in measured if not (each.is_constant or each.undefined)]
    is_large = any(each.r_hat > R_HAT_LIMIT for each in varying)
    if fit.draw_kind is not DrawKind.CHAINS or not is_large:
        return R_HAT_LIMIT
    sizes = fit.read_draws()["posterior"].sizes
    return r_hat_limit(
        # of a Gaussian, by the error of its sd
        [0.5 * (each.sd / each.mcse_sd) ** 2 if each.mcse_sd > 0 else math.nan for each in varying],
        n_quantities=len(varying),
        n_chains=sizes["chain"],
        n_draws=sizes["chain"] * sizes["draw"],
    )

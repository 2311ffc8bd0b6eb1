"""What is judged together: the parameters, never what is computed from them."""

from pathlib import Path

import arviz_base
import numpy as np
from numpy.typing import NDArray

from harness.fits.fit import DrawKind, Fit, Status
from harness.fits.quantities import posterior_arrays, quantities
from harness.program.program import Program
from harness.summary.against import Against
from harness.summary.measure import measure
from harness.summary.measurement import Measurement
from harness.summary.reference import ReferenceDraws

Floats = NDArray[np.float64]


def posterior(rng: np.random.Generator, shape: tuple[int, int]) -> dict[str, Floats]:
    """A location with a scale, and ten functions of the location."""
    mu, sigma = rng.normal(1.0, 1.0, shape), np.exp(rng.normal(0.0, 0.2, shape))
    curve = np.exp(0.1 * np.arange(1, 11) * mu[..., None])
    return {"mu": mu, "sigma": sigma, "curve": curve}


def measured(variables: tuple[str, ...], parameters: tuple[str, ...]) -> Measurement:
    rng = np.random.default_rng(1)
    program = Program(name="curve", file=Path("curve.stan"), parameters=variables)
    draws = [
        {name: values for name, values in posterior(rng, shape).items() if name in variables}
        for shape in ((1, 1000), (4, 1000))
    ]
    fit = Fit(
        status=Status.OK,
        draws=arviz_base.from_dict({"posterior": draws[0]}),
        draw_kind=DrawKind.INDEPENDENT,
    )
    against = Against(
        lambda: ReferenceDraws(
            title="reference", quantities=quantities(draws[1], program), problems=()
        )
    )
    named = quantities(posterior_arrays(fit, program), program)
    return measure(fit, named, against=against, seed=1, parameters=parameters)


def test_functions_of_parameters_are_judged_one_by_one() -> None:
    """Their tails are heavier than the parameters', and they add no dimension."""
    with_curve = measured(("mu", "sigma", "curve"), ("mu", "sigma"))
    assert len(with_curve.judged) == 12
    assert all(each.errors is not None for each in with_curve.judged)
    assert with_curve.joint is not None
    assert abs(with_curve.joint.log_eigenvalue_low) < 0.2
    assert abs(with_curve.joint.log_eigenvalue_high) < 0.2
    everything = measured(("mu", "sigma", "curve"), ())
    assert everything.joint != with_curve.joint


def test_without_a_parameter_among_them_nothing_is_judged_together() -> None:
    only_curve = measured(("curve",), ("mu", "sigma"))
    assert only_curve.joint is None
    assert all(each.errors is not None for each in only_curve.judged)

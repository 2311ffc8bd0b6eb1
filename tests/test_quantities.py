"""Named scalars of draws, under each way of naming components."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from harness.fits.quantities import (
    INVARIANT,
    RAW,
    RELABELLED,
    element_names,
    free_names,
    invariant_quantities,
    quantities,
    relabel_arrays,
    scalars,
)
from harness.program.contract import Components
from tests.cases import MIXTURE, switched_draws


@pytest.mark.parametrize(
    ("variable", "shape", "names"),
    [
        ("tau", (), ["tau"]),
        ("pi", (2,), ["pi[1]", "pi[2]"]),
        ("mu", (2, 2), ["mu[1,1]", "mu[1,2]", "mu[2,1]", "mu[2,2]"]),
    ],
)
def test_elements_have_stans_names(variable: str, shape: tuple[int, ...], names: list[str]) -> None:
    assert element_names(variable, shape) == names


def test_relabelling_moves_whole_components_draw_by_draw() -> None:
    raw, true = switched_draws()
    relabelled = relabel_arrays({**raw, "tau": raw["pi"]}, MIXTURE)
    np.testing.assert_array_equal(relabelled["mu"], true["mu"])
    np.testing.assert_array_equal(relabelled["pi"], true["pi"])
    np.testing.assert_array_equal(relabelled["tau"], raw["pi"])  # no component's


def test_program_without_components_is_not_relabelled() -> None:
    raw, _ = switched_draws()
    plain = dataclasses.replace(MIXTURE, components=None)
    np.testing.assert_array_equal(relabel_arrays(raw, plain)["mu"], raw["mu"])
    named = quantities(raw, plain)
    assert set(named.by_labels) == {RAW}
    assert (named.n_label_orders, named.n_symmetries, named.nameless) == (None, 1, frozenset())
    assert named.judged is named.by_labels[RAW]


def test_exchangeable_components_have_no_names_of_their_own() -> None:
    raw, _ = switched_draws()
    named = quantities(raw, MIXTURE)
    assert named.nameless == {*element_names("mu", (2, 2)), "pi[1]", "pi[2]"}
    assert (named.n_label_orders, named.n_symmetries) == (2, 2)
    assert named.judged is named.by_labels[RELABELLED]


def test_identified_components_keep_theirs() -> None:
    _, true = switched_draws()
    identified = Components(means="mu", shares="pi", exchangeable=False)
    named = quantities(true, dataclasses.replace(MIXTURE, components=identified))
    assert (named.nameless, named.n_label_orders, named.n_symmetries) == (frozenset(), 1, 1)


def test_invariants_do_not_see_the_labels() -> None:
    raw, true = switched_draws()
    assert MIXTURE.components is not None
    ours = invariant_quantities(raw, MIXTURE.components)
    theirs = invariant_quantities(true, MIXTURE.components)
    assert set(ours) == {
        "mixture_mean[1]",
        "mixture_mean[2]",
        "between_sd[1]",
        "between_sd[2]",
        "max(pi)",
    }
    for name, values in ours.items():
        np.testing.assert_allclose(values, theirs[name], rtol=1e-12)
    assert set(quantities(raw, MIXTURE).by_labels[INVARIANT]) == set(ours)


def test_invariants_of_a_mixture_worked_out_by_hand() -> None:
    """Weights 1/4 and 3/4 at 0 and 4: mean 3, variance between 1/4 * 9 + 3/4 * 1 = 3."""
    arrays: dict[str, Any] = {
        "mu": np.array([0.0, 4.0]).reshape(1, 1, 2, 1),
        "pi": np.array([0.25, 0.75]).reshape(1, 1, 2),
    }
    found = invariant_quantities(arrays, Components(means="mu", shares="pi"))
    assert {name: float(values[0, 0]) for name, values in found.items()} == pytest.approx(
        {"mixture_mean[1]": 3.0, "between_sd[1]": 3**0.5, "max(pi)": 0.75}
    )


def test_free_quantities_of_a_simplex_and_of_a_cholesky_factor() -> None:
    rng = np.random.default_rng(3)
    share = rng.dirichlet([2.0, 3.0, 4.0], size=(4, 200))
    factor = np.zeros((4, 200, 2, 2))
    factor[..., 0, 0] = 1.0
    factor[..., 1, 0] = rng.uniform(-1, 1, size=(4, 200))
    factor[..., 1, 1] = np.sqrt(1 - factor[..., 1, 0] ** 2)
    assert free_names(scalars({"share": share, "L": factor})) == (
        "share[1]",
        "share[2]",
        "L[2,1]",
        "L[2,2]",
    )


def test_free_quantities_keep_what_is_nearly_collinear() -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal((1, 500))
    near = x + 1e-3 * rng.standard_normal((1, 500))
    assert free_names({"x": x, "near": near, "same": 3 * x - 2 * near}) == ("x", "near")

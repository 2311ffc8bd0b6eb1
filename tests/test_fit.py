"""What a method returns."""

import dataclasses

import pytest
from xarray import DataTree

from harness.errors import FitError
from harness.fits.fit import Cost, Diagnostics, DrawKind, Fit, Status, failed_fit


def test_failed_fit_keeps_its_reason_in_one_line() -> None:
    fit = failed_fit(Status.FAILED, "Rejecting initial value:\n  Log probability\tis -inf.\n")
    assert fit == Fit(
        status=Status.FAILED, reason="Rejecting initial value: Log probability is -inf."
    )
    assert fit.draws is None
    assert fit.fit_time_s is None
    with pytest.raises(FitError, match=r"'failed'.*-inf"):
        fit.read_draws()


def test_draws_are_read_by_a_call_and_not_before() -> None:
    calls = []

    class Reader:
        def read(self) -> DataTree:
            calls.append(1)
            return DataTree()

    fit = dataclasses.replace(Fit(status=Status.OK, draws=Reader()), warnings=("w",))
    assert fit.draws is not None
    assert calls == []
    fit.read_draws()
    assert calls == [1]


def test_nothing_is_claimed_by_default() -> None:
    assert Diagnostics() == Diagnostics(n_divergent=None, elbo=None, converged=None, eta=None)
    assert Cost() == Cost(adapt_time_s=None, run_time_s=None, n_gradients=None)
    assert Fit(status=Status.OK).warnings == ()
    assert Fit(status=Status.OK).cost == Cost()


@pytest.mark.parametrize(
    ("member", "text"),
    [
        (Status.OK, "ok"),
        (Status.FAILED, "failed"),
        (Status.NOT_APPLICABLE, "not applicable"),
        (DrawKind.CHAINS, "chains"),
        (DrawKind.INDEPENDENT, "independent"),
    ],
)
def test_names_in_tables_and_stored_fits(member: Status | DrawKind, text: str) -> None:
    assert str(member) == text

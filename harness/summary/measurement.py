"""What is measured of a fit, alone and against its reference: statistics without a verdict."""

from dataclasses import dataclass, replace

from harness.fits.quantities import RAW
from harness.metrics.joint import JointComparison
from harness.metrics.parameter import ParameterComparison
from harness.metrics.stein import KernelStein
from harness.summary.moments import Moments


@dataclass(frozen=True, kw_only=True)
class QuantityMeasurement:
    """One quantity of a fit under one way of naming components.

    Attributes
    ----------
    labels, name : str
        Which quantity.
    moments : Moments
        Its summary.
    errors : ParameterComparison or None
        Against the reference; None without one.
    in_reference : bool
        Whether the reference has it, even if there is too little to compare.
    is_constant : bool
        Whether it is a constant of the program, of which there is nothing to judge.
    nameless : bool
        Whether it belongs to a component that the draws name by accident.
    undefined : str
        In how many draws, of the fit or of the reference, it has no finite value; empty if in
        none.
    is_less_defined : bool
        Whether that is in more of the fit's draws than the reference's can explain by chance.
    """

    labels: str
    name: str
    moments: Moments
    errors: ParameterComparison | None = None
    in_reference: bool = False
    is_constant: bool = False
    nameless: bool = False
    undefined: str = ""
    is_less_defined: bool = False


@dataclass(frozen=True, kw_only=True)
class WeightDiagnostics:
    """What importance weights say; attributes as of :class:`harness.metrics.psis.Psis`.

    `n_scores` draws gave k-hat; `n_effective` is of the draws of the fit.
    """

    k_hat: float
    k_hat_mcse: float
    k_hat_threshold: float
    n_scores: int
    n_effective: float


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """Statistics of one fit; what does not apply is None.

    Attributes
    ----------
    quantities : tuple of QuantityMeasurement
        Under every way of naming components.
    joint : JointComparison or None
        Distances from the reference.
    missed_mass : float or None
        See `harness.metrics.modes.missed_mass`.
    stein : KernelStein or None
        From the gradients of the log density, in units that all fits of a data set share.
    has_gradients : bool
        Whether the gradients at some draws are known.
    weights : WeightDiagnostics or None
        Importance weights against the full-data posterior.
    judged_labels : str
        The way of naming components that the verdict on the fit rests on.
    n_label_orders : int or None
        In how many orders the draws name the components.
    n_symmetries : int
        Orders of the components that leave the density as it is.
    has_collapsed : bool
        Whether all draws are at one point.
    mismatch : str
        Why the reference is that of another posterior, so that the fit was measured alone.
    notes : tuple of str
        What could not be measured, and why, a sentence each.
    """

    quantities: tuple[QuantityMeasurement, ...]
    joint: JointComparison | None = None
    missed_mass: float | None = None
    stein: KernelStein | None = None
    has_gradients: bool = False
    weights: WeightDiagnostics | None = None
    judged_labels: str = RAW
    n_label_orders: int | None = None
    n_symmetries: int = 1
    has_collapsed: bool = False
    mismatch: str = ""
    notes: tuple[str, ...] = ()

    def as_known(self, *, compared: bool) -> "Measurement":
        """Return what is known, without errors if the reference has turned out to be none."""
        if compared:
            return self
        return replace(
            self,
            quantities=tuple(replace(each, errors=None) for each in self.quantities),
            joint=None,
            missed_mass=None,
        )

    @property
    def judged(self) -> tuple[QuantityMeasurement, ...]:
        """The quantities that the verdict on the fit rests on."""
        return tuple(item for item in self.quantities if item.labels == self.judged_labels)

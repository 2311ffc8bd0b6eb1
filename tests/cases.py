"""Fits and models whose results are known without sampling."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import arviz_base
import numpy as np
import numpy.typing as npt

from harness.data.dataset import Dataset
from harness.fits.fit import Diagnostics, DrawKind, Fit, Status
from harness.program.compilation import CompiledProgram
from harness.program.contract import Components, DataContract
from harness.program.program import Program

FloatArray = npt.NDArray[np.float64]

PROJECT = Path(__file__).parent.parent
DATA = Path(__file__).parent / "data"

MIXTURE_CONTRACT = DataContract(
    rows="y", n_columns=2, n_rows="N", likelihood_weight="likelihood_weight"
)
MIXTURE = Program(
    name="gmm",
    file=PROJECT / "stan" / "gmm.stan",
    contract=MIXTURE_CONTRACT,
    data={"prior_sd": 1.0},
    parameters=("mu", "pi"),
    components=Components(means="mu", shares="pi"),
)


def mixture_program(name: str) -> Program:
    """A shipped mixture program, with its header and its contract, by its name."""
    functions = PROJECT / "stan" / "functions"
    reads_file = name == "gmm_file"
    header = functions / f"{name if reads_file else 'gmm_fused'}.hpp"
    contract = MIXTURE_CONTRACT
    return dataclasses.replace(
        MIXTURE,
        name=name,
        file=PROJECT / "stan" / f"{name}.stan",
        contract=contract.model_copy(update={"rows": None, "rows_file": "rows_file"})
        if reads_file
        else contract,
        user_header=header if reads_file or name.endswith("fused") else None,
    )


def pretend_compiled(program: Program = MIXTURE, *, digest: str = "d1" * 32) -> CompiledProgram:
    """A program that claims to be compiled, for tests that never run it."""
    return CompiledProgram(
        program=program,
        executable=Path("nowhere"),
        digest=digest,
        compile_time_s=12.5,
        stan_version="2.39.0",
    )


def known_fit(
    posterior: Mapping[str, FloatArray],
    *,
    draw_kind: DrawKind = DrawKind.CHAINS,
    diagnostics: Diagnostics | None = None,
) -> Fit:
    """A fit that ended well with the given draws, each of shape (chain, draw, ...)."""
    n_chains, n_draws = next(iter(posterior.values())).shape[:2]
    groups = {
        "posterior": dict(posterior),
        "sample_stats": {"lp": np.zeros((n_chains, n_draws))},
    }
    return Fit(
        status=Status.OK,
        draws=arviz_base.from_dict(groups),
        draw_kind=draw_kind,
        diagnostics=diagnostics or Diagnostics(),
        fit_time_s=1.25,
        warnings=("first warning", "second warning"),
        used_data={"n_rows": 100, "likelihood_weight": 2.5},
    )


def switched_draws() -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Four chains of 250 draws, two of them with the labels switched; and the true order."""
    rng = np.random.default_rng(8)
    noise = 0.1 * rng.standard_normal((4, 250, 2, 2))
    true_mu = np.array([[-1.0, -1.5], [1.0, 0.5]]) + noise
    share = 0.2 + 0.01 * rng.standard_normal((4, 250))
    true_pi = np.stack([share, 1 - share], axis=-1)
    raw_mu, raw_pi = true_mu.copy(), true_pi.copy()
    raw_mu[2:] = true_mu[2:, :, ::-1]
    raw_pi[2:] = true_pi[2:, :, ::-1]
    return {"mu": raw_mu, "pi": raw_pi}, {"mu": true_mu, "pi": true_pi}


@dataclass(frozen=True, kw_only=True, eq=False)
class Gaussian:
    """A bivariate normal distribution.

    Attributes
    ----------
    mean : ndarray, shape (2,)
    covariance : ndarray, shape (2, 2)
    """

    mean: FloatArray
    covariance: FloatArray

    @property
    def sd(self) -> FloatArray:
        """Standard deviations of the coordinates."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def mean_field(self) -> "Gaussian":
        """The independent normals closest in KL(q || p): precisions from the diagonal of P.

        Bishop (2006), Pattern Recognition and Machine Learning, equation (10.12).
        """
        precision = np.linalg.inv(self.covariance)
        return Gaussian(mean=self.mean, covariance=np.diag(1 / np.diag(precision)))


def gaussian_program(*, rho: float) -> Program:
    """``gaussian.stan``: rows ~ normal(theta, unit variances, correlation rho)."""
    return Program(
        name="gaussian",
        file=DATA / "programs" / "gaussian.stan",
        contract=DataContract(rows="y", n_columns=2, n_rows="N", likelihood_weight="weight"),
        data={"prior_sd": 2.0, "rho": rho},
        parameters=("theta",),
    )


def gaussian_rows() -> Dataset:
    """Forty fixed rows about (1, -0.5)."""
    rng = np.random.default_rng(42)
    rows = np.array([1.0, -0.5]) + rng.standard_normal((40, 2))
    return Dataset(name="gaussian", rows=rows)


def gaussian_posterior(rows: FloatArray, *, rho: float, likelihood_weight: float) -> Gaussian:
    """The posterior of ``theta`` in ``gaussian.stan``, by conjugacy.

    The precision is I / prior_sd**2 + w N inv(S) and the mean solves it against w inv(S) sum(y).
    """
    inv_s = np.linalg.inv(np.array([[1.0, rho], [rho, 1.0]]))
    prior_sd = gaussian_program(rho=rho).data["prior_sd"]
    precision = np.eye(2) / prior_sd**2 + likelihood_weight * len(rows) * inv_s
    covariance = np.linalg.inv(precision)
    mean = covariance @ (likelihood_weight * inv_s @ rows.sum(axis=0))
    return Gaussian(mean=mean, covariance=covariance)

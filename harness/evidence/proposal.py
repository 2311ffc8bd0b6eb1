"""Mixtures of Student-t distributions, the heavy-tailed proposals of importance sampling."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import gammaln, logsumexp

from harness.data.dataset import FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Component:
    """One distribution of a mixture.

    Attributes
    ----------
    mean : ndarray, shape (d,)
    factor : ndarray, shape (d, d)
        Lower Cholesky factor of the scale matrix; of a Gaussian its covariance.
    share : float
        Of the mixture.
    """

    mean: FloatArray
    factor: FloatArray
    share: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Mixture:
    """A mixture of Student-t distributions, or of Gaussians.

    Attributes
    ----------
    components : tuple of Component
        Their shares add up to 1.
    df : float
        Degrees of freedom; infinity for Gaussians.
    """

    components: tuple[Component, ...]
    df: float = np.inf

    def spread(self) -> "Mixture":
        """Return the mixture with shares in proportion to the roots of its own.

        A small component far away has a large part in variances, and deserves more draws.
        """
        roots = np.sqrt([part.share for part in self.components])
        shares = zip(self.components, roots / roots.sum(), strict=True)
        parts = tuple(replace(part, share=float(share)) for part, share in shares)
        return replace(self, components=parts)

    def scaled(self, factor: float) -> tuple[Component, ...]:
        """Return the components with shares that add up to a factor."""
        return tuple(replace(part, share=factor * part.share) for part in self.components)

    def draw(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Return independent draws, shape (n, d)."""
        d = self.components[0].mean.size
        shares = np.array([part.share for part in self.components])
        which = rng.choice(shares.size, n, p=shares / shares.sum())
        steps = rng.standard_normal((n, d))
        if np.isfinite(self.df):
            steps *= np.sqrt(self.df / rng.chisquare(self.df, n))[:, None]
        points = np.empty((n, d))
        for number, part in enumerate(self.components):
            mine = which == number
            points[mine] = part.mean + steps[mine] @ part.factor.T
        return points

    def log_density(self, points: FloatArray) -> FloatArray:
        """Return the log density at each point, in nats, shape (n,)."""
        total: FloatArray = logsumexp(self.log_terms(points), axis=1)
        return total

    def log_terms(self, points: FloatArray) -> FloatArray:
        """Return the log of share times density of each component, shape (n, component)."""
        return np.column_stack(
            [np.log(part.share) + self._log_density(part, points) for part in self.components]
        )

    def _log_density(self, part: Component, points: FloatArray) -> FloatArray:
        """Return the log density of one component."""
        d = part.mean.size
        # the inverse first: a solver of few equations starts threads for many right-hand sides
        inverse = solve_triangular(part.factor, np.eye(d), lower=True)
        squares = np.sum(((points - part.mean) @ inverse.T) ** 2, axis=1)
        log_det = np.log(np.diag(part.factor)).sum()
        if not np.isfinite(self.df):
            gaussian: FloatArray = -0.5 * (squares + d * np.log(2 * np.pi)) - log_det
            return gaussian
        constant = gammaln((self.df + d) / 2) - gammaln(self.df / 2)
        constant -= d / 2 * np.log(self.df * np.pi) + log_det
        student: FloatArray = constant - (self.df + d) / 2 * np.log1p(squares / self.df)
        return student

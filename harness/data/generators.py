"""Rows drawn from known distributions, by the name that a study calls them."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from harness.data.npy_file import CHUNK_ROWS, FloatArray, RowsFile, write_rows

#: Component means and shares from which the notebook's rows are drawn.
TRUE_MEANS: FloatArray = np.array([[-1.0, -1.5], [1.0, 1.0]])
TRUE_SHARES: FloatArray = np.array([0.2, 0.8])

NOTEBOOK_SEED = 123
NOTEBOOK_SMALL_N = 100
NOTEBOOK_LARGE_N = 100_000


def _draw_mixture(rng: np.random.RandomState, n_rows: int) -> FloatArray:
    """Draw rows from the notebook's mixture with the notebook's calls, in its order.

    The public notebook draws all labels first, then ``n_rows`` normal vectors from *each*
    component, and keeps of each row the vector of its own component.
    """
    one_hot = np.array([rng.multinomial(1, TRUE_SHARES) for _ in range(n_rows)])
    candidates = [rng.multivariate_normal(mean, np.eye(2), size=n_rows) for mean in TRUE_MEANS]
    return np.where(one_hot[:, :1] == 1, candidates[0], candidates[1])


def notebook_small() -> FloatArray:
    """Return the notebook's first 100 rows, shape (100, 2)."""
    return _draw_mixture(np.random.RandomState(NOTEBOOK_SEED), NOTEBOOK_SMALL_N)


def notebook_large() -> FloatArray:
    """Return the notebook's 100,000 rows, shape (100000, 2).

    They are drawn on from the stream that gave the first 100 rows.
    """
    rng = np.random.RandomState(NOTEBOOK_SEED)
    _draw_mixture(rng, NOTEBOOK_SMALL_N)
    return _draw_mixture(rng, NOTEBOOK_LARGE_N)


def mixture_chunks(n_rows: int, *, seed: int) -> Iterator[FloatArray]:
    """Draw any number of rows from the notebook's mixture, a chunk at a time.

    Parameters
    ----------
    n_rows : int
        Rows in all.
    seed : int
        Decides them; the rows of a smaller number are not the first of a larger.

    Yields
    ------
    ndarray, shape (at most CHUNK_ROWS, 2)
    """
    rng = np.random.default_rng(seed)
    for begin in range(0, n_rows, CHUNK_ROWS):
        n = min(CHUNK_ROWS, n_rows - begin)
        labels = (rng.random(n) >= TRUE_SHARES[0]).astype(np.intp)
        yield TRUE_MEANS[labels] + rng.standard_normal((n, 2))


def write_mixture(path: Path, *, n_rows: int, seed: int) -> RowsFile:
    """Write a ``.npy`` of rows from the notebook's mixture, of which few are in memory at a time.

    Parameters
    ----------
    path : Path
        What to write.
    n_rows, seed : int
        As :func:`mixture_chunks` takes them.

    Returns
    -------
    RowsFile

    Raises
    ------
    DatasetError
        If the file cannot be written.
    """
    return write_rows(path, mixture_chunks(n_rows, seed=seed), n_rows=n_rows)


def mixture(
    *,
    n_rows: Annotated[int, Field(ge=1)] = 1000,
    distance: Annotated[float, Field(ge=0)] = 3.2,
    share: Annotated[float, Field(gt=0, lt=1)] = 0.2,
    seed: Annotated[int, Field(ge=0)] = 123,
) -> FloatArray:
    """Draw rows from two bivariate normals, at a distance in sds, the lower left with a share.

    The first component gets the nearest whole number of rows; with the same number and seed, rows
    differ by the means of their components alone.
    """
    rng = np.random.default_rng([seed, 7])
    n_first = round(share * n_rows)
    scale = distance / np.linalg.norm(TRUE_MEANS[1] - TRUE_MEANS[0])
    means = (TRUE_MEANS - TRUE_MEANS.mean(axis=0)) * scale
    noise = rng.standard_normal((n_rows, 2))
    order = rng.permutation(n_rows)
    rows: FloatArray = noise + means[(order >= n_first).astype(np.intp)]
    return rows


def logistic(
    *,
    n_rows: Annotated[int, Field(ge=1)] = 1000,
    n_columns: Annotated[int, Field(ge=1)] = 5,
    seed: Annotated[int, Field(ge=0)] = 1,
) -> dict[str, Any]:
    """Draw the data N, K, x and y of a logistic regression on standard normal predictors.

    The coefficients are drawn too; their log odds have a variance of about 2, whatever K is.
    """
    rng = np.random.default_rng([seed, 8])
    x = rng.standard_normal((n_rows, n_columns))
    beta = rng.standard_normal(n_columns) * np.sqrt(2 / n_columns)
    y = rng.random(n_rows) < 1 / (1 + np.exp(-(x @ beta)))
    return {"N": n_rows, "K": n_columns, "x": x, "y": y.astype(np.int64)}


#: Generators by the name that a study uses: rows, or a program's data by their names.
GENERATORS: Mapping[str, Callable[..., FloatArray | dict[str, Any]]] = {
    "notebook_small": notebook_small,
    "notebook_large": notebook_large,
    "mixture": mixture,
    "logistic": logistic,
}


def option_names(generator: str) -> tuple[str, ...]:
    """Return the names of a generator's options; none of an unknown one."""
    if generator not in GENERATORS:
        return ()
    return tuple(inspect.signature(GENERATORS[generator]).parameters)

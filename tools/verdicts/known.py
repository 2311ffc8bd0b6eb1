"""What is known of a posterior."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

#: The half on which limits were looked at, and the half that is reported.
SET, REPORTED = "set", "reported"


@dataclass(frozen=True, kw_only=True, eq=False)
class Posterior:
    """A posterior whose means and sds are known on the unconstrained scale.

    Attributes
    ----------
    name : str
    program : str
        One of the programs beside this file.
    data : Mapping
    mean, sd : ndarray, shape (d,)
        NaN where there is none, as of a Student-t distribution with 2 degrees of freedom.
    half : str
    """

    name: str
    program: str
    data: Mapping[str, Any]
    mean: FloatArray
    sd: FloatArray
    half: str = SET

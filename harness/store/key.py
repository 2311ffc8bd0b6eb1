"""The key of a fit: a digest of what decides its draws."""

import hashlib
import json

from harness.data.dataset import Dataset
from harness.methods import options_of
from harness.program.program import Program
from harness.study.study import Run

#: Raised when what a stored fit means has changed, so that older entries are not found.
FORMAT = 5


def fit_key(run: Run, program: Program, program_digest: str, dataset: Dataset) -> str:
    """Return the key of a run's fit: a SHA-256 of what decides its draws.

    That is the program with its includes and C++ headers, Stan's version and compiler flags (all
    in the program's digest), the data, the method with its options, and the seed.

    Parameters
    ----------
    run : Run
        Its method and seed count, its names do not.
    program : Program
        What the run fits.
    program_digest : str
        From :func:`harness.program.compilation.program_digest`.
    dataset : Dataset
        The observations; its name does not count.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    identity = {
        "format": FORMAT,
        "program": program_digest,
        "data": dict(program.data),
        "rows": dataset.digest,
        "method": run.method.name,
        "options": options_of(run.method),
        "seed": run.seed,
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()

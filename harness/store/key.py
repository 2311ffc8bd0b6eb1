"""The key of a fit: a digest of what decides its draws."""

import hashlib
import json

from harness.data.dataset import Dataset
from harness.methods import Nuts, options_of
from harness.program.program import Program
from harness.store.code import code_digest
from harness.study.study import Run

#: Raised when what a stored fit means has changed, so that older entries are not found.
FORMAT = 6
#: The code, below the package, that decides the draws of a method which is not CmdStan's own
#: sampler, and what is scored of them.  A test holds the list to what the methods import.
FITTING_CODE = (
    *("data/generators.py", "data/npy_file.py", "data/subsample.py"),
    *("fits/fit.py", "fits/posterior.py", "fits/sampler.py"),
    "methods/*.py",
    *("program/filed_rows.py", "program/program_axes.py", "program/rows.py"),
    *("program/log_density/*.py", "program/log_density/cpp/*.hpp"),
    *("verdict/mixing.py", "verdict/rule.py", "verdict/rules.py"),
)
_LIBRARIES = ("numpy", "scipy")


def fit_key(run: Run, program: Program, program_digest: str, dataset: Dataset) -> str:
    """Return the key of a run's fit: a SHA-256 of what decides its draws.

    That is the program with its includes and C++ headers, Stan's version and compiler flags (all
    in the program's digest), the data, the method with its options, the seed, and the code of
    methods.  Only a fit by NUTS outlives a change of that code: its draws are CmdStan's own, and it
    is the one that is dear; where its meaning changes, :data:`FORMAT` is raised.

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
        "code": None if type(run.method) is Nuts else fitting_digest(),
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def fitting_digest() -> str:
    """Return a digest of the code of methods, and of the libraries that they compute with."""
    return code_digest(FITTING_CODE, _LIBRARIES)

"""A study: its data sets, its programs, and the runs that it is crossed out to."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.data.dataset import Dataset
from harness.methods import Method
from harness.program.program import Program
from harness.study.swept import Sweep


@dataclass(frozen=True, kw_only=True)
class Run:
    """One cell of a study.

    Attributes
    ----------
    dataset, program : str
        Names within the study.
    method : Method
        The method with its options.
    variant : str
        The name of these options in tables.
    replicate : int
        From 1.
    seed : int
        From 1 to 2**31 - 1, derived from the study's seed and the names above.
    """

    dataset: str
    program: str
    method: Method
    variant: str
    replicate: int
    seed: int

    @property
    def label(self) -> str:
        """The run's identity in one line."""
        replicate = f" #{self.replicate}" if self.replicate > 1 else ""
        return f"{self.dataset} / {self.program} / {self.method.name} {self.variant}{replicate}"


@dataclass(frozen=True, kw_only=True)
class ReferenceSource:
    """Where the reference draws of a data set come from.

    Attributes
    ----------
    run : Run or None
        A run of the study, the first replicate of its cell.
    file : Path or None
        A file of draws.
    title : str
        Of draws that are neither, what tables call them.
    """

    run: Run | None = None
    file: Path | None = None
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Study:
    """A study that passed all checks which need no Stan.

    Attributes
    ----------
    name, title, description : str
        For the report.
    datasets, programs : Mapping
        By name.
    runs : tuple of Run
        Everything that is crossed, in the file's order.
    references : Mapping
        Of the data sets that have one, by their names, what their fits are measured against.
    published : Path or None
        Numbers from elsewhere that the tables set beside the study's own.
    digest : str
        SHA-256 of the study's content.
    sweep : Sweep
        Which of its data sets and variants are one, but for a few values.
    scale : str
        The scale at which it is run; empty for a study that has no other.
    left_out : Mapping
        Why a posterior of a database that a wildcard names, or a combination of swept values,
        cannot be run.
    made_by : str
        The command that makes such a study: ``run`` of a file, ``compare``, or ``judge``.
    file : Path or None
        The file that a study was read from.
    """

    name: str
    title: str
    description: str
    datasets: Mapping[str, Dataset]
    programs: Mapping[str, Program]
    runs: tuple[Run, ...]
    references: Mapping[str, ReferenceSource] = field(default_factory=dict)
    published: Path | None
    digest: str
    sweep: Sweep = field(default_factory=Sweep)
    scale: str = ""
    left_out: Mapping[str, str] = field(default_factory=dict)
    made_by: str = "run"
    file: Path | None = None


def derive_seed(study_seed: int, *identity: str) -> int:
    """Return a run's seed, from 1 to 2**31 - 1.

    The seed is a hash of the study's seed and the run's identity, so the order of runs, and
    which others there are, change nothing.
    """
    text = "\0".join([str(study_seed), *identity])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) % (2**31 - 1) + 1

"""One exception class per cause that a user can act on.

Every class derives from :class:`HarnessError`, whose message is one line that says what was
given, what is allowed and what to do.  ``cli.py`` prints that line and exits with code 2.
"""


class HarnessError(Exception):
    """Base of all errors that a user can correct; the message is one line and says what to do."""


class StudyError(HarnessError):
    """A study file is missing, is not TOML, or says something that is not allowed."""


class DatasetError(HarnessError):
    """A data set cannot be made or loaded, or fails its digest, shape or finiteness check."""


class SubsampleError(HarnessError):
    """A subsample was asked for that the data set cannot give."""


class ProgramError(HarnessError):
    """A Stan program is missing or does not compile."""


class MethodError(HarnessError):
    """A method or one of its options is unknown or impossible."""


class FitError(HarnessError):
    """An inference run failed; the run still makes a row, with this message as its reason."""


class JsonFileError(HarnessError):
    """A JSON file cannot be read or is broken; the message goes on from the file's name."""


class ReferenceFileError(HarnessError):
    """A file of reference draws is missing, broken, or does not match the program."""


class StoreError(HarnessError):
    """The fit store cannot be read or written."""


class SchedulerError(HarnessError):
    """A cluster's scheduler cannot be reached, or was lost."""


class ResultsError(HarnessError):
    """The results folder cannot be written, or the tables in it cannot be read."""


class CmdStanMissingError(HarnessError):
    """There is no CmdStan to use, or nothing to build one from."""


class CmdStanBuildError(HarnessError):
    """A CmdStan could not be compiled or installed."""


class ToolchainError(HarnessError):
    """The C++ compiler or make is missing."""


class DiskSpaceError(HarnessError):
    """The disk is full or too small."""


class CacheFolderError(HarnessError):
    """The cache folder cannot be written."""


class FitLookupError(HarnessError, KeyError):
    """A result has no fit of a name; a `KeyError` too, as of any mapping."""

    __str__ = Exception.__str__  # that of KeyError quotes the message


class CalibrationError(HarnessError):
    """Two programs do not make a calibration, or there are too few replicates."""


class DensityError(FitError):
    """The process that evaluates a program's density refuses or has ended."""


class DrawsError(HarnessError):
    """Draws that were given cannot be read, or are not of one posterior."""

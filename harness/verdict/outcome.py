"""The verdicts in their order, and what there may be to compare with."""

from enum import StrEnum


class Verdict(StrEnum):
    """What a reader may do with an approximation, from best to worst.

    That nothing is known outweighs a fault which is known to be harmless to means.
    """

    TRUST = "trust"
    MARGINALS = "marginals"
    MEANS_ONLY = "means only"
    UNKNOWN = "unknown"
    DO_NOT_TRUST = "do not trust"


#: From best to worst.
SEVERITY = tuple(Verdict)


class Reference(StrEnum):
    """Whether there are reference draws to compare with."""

    VALID = "valid"
    FAILED = "failed"
    ABSENT = "absent"

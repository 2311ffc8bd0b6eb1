"""The note below each table: at most three short sentences, because columns have definitions."""

from collections.abc import Mapping

#: What each verdict allows.
MEANINGS = (
    "**trust**: you may use means, sds, intervals and joint draws; **marginals**: every mean, "
    "sd and interval, but not the joint draws; **means only**: only the means; "
    "**unknown**: a deciding criterion is not known precisely enough; "
    "**do not trust**: nothing ([rules](#how-verdicts-are-reached))."
)

_REPLICATES = (
    " Replicates are shown as median [smallest to largest]; (4 of 5) means that one of five has "
    "no value."
)

#: Notes by kind of table.
NOTES: Mapping[str, str] = {
    "matrix": MEANINGS,
    "verdict": (
        "Each row names the criterion that decided, with its value and limit "
        "([rules](#how-verdicts-are-reached))."
    ),
    "variables": "Errors and diagnostics are the worst over the elements and replicates.",
    "weights": (
        "Above the limit, importance weighting cannot correct the draws. "
        "k-hat cannot detect a mode without draws."
    ),
    "errors": (
        "PSIS-weighted rows are reliable only if k-hat is below its limit. "
        "Neither these rows nor k-hat can detect a mode without draws."
    ),
    "estimates": (
        "A cell shows the posterior mean (sd). "
        "Means are rounded to a quarter of their Monte Carlo error, or of that of the chains if it "
        "is larger."
    ),
    "labels": (
        "If R-hat is large only with raw labels, the chains disagree about the labels but not "
        "about the mixture."
    ),
    "modes": (
        "A fit to one of several symmetric modes is compared with its own labels. "
        "This is not an error, but the fit is not the whole posterior."
    ),
    "stability": "The ratio shows by how many of its own sds the centre changes between runs.",
    "diagnostics": ("An R-hat above 1.01 means that the chains have not mixed."),
    "samplers": (
        "Divergences mean that the sampler did not explore a region. "
        "A large tree depth costs time but causes no bias."
    ),
    "optimisers": "ELBOs can be compared only between runs with the same rows and weight.",
    "cost": "Compilation happens once per program and is not part of the fit.",
    "joint": (
        "Distances are computed in coordinates in which the reference has mean 0 and covariance I. "
        "± precedes a Monte Carlo standard error; (null) is the value that exact draws would have."
    ),
    "runs": "n/a: the quantity does not exist for this method.",
}

#: Added where a data set has replicates.
OF_REPLICATES: Mapping[str, str] = {
    "matrix": (
        " For replicates, the table shows the worst verdict, and how many replicates have it if "
        "not all have it."
    ),
    "verdict": (
        " For replicates it is the most common criterion among those with the worst verdict, with "
        "the number of one such replicate." + _REPLICATES
    ),
    "estimates": (
        " For replicates it shows the averages of both and, in brackets, the sd of the means "
        "between replicates."
    ),
    "diagnostics": (
        " For replicates, the table shows the worst R-hat and effective sample sizes, and the "
        "Monte Carlo error of the average."
    ),
    **dict.fromkeys(("weights", "errors", "labels", "modes", "cost", "joint"), _REPLICATES),
}

#: Added to the note on the matrix where a parameter's verdict is worse than its fit's.
WORSE_THAN_FIT = (
    " A parameter may have a worse verdict than the whole fit, which allows for the number of "
    "its parameters."
)

#: Added to the note on estimates where components were ordered.
ORDERED = (
    " The components of every draw are ordered by their first coordinate, except for raw labels."
)

#: Added to the note on diagnostics where approximations are left out.
INDEPENDENT = (
    " Approximations are not shown: their draws are independent, so R-hat and effective sample "
    "sizes say nothing about their quality."
)

#: The note below a README's table.
BRIEF = (
    "Speed is the time of NUTS at its defaults, with the same program, divided by the fit's time. "
    "Errors are shown ± their Monte Carlo standard errors, several replicates as median [smallest "
    "to largest]. "
    "[docs/tables.md](docs/tables.md) defines every column."
)


def note_on(kind: str, *, has_replicates: bool) -> str:
    """Return the note below a table.

    Parameters
    ----------
    kind : str
        Of the table.
    has_replicates : bool
        Whether a series of its data set has several runs.

    Returns
    -------
    str
        In Markdown.
    """
    return NOTES[kind] + (OF_REPLICATES.get(kind, "") if has_replicates else "")

"""The words below each table, a sentence for each column."""

from collections.abc import Mapping

_REPLICATES = "Of replicates: median [smallest to largest], (2 of 3) where others have none."

#: Notes by kind of table.
NOTES: Mapping[str, str] = {
    "matrix": (
        "**trust**: mean, sd, intervals and joint draws may be used. **means only**: the "
        "means, not the widths or the joint draws. **unknown**: a criterion that decides is not "
        "known, or known too roughly. **do not trust**: nothing. Without a reference, chains are "
        "judged by their own diagnostics, which cannot tell of a mode that no chain visits. "
        "Whole fit: the joint draws, which are judged by rules of their own and by the worst "
        "parameter ([rules](#how-verdicts-are-reached)). For replicates the worst verdict, "
        "(2 of 3) where others have a better one; likewise for a column of many quantities. "
        "Speed: the reference's time divided by this one's. "
        "Fit: seconds, for replicates median [smallest to largest]."
    ),
    "verdict": (
        "What decided: the criterion with its value and limit "
        "([rules](#how-verdicts-are-reached)); for replicates the most common one among those with "
        "the worst verdict, with the number of a replicate. Mean error: distance from the "
        "reference's mean in its sds ± Monte Carlo standard error, the largest over parameters, "
        "and of which parameter. sd ratios: smallest to largest ratio to the reference's sd, over "
        "parameters and replicates. R-hat and bulk ESS: of chains, the largest and the smallest "
        "over parameters. k-hat: shape of the importance weights' tail, with the limit above which "
        "they carry no estimate. "
        "n/a: does not apply, or is not known. " + _REPLICATES
    ),
    "variables": (
        "Elements: scalars of the variable. Trust: how many of them have that verdict, of those "
        "that are judged, in all replicates. Worst element: by its verdict, then by the error of "
        "its mean or its R-hat. Errors, sd ratios, R-hat and ESS: the worst over elements and "
        "replicates. n/a: does not apply."
    ),
    "weights": (
        "k-hat: shape of the importance weights' tail. Above the limit, weights do not mend the "
        "draws, and the fit is too far from the posterior where it has its draws; below it, the "
        "weighted draws are worth so many effective ones. k-hat cannot see a mode that the "
        "approximation never visits. Within the limit: of replicates, how many. " + _REPLICATES
    ),
    "errors": (
        "Mean error: the mean's distance from the reference's, in the reference's sds, ± "
        "Monte Carlo standard error. sd ratio: sd divided by the reference's. W1: "
        "Wasserstein-1 distance of the marginals, in the reference's sds. Coverage: the part "
        "of the reference that lies inside the central 50% and 90% intervals. PSIS-weighted: "
        "the same draws under Pareto-smoothed importance weights, worth that many effective "
        "draws; they help only where k-hat is below its limit, and neither they nor k-hat can "
        "see a mode that the approximation never visits. " + _REPLICATES
    ),
    "estimates": (
        "Cells: posterior mean (sd); of replicates the averages of both, and in brackets the "
        "sd of the means between replicates. Means are rounded to a quarter of their own "
        "Monte Carlo error, or of that of the chains if it is larger."
    ),
    "labels": (
        "R-hat, the largest over parameters: with the labels as sampled (raw), with the "
        "components of every draw ordered by their first coordinate (relabelled), and of "
        "quantities that no renaming changes (label-invariant). Large only when raw: the "
        "chains disagree about names, not about the mixture. Label orders visited: orders of "
        "the components that draws have. Symmetric modes covered: an approximation of one of "
        "several modes that are relabellings of each other is compared under its own labels; "
        "that is no fault, but it is not the whole posterior either. n/a: R-hat does not "
        "exist for independent draws. " + _REPLICATES
    ),
    "stability": (
        "Within sd: sd of one replicate's draws, averaged as a variance. Between sd: sd of "
        "the replicates' centres, Monte Carlo error taken off. Ratio: between divided by "
        "within, ± standard error: by how many of its own sds the centre moves from one run "
        "to the next. Expected ratio: what a fixed subsample of m of N rows under weight w "
        "gives by itself, √(w (1 - m/N)); 0 for all rows. R-hat across runs: replicates in "
        "place of chains. Failure rate: part of the runs without a fit. Retries: failed "
        "attempts before the fits, all runs."
    ),
    "diagnostics": (
        "R-hat: above 1.01 the chains have not mixed. ESS: effective numbers of draws for the "
        "centre and for the 5% and 95% quantiles. MCSE: Monte Carlo standard error of the "
        "mean. Of replicates, the worst R-hat and effective sample sizes, and the Monte Carlo "
        "error of the average."
    ),
    "samplers": (
        "Divergences: transitions that left the level set, each a region not explored. "
        "Deepest tree and transitions at the permitted depth: cost, not bias. E-BFMI: below "
        "0.3 the energies are explored too slowly. Leapfrog steps: gradients after warm-up. "
        "Retries: failed attempts."
    ),
    "optimisers": (
        "Etas tried: step size scales that adaptation tried, in this order; eta: the one "
        "used. Stopping rule met: which relative change of the ELBO ended the run, “no” at "
        "the iteration limit. ELBO: in nats, ± Monte Carlo standard error of one evaluation; "
        "comparable only between runs with the same rows and weight. May be diverging: "
        "CmdStan's warning. k-hat reported: CmdStan's own, which it prints for Pathfinder "
        "above 0.7 only. Retries: failed attempts."
    ),
    "cost": (
        "Compile: once per program, not part of the fit. Adapt and run: warm-up, search for a "
        "step size or optimisation, and the rest of the fit. Gradients: of the log density, "
        "adaptation included; row gradients: times the rows that each looks at. ESS: smallest "
        "bulk ESS of chains; of an approximation the effective draws under importance "
        "weights, where k-hat allows. Time to error 0.1 sd: until every mean is within 0.1 "
        "reference sds; n/a for a fit that never is. " + _REPLICATES
    ),
    "joint": (
        "All in coordinates where the reference has mean 0 and covariance I; in parentheses "
        "the 95% quantile that Monte Carlo error alone gives, after ± a Monte Carlo standard "
        "error. Mahalanobis: largest mean error of any linear combination, in sds. Covariance "
        "error: largest relative error of a variance of any combination. Energy distance, "
        "MMD² and sliced Wasserstein order fits but have no limit. C2ST: accuracy of a "
        "classifier that tells draws from the reference's, 0.5 if it cannot; null: what it "
        "reaches by luck. Missed mass: the part of the reference in a mode without a draw. "
        "KSD: Stein discrepancy, which needs no reference, with that of exact draws. " + _REPLICATES
    ),
    "runs": (
        "Rows and weight: what of the data the run has seen. ELBO in nats. n/a: the quantity "
        "does not exist for this method."
    ),
}

#: Added to the note on estimates where components were ordered.
ORDERED = (
    " Components are ordered by their first coordinate in every draw, except in those with raw "
    "labels."
)

#: Added to the note on diagnostics where draws are independent.
INDEPENDENT = (
    " ¹ n/a: not applicable. The draws come independently from a fitted approximation, so "
    "R-hat and effective sample sizes say nothing about how good it is."
)

#: The note below a README's table.
BRIEF = (
    "Speed is the reference's time divided by the fit's time. Errors are shown ± their Monte Carlo "
    "standard errors, several replicates as median [smallest to largest]. "
    "[docs/tables.md](docs/tables.md) defines every column."
)

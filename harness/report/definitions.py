"""What the columns of the tables mean: by kind of table and key of a column."""

from collections.abc import Mapping
from dataclasses import replace

from harness.report.grid import Grid

_FIT = "Time of the fit in seconds."
_SPEED = "The reference's time divided by the time of the fit."
_K_HAT = "Shape of the tail of the importance weights."
_RETRIES = "Failed attempts before the fit."
_SD_RATIOS = (
    "Smallest and largest ratio of an sd to the reference's sd, over parameters and replicates."
)
_EFFECTIVE = "Effective number of draws under the importance weights."

DEFINITIONS: Mapping[str, Mapping[str, str]] = {
    "matrix": {
        "of whole fit": "Verdict on the joint draws: the worst of their own rules and of the "
        "verdicts on the parameters.",
        "fit_time_s": _FIT,
        "speed": _SPEED,
    },
    "verdict": {
        "decided": "The criterion that decided, its value and its limit.",
        "mean_error": "Largest distance of a mean from the reference's mean, over parameters, in "
        "the reference's sds, ± Monte Carlo standard error.",
        "of": "The parameter with this error.",
        "sd_ratios": _SD_RATIOS,
        "r_hat": "Largest R-hat of the chains, over parameters.",
        "ess_bulk": "Smallest bulk effective sample size of the chains, over parameters.",
        "k_hat": f"{_K_HAT} Above the limit the weights give no reliable estimate.",
    },
    "variables": {
        "n_elements": "Number of scalars of the variable.",
        "n_trusted": "Number of judged elements with the verdict trust in all replicates.",
        "worst": "Worst element by its verdict, then by the error of its mean, then by its R-hat.",
        "mean_error": "Largest distance of a mean from the reference's mean, in the reference's "
        "sds.",
        "sd_ratios": "Smallest and largest ratio of an sd to the reference's sd.",
        "r_hat": "Largest R-hat.",
        "ess_bulk": "Smallest bulk effective sample size.",
    },
    "weights": {
        "k_hat": _K_HAT,
        "k_hat_threshold": "Above this limit the weights give no reliable estimate: the fit is too "
        "far from the posterior in the region of its draws.",
        "n_effective": _EFFECTIVE,
        "kept": "Whether k-hat is within its limit; for replicates, how many are.",
    },
    "errors": {
        "draws": "As sampled, or PSIS-weighted: the same draws with Pareto-smoothed importance "
        "weights.",
        "mean_error": "Distance of the mean from the reference's mean in the reference's sds, ± "
        "Monte Carlo standard error.",
        "sd_ratio": "The sd divided by the reference's sd.",
        "w1_sd": "Wasserstein-1 distance of the marginals in the reference's sds.",
        "coverage_50": "Proportion of the reference draws inside the central 50% interval.",
        "coverage_90": "Proportion of the reference draws inside the central 90% interval.",
        "n_effective": _EFFECTIVE,
    },
    "labels": {
        "r_hat_max_raw": "Largest R-hat over parameters with the labels as sampled.",
        "r_hat_max_relabelled": "Largest R-hat after the components of every draw are ordered by "
        "their first coordinate.",
        "r_hat_max_invariant": "Largest R-hat of quantities that do not depend on the labels.",
        "n_label_orders": "Number of different orders of the components among the draws.",
        "symmetric_mode": "Whether an approximation covers one or all of several modes that are "
        "relabellings of each other. A fit to one mode is compared with its own labels: this is "
        "not an error, but the fit is not the whole posterior.",
    },
    "stability": {
        "within_sd": "Sd of the draws of one replicate; variances are averaged over replicates.",
        "between_sd": "Sd of the replicates' means, without the part due to Monte Carlo error.",
        "between_sd_ratio": "Between sd divided by within sd, ± standard error.",
        "expected_sd_ratio": "Expected ratio for a fixed subsample of m of N rows with weight w, "
        "√(w (1 - m/N)); 0 for all rows.",
        "r_hat_runs": "R-hat of the replicates, each taken as one chain.",
        "failure_rate": "Proportion of the runs without a fit.",
        "n_retries": "Failed attempts before the fits, summed over all runs.",
    },
    "diagnostics": {
        "kind of diagnostic": "ESS bulk and ESS tail: effective sample sizes for the centre "
        "and for the 5% and 95% quantiles. MCSE: Monte Carlo standard error of the mean.",
    },
    "samplers": {
        "n_divergent": "Divergent transitions after warm-up.",
        "tree_depth_max": "Largest tree depth.",
        "n_tree_depth_limit": "Transitions that reached the maximum tree depth.",
        "e_bfmi_min": "Energy Bayesian fraction of missing information; below 0.3 the energies are "
        "explored too slowly.",
        "n_leapfrog": "Gradients after warm-up.",
        "n_retries": _RETRIES,
    },
    "optimisers": {
        "etas_tried": "Step size scales that the adaptation tried, in order.",
        "eta": "Step size scale of the run.",
        "converged": "Which relative change of the ELBO stopped the run; no at the "
        "iteration limit.",
        "elbo": "Evidence lower bound in nats, ± Monte Carlo standard error of one evaluation.",
        "may_be_diverging": "Whether CmdStan warned that the ELBO may be diverging.",
        "k_hat_reported": "k-hat that CmdStan printed for Pathfinder; it prints only values above "
        "0.7.",
        "n_retries": _RETRIES,
    },
    "cost": {
        "compile_time_s": "Time of the compilation of the program.",
        "adapt_time_s": "Warm-up, search for a step size, or optimisation.",
        "run_time_s": "The rest of the fit.",
        "fit_time_s": _FIT,
        "n_gradients": "Gradients of the log density, including adaptation.",
        "n_row_gradients": "Gradients times the number of rows that each of them uses.",
        "ess": "Smallest bulk ESS of chains; for approximations, effective draws under importance "
        "weights if k-hat is within its limit.",
        "time_to_error_s": "Time until every mean is within 0.1 reference sds of the reference; "
        "n/a if a fit never is.",
    },
    "joint": {
        "mahalanobis": "Largest error of the mean of any linear combination, in sds; in "
        "parentheses its 95% quantile under Monte Carlo error alone.",
        "whitened_covariance_error": "Largest relative error of the variance of any linear "
        "combination; in parentheses its 95% quantile under Monte Carlo error alone.",
        "energy_distance": "It ranks fits but has no limit.",
        "mmd": "Squared maximum mean discrepancy. It ranks fits but has no limit.",
        "sliced_wasserstein": "It ranks fits but has no limit.",
        "c2st_accuracy": "Accuracy of a classifier that separates the draws from those of the "
        "reference; 0.5 if it cannot.",
        "c2st_null_upper": "97.5% quantile of this accuracy if both distributions are equal.",
        "missed_mass": "Proportion of the reference draws in a mode without any draw of the fit.",
        "ksd": "Kernel Stein discrepancy, which needs no reference; in parentheses that of exact "
        "draws.",
    },
    "runs": {
        "n_rows": "Number of rows that the run used.",
        "likelihood_weight": "Weight of their log likelihood.",
        "fit_time_s": _FIT,
        "elbo": "Evidence lower bound in nats.",
    },
}


def with_definitions(grid: Grid | None, kind: str) -> Grid | None:
    """Return a table whose columns know what they mean.

    Parameters
    ----------
    grid : Grid or None
        A table, or None.
    kind : str
        The kind of table, a key of :data:`DEFINITIONS`.

    Returns
    -------
    Grid or None
        Columns that need no definition have an empty one.
    """
    if grid is None:
        return None
    known = DEFINITIONS.get(kind, {})
    columns = (replace(head, meaning=known.get(head.key, "")) for head in grid.columns)
    return replace(grid, columns=tuple(columns))

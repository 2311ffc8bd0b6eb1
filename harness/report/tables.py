"""The tables of a report, declared: each column with its key, value, format and definition.

A new column is one entry here.  Tables with a column for each quantity or series are in
:mod:`harness.report.matrix` and :mod:`harness.report.wide`.
"""

from harness.report import cells, rows, runs
from harness.report.columns import (
    distance,
    having,
    of_fits,
    of_parameter,
    of_run,
    of_stability,
    text_of_run,
)
from harness.report.dataset import SeriesTables
from harness.report.grid import number
from harness.report.numbers import (
    compact,
    count,
    plain,
    seconds,
    show_e_bfmi,
    show_r_hat,
    significant,
)
from harness.report.reasons import what_decided
from harness.report.specification import Column, ReportTable

_COMPARISON, _FITS, _STABILITY = ("comparison.csv",), ("fits.csv",), ("stability.csv",)

_FIT = "Time of the fit in seconds."
_RETRIES = "Failed attempts before the fit."
_EFFECTIVE = "Effective number of draws under the importance weights."
_NO_LIMIT = "It ranks fits but has no limit."

# fmt: off
# Not formatted by lines: a column stands like the row of a table.

_SERIES = Column[SeriesTables]("series", "series", lambda row: row.head)
_RUN = Column[runs.RunRow]("run", "run", lambda row: row.title)

VERDICT = ReportTable[rows.VerdictRow](
    "verdict", "What decided", _FITS + _COMPARISON, rows=rows.verdict_rows,
    columns=(
        Column("series", "series", lambda row: row.title),
        Column("verdict", "verdict", lambda row: cells.tally_of(row.verdicts), is_text=True),
        Column("decided", "what decided", lambda row: what_decided(row.verdicts),
            "The criterion that decided, its value and its limit.", is_text=True),
        Column("mean_error", "largest mean error (reference sds)", cells.largest_mean_error,
            "Largest distance of a mean from the reference's mean, over parameters, in the "
            "reference's sds, ± Monte Carlo standard error."),
        Column("of", "of", cells.parameter_of_error,
            "The parameter with this error.", is_text=True),
        Column("sd_ratios", "sd ratios", lambda row: cells.sd_ratios(row.rows),
            "Smallest and largest ratio of an sd to the reference's sd, over parameters and "
            "replicates."),
        Column("r_hat", "R-hat", lambda row: cells.largest(row.rows, "r_hat", show_r_hat),
            "Largest R-hat of the chains, over parameters."),
        Column("ess_bulk", "bulk ESS", lambda row: cells.smallest(row.rows, "ess_bulk", count),
            "Smallest bulk effective sample size of the chains, over parameters."),
        Column("k_hat", "k-hat (limit)", cells.k_hat_with_limit,
            "Shape of the tail of the importance weights. Above the limit the weights give no "
            "reliable estimate."),
    ),
)

VARIABLES = ReportTable[rows.VariableRow](
    "variables", "Verdicts by variable", _COMPARISON, rows=rows.variable_rows,
    columns=(
        Column("series", "series", lambda row: row.series.head),
        Column("variable", "variable", lambda row: row.variable, is_text=True),
        Column("n_elements", "elements", lambda row: number(row.n_elements, count),
            "Number of scalars of the variable."),
        Column("n_trusted", "trust", cells.elements_trusted,
            "Number of judged elements with the verdict trust in all replicates.", is_text=True),
        Column("verdict", "worst verdict", cells.worst_verdict_of_variable, is_text=True),
        Column("worst", "worst element", lambda row: row.worst,
            "Worst element by its verdict, then by the error of its mean, then by "
            "its R-hat.", is_text=True),
        Column("mean_error", "largest mean error (reference sds)", cells.largest_error_of_variable,
            "Largest distance of a mean from the reference's mean, in the reference's sds."),
        Column("sd_ratios", "sd ratios", lambda row: cells.sd_ratios(row.rows),
            "Smallest and largest ratio of an sd to the reference's sd."),
        Column("r_hat", "R-hat", lambda row: cells.largest(row.rows, "r_hat", show_r_hat),
            "Largest R-hat."),
        Column("ess_bulk", "bulk ESS", lambda row: cells.smallest(row.rows, "ess_bulk", count),
            "Smallest bulk effective sample size."),
    ),
)

ERRORS = ReportTable[rows.ErrorRow](
    "errors", "Errors of the worst parameter", _COMPARISON,
    rows=rows.worst_error_rows, all_rows=rows.error_rows,
    columns=(
        Column("series", "series", lambda row: row.series.head),
        Column("draws", "draws", lambda row: row.draws,
            "As sampled, or PSIS-weighted: the same draws with Pareto-smoothed "
            "importance weights.", is_text=True),
        Column("parameter", "parameter", lambda row: row.parameter, is_text=True),
        Column("mean_error", "mean error ± MCSE (reference sds)", cells.mean_error,
            "Distance of the mean from the reference's mean in the reference's sds, ± Monte "
            "Carlo standard error."),
        Column("sd_ratio", "sd ratio", cells.sd_ratio, "The sd divided by the reference's sd."),
        of_parameter("w1_sd", "W1 (reference sds)", significant,
            "Wasserstein-1 distance of the marginals in the reference's sds."),
        of_parameter("coverage_50", "coverage of 50%", cells.two_decimals,
            "Proportion of the reference draws inside the central 50% interval."),
        of_parameter("coverage_90", "coverage of 90%", cells.two_decimals,
            "Proportion of the reference draws inside the central 90% interval."),
        Column("verdict", "verdict", lambda row: cells.tally_of(row.rows), is_text=True),
        of_parameter("n_effective", "effective draws", count, _EFFECTIVE),
    ),
)

_DISTANCES = (
    distance("mahalanobis", "Mahalanobis", "mahalanobis_mcse",
        "Largest error of the mean of any linear combination, in sds, without the part due to "
        "Monte Carlo error."),
    distance("log_eigenvalue_low", "log eigenvalue, low", "log_eigenvalue_low_mcse",
        "Logarithm of the ratio of variances of the narrowest combination of parameters."),
    distance("log_eigenvalue_high", "log eigenvalue, high", "log_eigenvalue_high_mcse",
        "The same of the widest combination."),
    distance("energy_distance", "energy distance", "energy_distance_mcse", _NO_LIMIT),
    distance("mmd", "MMD²", "mmd_mcse", f"Squared maximum mean discrepancy. {_NO_LIMIT}"),
    distance("sliced_wasserstein", "sliced Wasserstein", "sliced_wasserstein_mcse", _NO_LIMIT),
    distance("c2st_accuracy", "C2ST accuracy", "c2st_mcse",
        "Accuracy of a classifier that separates the draws from those of the reference; 0.5 if "
        "it cannot."),
    distance("c2st_null_upper", "C2ST null", "",
        "97.5% quantile of this accuracy if both distributions are equal."),
    distance("missed_mass", "missed mass", "",
        "Proportion of the reference draws in a mode without any draw of the fit."),
    distance("ksd", "KSD (null)", "ksd_null",
        "Kernel Stein discrepancy, which needs no reference; in parentheses that of exact draws."),
)

JOINT = ReportTable[SeriesTables](
    "joint", "Joint distances", _FITS, rows=having(*(column.key for column in _DISTANCES)),
    columns=(
        _SERIES,
        *_DISTANCES,
    ),
)

WEIGHTS = ReportTable[SeriesTables](
    "weights", "Importance weights: k-hat", _FITS, rows=having("k_hat"),
    columns=(
        _SERIES,
        Column("k_hat", "k-hat", cells.k_hat, "Shape of the tail of the importance weights."),
        of_fits("k_hat_mcse", "standard error", significant,
            "Standard error of k-hat. The limit is not shifted by it."),
        of_fits("n_scores", "draws scored", count, "Draws whose weights gave k-hat."),
        Column("k_hat_threshold", "limit", cells.k_hat_limit,
            "Above this limit the weights give no reliable estimate: the fit is too far from the"
            " posterior in the region of its draws."),
        of_fits("n_effective", "effective draws", count, _EFFECTIVE),
        Column("kept", "within the limit", cells.within_limit,
            "Whether k-hat is within its limit; for replicates, how many are."),
    ),
)

OPTIMISERS = ReportTable[runs.RunRow](
    "optimisers", "Diagnostics of the approximations", _FITS, rows=runs.approximation_runs,
    columns=(
        _RUN,
        text_of_run("etas_tried", "etas tried",
            "Step size scales that the adaptation tried, in order."),
        of_run("eta", "eta", plain, "Step size scale of the run."),
        text_of_run("converged", "stopping rule met",
            "Which relative change of the ELBO stopped the run; no at the iteration limit."),
        of_run("n_iterations", "iterations", count),
        Column("elbo", "ELBO", runs.RunRow.elbo_with_error,
            "Evidence lower bound in nats, ± Monte Carlo standard error of one evaluation."),
        Column("may_be_diverging", "may be diverging", lambda row: row.flag("may_be_diverging"),
            "Whether CmdStan warned that the ELBO may be diverging.", is_text=True),
        of_run("k_hat_reported", "k-hat reported", significant,
            "k-hat that CmdStan printed for Pathfinder; it prints only values above 0.7."),
        of_run("n_retries", "retries", count, _RETRIES),
    ),
)

SAMPLERS = ReportTable[runs.RunRow](
    "samplers", "Diagnostics of NUTS", _FITS, rows=runs.chain_runs,
    columns=(
        _RUN,
        of_run("n_divergent", "divergences", count, "Divergent transitions after warm-up."),
        of_run("tree_depth_max", "deepest tree", count, "Largest tree depth."),
        of_run("n_tree_depth_limit", "at tree limit", count,
            "Transitions that reached the maximum tree depth."),
        of_run("e_bfmi_min", "smallest E-BFMI", show_e_bfmi,
            "Energy Bayesian fraction of missing information; below 0.3 the energies are "
            "explored too slowly."),
        of_run("n_leapfrog", "leapfrog steps", count, "Gradients after warm-up."),
        of_run("n_retries", "retries", count, _RETRIES),
        text_of_run("attempts", "attempts", "What each attempt was and gave."),
    ),
)

_ORDERS = of_fits("n_label_orders", "label orders visited", count,
    "Number of different orders of the components among the draws.")

LABELS = ReportTable[SeriesTables](
    "labels", "Labels of the chains", _FITS,
    rows=having("n_label_orders", are_chains=True),
    columns=(
        _SERIES,
        of_fits("r_hat_max_raw", "largest R-hat, raw", show_r_hat,
            "Largest R-hat over parameters with the labels as sampled."),
        of_fits("r_hat_max_relabelled", "relabelled", show_r_hat,
            "Largest R-hat after the components of every draw are ordered by their first "
            "coordinate."),
        of_fits("r_hat_max_invariant", "label-invariant", show_r_hat,
            "Largest R-hat of quantities that do not depend on the labels."),
        _ORDERS,
    ),
)

MODES = ReportTable[SeriesTables](
    "modes", "Labels of the approximations", _FITS,
    rows=having("n_label_orders", are_chains=False),
    columns=(
        _SERIES,
        _ORDERS,
        Column("symmetric_mode", "symmetric modes covered", cells.modes_covered,
            "Whether an approximation covers one or all of several modes that are relabellings "
            "of each other.", is_text=True),
    ),
)

STABILITY = ReportTable[rows.StabilityRow](
    "stability", "Stability of the least stable parameter", _STABILITY,
    rows=rows.least_stable_rows, all_rows=rows.quantity_rows,
    columns=(
        Column("series", "series", lambda row: row.series.title),
        Column("labels", "labels", lambda row: row.labels, is_text=True),
        Column("parameter", "parameter", lambda row: row.parameter, is_text=True),
        of_stability("n_runs", "runs", count),
        Column("within_sd", "within sd",
            lambda row: number(cells.root(row.numbers["within_variance"]), compact),
            "Sd of the draws of one replicate; variances are averaged over replicates."),
        Column("between_sd", "between sd",
            lambda row: number(cells.root(row.numbers["between_variance"]), compact),
            "Sd of the replicates' means, without the part due to Monte Carlo error."),
        Column("between_sd_ratio", "ratio ± se", cells.sd_ratio_of_runs,
            "Between sd divided by within sd, ± standard error."),
        of_stability("expected_sd_ratio", "expected ratio", significant,
            "Expected ratio for a fixed subsample of m of N rows with weight w, √(w (1 - m/N)); "
            "0 for all rows."),
        of_stability("r_hat_runs", "R-hat across runs", cells.two_decimals,
            "R-hat of the replicates, each taken as one chain."),
        of_stability("failure_rate", "failure rate", cells.two_decimals,
            "Proportion of the runs without a fit."),
        of_stability("n_retries", "retries", count,
            "Failed attempts before the fits, summed over all runs."),
    ),
)

COST = ReportTable[SeriesTables](
    "cost", "Cost", _FITS,
    rows=lambda tables: [item for item in tables.series if not item.ok.empty],
    columns=(
        _SERIES,
        of_fits("compile_time_s", "compile (s)", seconds,
            "Time of the compilation of the program."),
        of_fits("adapt_time_s", "adapt (s)", seconds,
            "Warm-up, search for a step size, or optimisation."),
        of_fits("run_time_s", "run (s)", seconds, "The rest of the fit."),
        of_fits("fit_time_s", "fit (s)", seconds, _FIT),
        of_fits("n_gradients", "gradients", compact,
            "Gradients of the log density, including adaptation."),
        of_fits("n_row_gradients", "row gradients", compact,
            "Gradients times the number of rows that each of them uses."),
        of_fits("peak_memory_mb", "memory (MB)", count,
            "Largest resident memory of Stan's processes at once."),
        of_fits("ess", "ESS", count,
            "Smallest bulk ESS of chains; for approximations, effective draws under importance "
            "weights if k-hat is within its limit."),
        of_fits("ess_per_s", "ESS per s", compact),
        of_fits("ess_per_gradient", "ESS per gradient", compact),
    ),
)

RUNS = ReportTable[runs.RunRow](
    "runs", "Runs and their warnings", _FITS, keeps_columns=True,
    columns=(
        _RUN,
        text_of_run("program", "program"),
        Column("replicate", "replicate", lambda row: row.text("replicate")),
        of_run("n_rows", "rows", count, "Number of rows that the run used."),
        of_run("likelihood_weight", "weight", plain, "Weight of their log likelihood."),
        of_run("fit_time_s", "fit (s)", seconds, _FIT),
        Column("elbo", "ELBO", runs.RunRow.elbo, "Evidence lower bound in nats."),
        Column("verdict", "verdict", runs.RunRow.verdict, is_text=True),
        text_of_run("status", "status"),
        text_of_run("notes", "notes"),
    ),
)
# fmt: on

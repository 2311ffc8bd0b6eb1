"""Rows to tables; the columns are declared here, once."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from harness.errors import ResultsError

#: What stands in a table where a column does not apply; pandas reads it back as missing.
NOT_APPLICABLE = "n/a"
#: More digits than any Monte Carlo error here leaves.
_FLOAT_FORMAT = "%.9g"

_IDENTITY: Mapping[str, str] = {
    "dataset": "string",
    "program": "string",
    "method": "string",
    "variant": "string",
    "replicate": "Int64",
}

_VERDICT: Mapping[str, str] = {
    "verdict": "string",
    "verdict_reason": "string",
    "decided_by": "string",
    "decided_value": "Float64",
    "decided_limit": "Float64",
}

#: Columns of ``comparison.csv``, a row per run and parameter.
COMPARISON_COLUMNS: Mapping[str, str] = {
    **_IDENTITY,
    "labels": "string",
    "parameter": "string",
    "mean": "Float64",
    "sd": "Float64",
    "q5": "Float64",
    "q50": "Float64",
    "q95": "Float64",
    "mcse_mean": "Float64",
    "mcse_sd": "Float64",
    "mcse_q5": "Float64",
    "mcse_q50": "Float64",
    "mcse_q95": "Float64",
    "ess_bulk": "Float64",
    "ess_tail": "Float64",
    "r_hat": "Float64",
    "n_effective": "Float64",
    "k_hat_mean": "Float64",
    "k_hat_sd": "Float64",
    "error_scale": "string",
    "mean_error_sd": "Float64",
    "mean_error_mcse": "Float64",
    "log_sd_ratio": "Float64",
    "log_sd_ratio_mcse": "Float64",
    "w1_sd": "Float64",
    "coverage_50": "Float64",
    "coverage_50_mcse": "Float64",
    "coverage_90": "Float64",
    "coverage_90_mcse": "Float64",
    "r_hat_runs": "Float64",
    **_VERDICT,
    "status": "string",
}

#: Columns of ``fits.csv``, a row per run.
FITS_COLUMNS: Mapping[str, str] = {
    **_IDENTITY,
    "n_rows": "Int64",
    "likelihood_weight": "Float64",
    "compile_time_s": "Float64",
    "adapt_time_s": "Float64",
    "run_time_s": "Float64",
    "fit_time_s": "Float64",
    "n_gradients": "Int64",
    "n_row_gradients": "Float64",
    "peak_memory_mb": "Float64",
    "ess": "Float64",
    "ess_per_s": "Float64",
    "ess_per_gradient": "Float64",
    "r_hat_max_raw": "Float64",
    "r_hat_max_relabelled": "Float64",
    "r_hat_max_invariant": "Float64",
    "r_hat_all": "Float64",
    "n_label_orders": "Int64",
    "n_divergent": "Int64",
    "tree_depth_max": "Int64",
    "n_tree_depth_limit": "Int64",
    "e_bfmi_min": "Float64",
    "n_leapfrog": "Int64",
    "elbo": "Float64",
    "elbo_mcse": "Float64",
    "mean_mcse_sd": "Float64",
    "mode_gap_sd": "Float64",
    "converged": "string",
    "may_be_diverging": "boolean",
    "n_iterations": "Int64",
    "etas_tried": "string",
    "eta": "Float64",
    "n_retries": "Int64",
    "attempts": "string",
    "k_hat_reported": "Float64",
    "k_hat": "Float64",
    "k_hat_mcse": "Float64",
    "k_hat_threshold": "Float64",
    "n_scores": "Int64",
    "n_effective": "Float64",
    "n_combinations": "Int64",
    "mahalanobis": "Float64",
    "mahalanobis_mcse": "Float64",
    "log_eigenvalue_low": "Float64",
    "log_eigenvalue_low_mcse": "Float64",
    "log_eigenvalue_high": "Float64",
    "log_eigenvalue_high_mcse": "Float64",
    "energy_distance": "Float64",
    "energy_distance_mcse": "Float64",
    "mmd": "Float64",
    "mmd_mcse": "Float64",
    "sliced_wasserstein": "Float64",
    "sliced_wasserstein_mcse": "Float64",
    "c2st_accuracy": "Float64",
    "c2st_mcse": "Float64",
    "c2st_null_upper": "Float64",
    "missed_mass": "Float64",
    "ksd": "Float64",
    "ksd_null": "Float64",
    "n_runs": "Int64",
    "n_disagreeing": "Int64",
    **_VERDICT,
    "decided_parameter": "string",
    "n_parameters": "Int64",
    "n_within": "Int64",
    "worst_parameters": "string",
    "symmetric_mode": "boolean",
    "reference_problems": "string",
    "seed": "Int64",
    "status": "string",
    "reason": "string",
    "warnings": "string",
}

#: Columns of ``stability.csv``, a row per series of replicates and quantity.
STABILITY_COLUMNS: Mapping[str, str] = {
    "dataset": "string",
    "program": "string",
    "method": "string",
    "variant": "string",
    "labels": "string",
    "parameter": "string",
    "n_runs": "Int64",
    "n_failed": "Int64",
    "failure_rate": "Float64",
    "n_retries": "Int64",
    "within_variance": "Float64",
    "between_variance": "Float64",
    "between_sd_ratio": "Float64",
    "between_sd_ratio_se": "Float64",
    "expected_sd_ratio": "Float64",
    "r_hat_runs": "Float64",
}

#: Columns of ``posteriors.csv``, a row per data set and series of a study of many data sets.
POSTERIORS_COLUMNS: Mapping[str, str] = {
    "dataset": "string",
    "program": "string",
    "method": "string",
    "variant": "string",
    "n_runs": "Int64",
    "n_failed": "Int64",
    "verdict": "string",
    "mean_error_sd": "Float64",
    "fit_time_s": "Float64",
    "time_vs_nuts": "Float64",
    "peak_memory_mb": "Float64",
}

#: Columns of ``leaderboard.csv``, a row per series of such a study.
LEADERBOARD_COLUMNS: Mapping[str, str] = {
    "program": "string",
    "method": "string",
    "variant": "string",
    "n_posteriors": "Int64",
    "share_trust": "Float64",
    "share_marginals": "Float64",
    "share_means_only": "Float64",
    "share_unknown": "Float64",
    "share_do_not_trust": "Float64",
    "mean_error_sd": "Float64",
    "fit_time_s": "Float64",
    "time_vs_nuts": "Float64",
}


def make_table(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Collect rows under declared columns.

    Parameters
    ----------
    rows : iterable of Mapping
        Each with some of the columns as keys.
    columns : Mapping
        Column names and pandas dtypes, in order.

    Returns
    -------
    DataFrame
        Missing and NaN values are ``<NA>``.
    """
    table = pd.DataFrame.from_records(list(rows), columns=list(columns))
    return table.astype(dict(columns))


def saved_values(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table as :func:`read_table` reads it after :func:`write_table`, without a file."""
    numbers = table.select_dtypes("Float64")
    rounded = {
        str(name): column.map(lambda value: float(_FLOAT_FORMAT % value), na_action="ignore")
        for name, column in numbers.items()
    }
    return table.assign(**rounded).astype(table.dtypes).reset_index(drop=True)


def write_table(table: pd.DataFrame, file: Path) -> None:
    """Write a table as CSV, with ``n/a`` where a column does not apply.

    Floats keep 9 significant digits.

    Raises
    ------
    ResultsError
        If the file cannot be written.
    """
    try:
        file.write_text(table_text(table), encoding="utf-8", newline="\n")
    except OSError as error:
        raise ResultsError(f"cannot write '{file}': {error.strerror or error}") from error


def table_text(table: pd.DataFrame) -> str:
    """Return a table as :func:`write_table` writes it."""
    text: str = table.to_csv(
        index=False, na_rep=NOT_APPLICABLE, float_format=_FLOAT_FORMAT, lineterminator="\n"
    )
    return text


def read_table(file: Path, columns: Mapping[str, str]) -> pd.DataFrame:
    """Read a table that :func:`write_table` wrote.

    Raises
    ------
    ResultsError
        If the file is missing or has other columns.
    """
    try:
        table = pd.read_csv(
            file, dtype=dict(columns), na_values=[NOT_APPLICABLE], keep_default_na=False
        )
    except OSError as error:
        raise ResultsError(
            f"cannot read '{file}' ({error.strerror}); run the study first"
        ) from error
    except (ValueError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise ResultsError(f"'{file}' is damaged ({reason}); run the study again") from error
    if list(table.columns) != list(columns):
        raise ResultsError(
            f"'{file}' has other columns than this version writes; run the study again"
        )
    return table

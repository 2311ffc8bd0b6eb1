"""Columns of the bench's tables, declared once."""

from collections.abc import Mapping

_ENDING: Mapping[str, str] = {
    "peak_memory_mb": "Float64",
    "versions": "string",
    "status": "string",
    "reason": "string",
}

#: Columns of ``nuts.csv``, a row per sampler.
NUTS_COLUMNS: Mapping[str, str] = {
    "sampler": "string",
    "program": "string",
    "n_rows": "Int64",
    "n_chains": "Int64",
    "n_warmup": "Int64",
    "n_draws": "Int64",
    "n_repeats": "Int64",
    "cold_time_s": "Float64",
    "warm_time_s": "Float64",
    "warm_time_min_s": "Float64",
    "warm_time_max_s": "Float64",
    "ess_bulk_min": "Float64",
    "ess_per_s": "Float64",
    "r_hat_max": "Float64",
    "mean_error_mcse_max": "Float64",
    "warm_time_ratio": "Float64",
    "cold_time_ratio": "Float64",
    "ess_per_s_ratio": "Float64",
    **_ENDING,
}

#: Columns of ``minibatch.csv``, a row per method and seed.
MINIBATCH_COLUMNS: Mapping[str, str] = {
    "method": "string",
    "variant": "string",
    "program": "string",
    "replicate": "Int64",
    "n_rows": "Int64",
    "cold_time_s": "Float64",
    "warm_time_s": "Float64",
    "fit_time_s": "Float64",
    "time_to_tenth_sd_s": "Float64",
    "mean_error_sd_max": "Float64",
    "mean_error_sd_rms": "Float64",
    "sd_ratio_min": "Float64",
    "sd_ratio_max": "Float64",
    **_ENDING,
}

#: Columns of ``scaling.csv``, a row per method and number of rows.
SCALING_COLUMNS: Mapping[str, str] = {
    "method": "string",
    "program": "string",
    "n_rows": "Int64",
    "n_repeats": "Int64",
    "fit_time_s": "Float64",
    "total_time_s": "Float64",
    "peak_memory_mb": "Float64",
    "status": "string",
    "reason": "string",
}

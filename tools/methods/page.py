"""The page of ``tools.methods``: a table for each posterior."""

from pathlib import Path

import numpy as np
import pandas as pd

from tools.pages import markdown

README = """# Every method on posteriors of known moments

`python -m tools.methods` wrote this page from [fits.csv](fits.csv). Each method has its default
options, except that it gives {n_draws:,} draws (NUTS, nutpie and `moved`: as many as they give by
default), and is run with {n_seeds} seeds. Means and sds are compared on the unconstrained scale,
where closed forms or quadrature give the true ones (`tools/verdicts/posteriors.py`).

- *Mean error* is the largest error of a mean over parameters, in posterior sds; *sd ratio* is the
  least and the largest ratio of an sd to the true one; *correlation error* is the largest over
  pairs of parameters. All are the worst of the seeds. {n_draws:,} exact draws would have errors of
  about 0.03 in a mean, 0.02 in an sd ratio and 0.04 in a correlation.
- *Gradients* and *time* are medians over seeds, on a busy machine.
- *Failures* counts seeds without a fit. *Warned* counts fits with a warning; `reweighted`, `moved`
  and `pathfinder_mixture` always have one, which says what their draws are worth or come from.

{tables}
{reasons}
"""


def write(rows: pd.DataFrame, to: Path, *, n_seeds: int, n_draws: int) -> None:
    """Write the rows as CSV, and the page."""
    to.mkdir(parents=True, exist_ok=True)
    for column in ("failure", "warnings", "mean_error", "correlation_error", "gradients"):
        if column not in rows:
            rows[column] = np.nan
    rows.to_csv(to / "fits.csv", index=False, float_format="%.5g")
    tables = [
        f"## {name}, d = {group['d'].iloc[0]}\n\n" + markdown(_table(group)) + "\n"
        for name, group in rows.groupby("posterior", sort=False)
    ]
    text = README.format(
        n_seeds=n_seeds, n_draws=n_draws, tables="\n".join(tables), reasons=_reasons(rows)
    )
    (to / "README.md").write_text(text, encoding="utf-8")


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each method."""
    return pd.DataFrame(
        [
            {
                "method": method,
                "mean error": group["mean_error"].max(),
                "sd ratio, least": group["sd_ratio_min"].min(),
                "sd ratio, largest": group["sd_ratio_max"].max(),
                "correlation error": group["correlation_error"].max(),
                "gradients": group["gradients"].median(),
                "time (s)": group["time_s"].median(),
                "failures": int(group["failure"].notna().sum()),
                "warned": int((group["warnings"].fillna("") != "").sum()),
            }
            for method, group in rows.groupby("method", sort=False)
        ]
    )


def _reasons(rows: pd.DataFrame) -> str:
    """Return the reason of each failure, once for each posterior and method."""
    failed = rows[rows["failure"].notna()].drop_duplicates(["posterior", "method"])
    if failed.empty:
        return ""
    lines = [f"- {row.method} on {row.posterior}: {row.failure}" for row in failed.itertuples()]
    return "\n".join(["## Failures", "", *lines])

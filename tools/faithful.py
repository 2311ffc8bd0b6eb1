"""How many kinds of eruption: ``python -m tools.faithful [--scale small]``.

Runs ``studies/faithful.toml``, or takes its fits from the store, and adds to its results what needs
the density of single rows: leave-one-out cross-validation by K and posterior predictive checks.
With ``--again`` the page is made anew from its saved tables.
"""

import argparse
import json
from pathlib import Path

import arviz
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from xarray import DataTree

import harness
from harness.data.dataset import Dataset
from harness.data.stan_json import read_stan_json
from harness.plot import CaptionedFigure, figure_files
from harness.plot.style import BLACK, SKY, house_style, make_figure
from harness.results.columns import table_text

Floats = NDArray[np.float64]

STUDY, DATA = Path("studies/faithful.toml"), Path("studies/faithful.json")
#: So many draws are enough for both.
N_DRAWS, N_SHOWN = 2000, 60
#: Between both kinds of eruption, in minutes.
_BETWEEN = 3.0


def standardised(y: Floats) -> Floats:
    """Return rows as the program sees them."""
    z: Floats = (y - y.mean(0)) / y.std(0, ddof=1)
    return z


def thinned(draws: DataTree) -> dict[str, Floats]:
    """Return some draws of each variable, chains after one another."""
    posterior = draws["posterior"].dataset
    every = {
        str(name): values.to_numpy().reshape(-1, *values.shape[2:])
        for name, values in posterior.items()
    }
    return {name: values[:: max(1, len(values) // N_DRAWS)] for name, values in every.items()}


def log_likelihood(z: Floats, draws: dict[str, Floats]) -> Floats:
    """Return the log density of each standardised row by draw, shape (draws, rows)."""
    mu, sigma, rho, pi = (draws[name] for name in ("mu", "sigma", "rho", "pi"))
    error = (z - mu[:, :, None, :]) / sigma[:, :, None, :]
    a, b = error[..., 0], error[..., 1]
    left = 1 - rho[..., None] ** 2
    square = (a**2 - 2 * rho[..., None] * a * b + b**2) / left
    scale = np.log(2 * np.pi) + np.log(sigma).sum(-1)[..., None] + np.log(left) / 2
    total: Floats = np.logaddexp.reduce(np.log(pi)[..., None] - square / 2 - scale, axis=1)
    return total


def replicated(draws: dict[str, Floats], n: int, rng: np.random.Generator) -> Floats:
    """Draw n standardised rows from each draw, shape (draws, n, 2)."""
    pi = draws["pi"]
    label = (rng.random((len(pi), n, 1)) > np.cumsum(pi, 1)[:, None, :]).sum(-1)
    label = np.minimum(label, pi.shape[1] - 1)
    at = np.arange(len(pi))[:, None]
    mu, sigma, rho = draws["mu"][at, label], draws["sigma"][at, label], draws["rho"][at, label]
    first, other = rng.standard_normal((2, len(pi), n))
    second = rho * first + np.sqrt(1 - rho**2) * other
    rows: Floats = mu + sigma * np.stack([first, second], axis=-1)
    return rows


def statistics_of(y: Floats) -> dict[str, Floats]:
    """Return what is checked, of data of shape (..., rows, 2) in minutes."""
    x, w = y[..., 0], y[..., 1]
    short = x < _BETWEEN
    centred = x - x.mean(-1, keepdims=True), w - w.mean(-1, keepdims=True)
    products = (centred[0] * centred[1]).mean(-1)

    def mean_of(values: Floats, which: NDArray[np.bool_]) -> Floats:
        n = np.maximum(which.sum(-1), 1)
        return np.asarray((values * which).sum(-1) / n)

    return {
        "share of eruptions below 3 minutes": short.mean(-1),
        "mean wait after these (minutes)": mean_of(w, short),
        "mean wait after the others (minutes)": mean_of(w, ~short),
        "correlation of eruption and wait": products / (x.std(-1) * w.std(-1)),
        "share of eruptions of 2.5 to 3.5 minutes": ((x > 2.5) & (x < 3.5)).mean(-1),
        "shortest eruption (minutes)": x.min(-1),
        "longest wait (minutes)": w.max(-1),
    }


def checks_of(k: int, y: Floats, copies: Floats) -> list[dict[str, object]]:
    """Return each statistic of the data beside those of replicated data."""
    observed, drawn = statistics_of(y), statistics_of(copies)
    rows: list[dict[str, object]] = []
    for name, value in observed.items():
        low, middle, high = np.quantile(drawn[name], [0.05, 0.5, 0.95])
        above = (drawn[name] > value).mean() + (drawn[name] == value).mean() / 2
        rows.append(
            {"K": k, "statistic": name, "observed": float(value), "q5": low, "q50": middle,
             "q95": high, "p_above": above}
        )  # fmt: skip
    return rows


def predictive_figure(y: Floats, copies: dict[int, Floats]) -> CaptionedFigure:
    """Draw the distribution of waits and eruptions beside replicated ones, a panel for each K."""
    with house_style():
        figure = make_figure(dataset="", height_in=4.2)
        panels = figure.subplots(2, len(copies), sharex="row", sharey="row", squeeze=False)
        for column, (k, drawn) in enumerate(copies.items()):
            for j, name in enumerate(("eruption (minutes)", "wait (minutes)")):
                axes = panels[j, column]
                bins = np.linspace(y[:, j].min() - y[:, j].std(), y[:, j].max() + y[:, j].std(), 28)
                for copy in drawn[:N_SHOWN]:
                    axes.hist(copy[:, j], bins, histtype="step", color=SKY, alpha=0.25, lw=0.6)
                axes.hist(y[:, j], bins, histtype="step", color=BLACK, lw=1.2)
                axes.set_xlabel(name)
                if column == 0:
                    axes.set_ylabel("eruptions")
            panels[0, column].set_title(f"K = {k}")
        figure.caption = (
            f"Posterior predictive check: histograms of the 272 eruptions (black) and of {N_SHOWN} "
            "data sets of as many rows, drawn from the posterior (blue), by number of components."
        )
        figure.alt = (
            "Histograms of eruption time and wait beside replicated ones for "
            + ", ".join(f"K = {k}" for k in copies)
            + ". One component fills the gap between both kinds of eruption; two leave it."
        )
    return figure


def main() -> None:
    """Run the study, and write ``loo.csv``, ``checks.csv``, a figure and a page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", default="full")
    parser.add_argument("--out", type=Path, default=Path("results/faithful"))
    parser.add_argument("--again", action="store_true", help="only the page, from saved tables")
    arguments = parser.parse_args()
    if arguments.again:
        return write_page(arguments.out)
    result = harness.run_study(STUDY, scale=arguments.scale)
    y = np.asarray((read_stan_json(DATA))["y"], dtype=float)
    loo, checks, copies = {}, [], {}
    for name, dataset in result.study.datasets.items():
        k = components(dataset)
        draws = thinned(result.fits[f"{name} / NUTS reference"])
        rows = log_likelihood(standardised(y), draws)
        tree = arviz.from_dict(
            {
                "posterior": {"pi": draws["pi"][None]},
                "log_likelihood": {"y": rows[None]},
            }
        )
        loo[k] = arviz.loo(tree, pointwise=True)
        drawn = replicated(draws, len(y), np.random.default_rng([13, k]))
        copies[k] = drawn * y.std(0, ddof=1) + y.mean(0)
        checks += checks_of(k, y, copies[k])
    return write(arguments.out, loo_table(loo), pd.DataFrame(checks), predictive_figure(y, copies))


def components(dataset: Dataset) -> int:
    """Return the number of components that a data set asks for."""
    return int(np.asarray((dataset.variables or {})["K"]))


def loo_table(loo: dict[int, arviz.ELPDData]) -> pd.DataFrame:
    """Return the expected log density of a left-out row by K, with what the best has more."""
    pointwise = {k: np.asarray(item.elpd_i) for k, item in loo.items()}
    best = max(loo, key=lambda k: loo[k].elpd)
    rows = []
    for k, item in loo.items():
        less = pointwise[best] - pointwise[k]
        rows.append(
            {
                "K": k,
                "elpd": item.elpd,
                "elpd_se": item.se,
                "p_loo": item.p,
                "below_best": less.sum(),
                "below_best_se": np.sqrt(len(less) * less.var(ddof=1)),
                "n_k_hat_above": int((np.asarray(item.pareto_k) > item.good_k).sum()),
            }
        )
    return pd.DataFrame(rows)


def write(out: Path, loo: pd.DataFrame, checks: pd.DataFrame, figure: CaptionedFigure) -> None:
    """Write tables, figure and a page beside the study's report."""
    (out / "predictive").mkdir(parents=True, exist_ok=True)
    (out / "loo.csv").write_text(table_text(loo), encoding="utf-8")
    (out / "checks.csv").write_text(table_text(checks), encoding="utf-8")
    for name, content in figure_files({"predictive": figure}).items():
        (out / "predictive" / name).write_bytes(content)
    write_page(out)


def write_page(out: Path) -> None:
    """Write the page from the tables and the figure beside it."""
    loo, checks = pd.read_csv(out / "loo.csv"), pd.read_csv(out / "checks.csv")
    figure = json.loads((out / "predictive" / "captions.json").read_text(encoding="utf-8"))[0]
    page = f"""# Old Faithful: how many kinds of eruption?

`python -m tools.faithful` adds this page to the [report](report.md) on which method may be
trusted; both use the same fits.

## Leave one out, by K

{_loo_markdown(loo)}

*elpd* is the sum over the 272 rows of the log density of a (standardised) row given all others, by
Pareto-smoothed importance sampling of the NUTS reference. *Below the best* is how much less that is
than for the best K. ± precedes standard errors, *p_loo* is the effective number of parameters, and
the last column counts the rows for which the smoothing is not reliable. Data: [loo.csv](loo.csv).

## Do data from the posterior look like these?

{_checks_markdown(checks)}

Statistics of the 272 eruptions beside those of data sets drawn from the posterior: their median,
the range from their 5% to their 95% quantile, and the share that is larger than that of the data. A
share near 0% or 100% says that the model does not make such data. Data: [checks.csv](checks.csv).

![{figure["alt"]}](predictive/predictive.png)

*{figure["caption"]}*
"""
    (out / "README.md").write_text(page, encoding="utf-8")


def _loo_markdown(loo: pd.DataFrame) -> str:
    """Return the cross-validation as a reader wants it."""
    rows = [
        {
            "K": str(row["K"]),
            "elpd": f"{row['elpd']:.0f} ± {row['elpd_se']:.0f}",
            "below the best": f"{row['below_best']:.0f} ± {row['below_best_se']:.0f}"
            if row["below_best"]
            else "0",
            "p_loo": f"{row['p_loo']:.1f}",
            "unreliable rows": str(row["n_k_hat_above"]),
        }
        for _, row in loo.astype(object).iterrows()
    ]
    return pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)


def _checks_markdown(checks: pd.DataFrame) -> str:
    """Return the predictive checks as a reader wants them."""
    rows = [
        {
            "K": str(row["K"]),
            "statistic": row["statistic"],
            "data": f"{row['observed']:.3g}",
            "from the posterior": f"{row['q50']:.3g} [{row['q5']:.3g} to {row['q95']:.3g}]",
            "larger": f"{row['p_above']:.1%}",
        }
        for _, row in checks.iterrows()
    ]
    return pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)


if __name__ == "__main__":
    main()

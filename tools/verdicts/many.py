"""More than 1,000 parameters: what harness fit has before NUTS, and whether it is right.

python -m tools.verdicts.many [--seeds 10] [--only NAME...] [--out results/verdicts] [--page]

Seeds that have counts are not counted again.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tabulate import tabulate

from harness.evidence.cascade import Cascade
from harness.methods.density import open_density
from harness.program.log_density import Density
from tools.verdicts.counting import Count, Counter, nuts_count, problem_of
from tools.verdicts.files import read_counts, write_counts
from tools.verdicts.many_models import makers
from tools.verdicts.pages import is_good

_INTRODUCTION = """\
# More than 1,000 parameters, counted

`python -m tools.verdicts.many` makes this page and `many.csv`. The posteriors have moments that are
known by a closed form or by quadrature (`many_models.py` in `tools/verdicts`). *Right* means that
every mean is within 0.3 sd and every sd within a factor of 1.25 on the unconstrained scale. Counted
are the best draws that `harness fit` has before NUTS. *Cost* is that of all that was tried until
then, in gradients of NUTS at its defaults where these were counted (`--without-nuts` leaves them
out).
"""


def main() -> None:
    """Count, one posterior after the other, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="posteriors to look at")
    parser.add_argument("--out", type=Path, default=Path("results/verdicts"))
    parser.add_argument(
        "--without-nuts", action="store_true", help="where NUTS has no count, costs stay unknown"
    )
    parser.add_argument("--page", action="store_true", help="only write the page again")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    file = arguments.out / "many.csv"
    rows = read_counts(file) if file.is_file() else []
    for make in [] if arguments.page else makers():
        posterior = make()
        if arguments.only and posterior.name not in arguments.only:
            continue
        problem = problem_of(posterior)
        with open_density(problem) as density, np.errstate(all="ignore"):
            own = [row for row in rows if row.posterior == posterior.name]
            if not (arguments.without_nuts or any(row.draws == "NUTS" for row in own)):
                own.append(nuts_count(posterior, problem, density))
                rows.append(own[-1])
            known = [row.nuts_gradients for row in own if row.draws == "NUTS"]
            counter = Counter(posterior, density, *(known or [0]))
            for row in _cascades(counter, density, own, n_seeds=arguments.seeds):
                rows.append(row)
                write_counts(file, rows)
        print(posterior.name, flush=True)
    (arguments.out / "many.md").write_text(_page(rows), encoding="utf-8")


def _cascades(
    counter: Counter, density: Density, earlier: Sequence[Count], *, n_seeds: int
) -> Iterator[Count]:
    """Count what there is before NUTS, of each seed that has no count."""
    done = {row.seed for row in earlier if row.draws == "cascade"}
    for seed in sorted(set(range(1, 1 + n_seeds)) - done):
        cascade = Cascade(density, seed=seed)
        cascade.run()
        yield counter.before_nuts(seed, cascade.answer, cascade.target.spent.in_gradients)


def _page(rows: Sequence[Count]) -> str:
    """Return the page in Markdown."""
    table = []
    for name in dict.fromkeys(row.posterior for row in rows):
        own = [row for row in rows if row.posterior == name and row.draws == "cascade"]
        nuts = next((r for r in rows if r.posterior == name and r.draws == "NUTS"), None)
        good = [row for row in own if is_good(row)]
        gradients = np.array([row.gradients for row in own])
        costs = gradients / nuts.nuts_gradients if nuts else np.full(len(own), np.nan)
        table.append(
            {
                "posterior": name,
                "parameters": own[0].d,
                "seeds": len(own),
                "trusted without NUTS": len(good),
                "of them wrong": sum(not row.is_right for row in good),
                "largest mean error, sds": _largest(row.mean_error_sd for row in good),
                "largest log sd ratio": _largest(row.log_sd_ratio for row in good),
                "median gradients": f"{np.median(gradients):,.0f}",
                "median cost": f"{np.median(costs):.3f}" if nuts else "not known",
                "largest cost": f"{max(costs):.3f}" if nuts else "not known",
                "NUTS at its defaults": f"{nuts.verdict}, {'right' if nuts.is_right else 'wrong'}"
                if nuts
                else "not run",
                "its gradients": f"{nuts.nuts_gradients:,}" if nuts else "",
            }
        )
    return f"{_INTRODUCTION}\n{tabulate(table, headers='keys', tablefmt='github')}\n"


def _largest(values: Iterator[float]) -> str:
    known = list(values)
    return f"{max(known):.2f}" if known else "-"


if __name__ == "__main__":
    main()

"""Count, and write the counts and their page."""

import argparse
from pathlib import Path

from tools.verdicts.counting import counts, counts_again
from tools.verdicts.files import read_counts, write_counts
from tools.verdicts.pages import page
from tools.verdicts.posteriors import makers


def main() -> None:
    """Count the posteriors that have no counts yet, one after the other, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--wrong", type=int, default=3, help="seeds of wrong starts")
    parser.add_argument(
        "--part", default="1/1", help="as 1/2: every second posterior, beside others"
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="posteriors to look at")
    parser.add_argument(
        "--again",
        action="store_true",
        help="harness fit anew where it was counted, beside the approximations that are there",
    )
    parser.add_argument("--out", type=Path, default=Path("results/verdicts"))
    parser.add_argument("--page", action="store_true", help="only write the page again")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    file = arguments.out / "counts.csv"
    rows = read_counts(file) if file.is_file() else []
    part, n_parts = map(int, arguments.part.split("/"))
    for make in [] if arguments.page else makers()[part - 1 :: n_parts]:
        posterior = make()
        if arguments.only and posterior.name not in arguments.only:
            continue
        earlier = [row for row in rows if row.posterior == posterior.name]
        sizes = {"n_seeds": arguments.seeds, "n_wrong": arguments.wrong}
        if earlier and arguments.again:
            new = list(counts_again(posterior, earlier, **sizes))
        elif not earlier:
            new = list(counts(posterior, **sizes))
        else:
            continue
        rows = [row for row in rows if row.posterior != posterior.name] + new
        write_counts(file, rows)
        print(posterior.name, flush=True)
    (arguments.out / "README.md").write_text(page(rows), encoding="utf-8")


if __name__ == "__main__":
    main()

"""The HTML report: what Markdown says, numbers that are the tables', and nothing from elsewhere."""

import base64
import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.report import write_report
from harness.report.render import inline_html
from harness.results.columns import (
    COMPARISON_COLUMNS,
    FITS_COLUMNS,
    STABILITY_COLUMNS,
    read_table,
)
from harness.study.published import PublishedError, parse_published
from harness.verdict.outcome import SEVERITY
from tests.fabricated import CELLS, ORDERED_NUTS
from tests.html_page import Element, read_page, table_heads, table_rows
from tests.saved_report import PUBLISHED, REPLICATED, SINGLE, parse_markdown, write_results

KEYS = {
    **{head: key[:3] for head, key in SINGLE.items()},
    **{head: ("plain", "subsample_advi", variant) for head, variant in REPLICATED.items()},
    "NUTS (plain)": ("plain", "nuts", "default"),
    "Laplace": ("plain", "laplace", "default"),
    "subsample ADVI weighted": ("plain", "subsample_advi", "weighted"),
    "subsample ADVI unweighted": ("plain", "subsample_advi", "unweighted"),
}
#: Tables whose cells are medians over the rows of ``fits.csv``.
OF_FITS = {
    "cost": {
        "compile (s)": "compile_time_s",
        "adapt (s)": "adapt_time_s",
        "run (s)": "run_time_s",
        "fit (s)": "fit_time_s",
        "gradients": "n_gradients",
        "row gradients": "n_row_gradients",
        "ESS": "ess",
        "ESS per s": "ess_per_s",
        "ESS per gradient": "ess_per_gradient",
    },
    "joint": {
        "Mahalanobis": "mahalanobis",
        "log eigenvalue, low": "log_eigenvalue_low",
        "log eigenvalue, high": "log_eigenvalue_high",
        "energy distance": "energy_distance",
        "MMD²": "mmd",
        "sliced Wasserstein": "sliced_wasserstein",
        "C2ST accuracy": "c2st_accuracy",
        "C2ST null": "c2st_null_upper",
        "missed mass": "missed_mass",
        "KSD (null)": "ksd",
    },
    "weights": {
        "k-hat": "k_hat",
        "standard error": "k_hat_mcse",
        "draws scored": "n_scores",
        "limit": "k_hat_threshold",
        "effective draws": "n_effective",
    },
    "labels": {
        "largest R-hat, raw": "r_hat_max_raw",
        "relabelled": "r_hat_max_relabelled",
        "label-invariant": "r_hat_max_invariant",
        "label orders visited": "n_label_orders",
    },
    "modes": {"label orders visited": "n_label_orders"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    write_results(folder, figures=True, reference=ORDERED_NUTS)
    write_report(folder, published=PUBLISHED)
    return folder


@pytest.fixture(scope="module")
def page(folder: Path) -> Element:
    return read_page((folder / "report.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def fits(folder: Path) -> pd.DataFrame:
    return read_table(folder / "fits.csv", FITS_COLUMNS)


def of_series(table: pd.DataFrame, head: str) -> pd.DataFrame:
    identity = ["program", "method", "variant"]
    return table[(table[identity] == pd.Series(KEYS[head], index=identity)).all(axis=1)]


def value(cell: Element) -> float:
    """The number behind a cell; NaN where it shows none."""
    return float(cell.attributes.get("data-value", "nan"))


def test_the_page_holds_all_it_needs(folder: Path, page: Element) -> None:
    for element in page:
        for name in ("src", "srcset", "href", "data", "action", "poster"):
            link = element.attributes.get(name, "")
            assert not re.match(r"(https?:)?//", link), link
        assert (element.tag == "script") <= ("src" not in element.attributes)
    assert "url(" not in page.all("style")[0].text
    assert "@import" not in page.all("style")[0].text
    policy = [item for item in page.all("meta") if "http-equiv" in item.attributes]
    assert policy[0].attributes["content"].startswith("default-src 'none'; img-src data:")
    words = {
        item["name"]: item for item in json.loads((folder / "figures/captions.json").read_text())
    }
    images = page.all("img")
    assert len(images) == len(words)
    shown = set()
    for image in images:
        kind, _, content = image.attributes["src"].partition(";base64,")
        files = list((folder / "figures").glob("*.svg" if "svg" in kind else "*.png"))
        name = next(f.stem for f in files if f.read_bytes() == base64.b64decode(content))
        assert image.attributes["alt"] == words[name]["alt"]
        shown.add(name)
    assert shown == words.keys()


def test_light_figures_are_vectors(folder: Path, page: Element) -> None:
    vectors = list((folder / "figures").glob("*.svg"))
    assert vectors
    assert all(file.stat().st_size <= 150_000 for file in vectors)
    sources = [image.attributes["src"] for image in page.all("img")]
    assert sum(src.startswith("data:image/svg+xml") for src in sources) == len(vectors)


def test_every_markdown_table_stands_in_the_page(folder: Path, page: Element) -> None:
    files = sorted((folder / "tables").glob("*_toy.md"))
    assert len(files) == 14
    for file in files:
        kind = file.stem.removesuffix("_toy")
        names = [f"table-more-{kind}-toy", f"table-{kind}-toy"]
        ids = [item.attributes.get("id") for item in page.all("table")]
        table = page.by_id(next(name for name in names if name in ids))
        expected = parse_markdown(file)
        assert table_heads(table) == list(expected.columns)
        rows = table_rows(table)
        for cells, (_, row) in zip(rows, expected.iterrows(), strict=True):
            shown = [re.sub("^[✓◐?✗] ", "", cell.line) for cell in cells]
            wanted = [re.sub("^[✓◐?✗] ", "", str(text).replace("\\|", "|")) for text in row]
            assert shown[1:] == wanted[1:]
            assert wanted[0] in {"", shown[0]}


def test_a_text_is_its_number_rounded(page: Element) -> None:
    cells = [item for item in page.all("td") if "data-value" in item.attributes]
    assert len(cells) > 1000
    for cell in cells:
        found = re.match(r"-?\d+(\.\d+)?(e[+-]\d+)?", cell.line)
        assert found is not None
        text, exact = found[0], value(cell)
        decimals = len(text.partition(".")[2])
        tolerance = 0.0051 * abs(exact) if "e" in text else 0.5000001 * 10.0**-decimals
        assert abs(float(text) - exact) <= tolerance, (cell.line, exact)


@pytest.mark.parametrize("kind", OF_FITS)
def test_numbers_of_fits_are_those_of_the_csv(page: Element, fits: pd.DataFrame, kind: str) -> None:
    table = page.by_id(f"table-{kind}-toy")
    heads = table_heads(table)
    n_numbers = 0
    rows = table_rows(table)
    for cells in rows:
        mine = of_series(fits[fits["status"] == "ok"], cells[0].line)
        for head, cell in zip(heads, cells, strict=True):
            if head in OF_FITS[kind]:
                numbers = mine[OF_FITS[kind][head]].dropna().astype(float)
                np.testing.assert_allclose(value(cell), numbers.median(), rtol=1e-12)
                n_numbers += not numbers.empty
    assert n_numbers >= min(9, len(rows))


def test_runs_are_those_of_the_csv(page: Element, fits: pd.DataFrame) -> None:
    table = page.by_id("table-runs-toy")
    heads = table_heads(table)
    rows = table_rows(table)[: len(fits)]
    columns = {"rows": "n_rows", "weight": "likelihood_weight", "fit (s)": "fit_time_s"}
    for head, column in {**columns, "ELBO": "elbo"}.items():
        shown = [value(row[heads.index(head)]) for row in rows]
        np.testing.assert_array_equal(shown, fits[column].to_numpy(dtype=float, na_value=np.nan))
    assert {"NUTS default"} < {row[0].line for row in rows}


def test_estimates_are_those_of_the_csv(folder: Path, page: Element) -> None:
    comparison = read_table(folder / "comparison.csv", COMPARISON_COLUMNS)
    table = page.by_id("table-estimates-toy")
    names = table_heads(table)[1:]
    n_rows = 0
    for cells in table_rows(table):
        if (head := cells[0].line) not in KEYS:
            continue
        labels = "raw" if "raw" in head else "relabelled"
        mine = of_series(comparison, head)
        means = mine[mine["labels"] == labels].groupby("parameter")["mean"].mean().astype(float)
        np.testing.assert_allclose([value(cell) for cell in cells[1:]], means[names], rtol=1e-12)
        n_rows += 1
    assert n_rows == len(SINGLE) + len(REPLICATED) + 1


def test_diagnostics_are_those_of_the_csv(folder: Path, page: Element) -> None:
    comparison = read_table(folder / "comparison.csv", COMPARISON_COLUMNS)
    table = page.by_id("table-diagnostics-toy")
    names = table_heads(table)[2:]
    columns = {"R-hat": "r_hat", "ESS bulk": "ess_bulk", "ESS tail": "ess_tail"}
    seen = set()
    for cells in table_rows(table):
        head, title = cells[0].line, cells[1].line
        if head in SINGLE and title in columns:
            rows = of_series(comparison, head)
            rows = rows[rows["labels"] == SINGLE[head][3]].set_index("parameter")
            expected = rows[columns[title]].astype(float)[names]
            np.testing.assert_array_equal([value(cell) for cell in cells[2:]], expected)
            seen.add((head, title))
    assert len(seen) == 9


def test_errors_are_those_of_the_csv(folder: Path, page: Element) -> None:
    comparison = read_table(folder / "comparison.csv", COMPARISON_COLUMNS)
    table = page.by_id("table-more-errors-toy")
    heads = table_heads(table)
    plain = {
        "mean error ± MCSE (reference sds)": "mean_error_sd",
        "W1 (reference sds)": "w1_sd",
        "coverage of 50%": "coverage_50",
        "coverage of 90%": "coverage_90",
        "effective draws": "n_effective",
    }
    for cells in table_rows(table):
        row = dict(zip(heads, cells, strict=True))
        labels = {"PSIS-weighted": "psis", "label-invariant": "invariant"}
        mine = of_series(comparison, row["series"].line)
        draws = row["draws"].line
        mine = mine[mine["labels"] == labels.get(draws, draws)]
        mine = mine[mine["parameter"] == row["parameter"].line]
        assert not mine.empty
        for head, column in plain.items():
            expected = mine[column].dropna().astype(float).median()
            np.testing.assert_allclose(value(row[head]), expected, rtol=1e-12)
        ratio = np.median(np.exp(mine["log_sd_ratio"].dropna().astype(float)))
        np.testing.assert_allclose(value(row["sd ratio"]), ratio, rtol=1e-12)


def test_stability_is_that_of_the_csv(folder: Path, page: Element) -> None:
    stability = read_table(folder / "stability.csv", STABILITY_COLUMNS)
    table = page.by_id("table-more-stability-toy")
    heads = table_heads(table)
    for cells in table_rows(table):
        row = dict(zip(heads, cells, strict=True))
        mine = of_series(stability, row["series"].line)
        mine = mine[(mine["labels"] == row["labels"].line)]
        one = mine[mine["parameter"] == row["parameter"].line].iloc[0]
        assert value(row["ratio ± se"]) == one["between_sd_ratio"]
        assert value(row["within sd"]) == pytest.approx(one["within_variance"] ** 0.5, rel=1e-12)
        assert value(row["R-hat across runs"]) == one["r_hat_runs"]


def test_a_verdict_has_colour_symbol_text_and_a_reason_to_go_to(
    folder: Path, page: Element
) -> None:
    symbols = dict(zip(map(str, SEVERITY), "✓◕◐?✗", strict=True))
    both = [
        read_table(folder / "comparison.csv", COMPARISON_COLUMNS),
        read_table(folder / "fits.csv", FITS_COLUMNS),
    ]
    reasons = {reason for table in both for reason in table["verdict_reason"].dropna()}
    reasons |= {
        f"{name}: {reason}"
        for name, reason in both[0][["parameter", "verdict_reason"]].itertuples(index=False)
    }
    cells = [
        cell
        for cell in page.by_id("table-matrix-toy").all("td")
        if "verdict" in cell.attributes.get("class", "")
    ]
    assert len(cells) == 9 * 7 + 1  # one of the ten rows is of a run that failed
    for cell in cells:
        match = re.fullmatch(r"(.) (.+?)( \(\d of \d\))?", cell.line)
        assert match is not None
        assert symbols[match[2]] == match[1]
        assert f"v-{match[2].replace(' ', '-')}" in cell.attributes["class"].split()
        target = page.by_id(cell.all("a")[0].attributes["href"].removeprefix("#"))
        told = target.all("th", "td")[-1].line
        assert told == " ".join(cell.attributes["title"].split())
        assert re.sub(r"^#\d: ", "", told) in {" ".join(reason.split()) for reason in reasons}


def test_verdicts_of_the_matrix_are_the_worst_of_the_csv(folder: Path, page: Element) -> None:
    order = ["trust", "marginals", "means only", "unknown", "do not trust"]
    comparison = read_table(folder / "comparison.csv", COMPARISON_COLUMNS)
    table = page.by_id("table-matrix-toy")
    heads = table_heads(table)
    for cells in table_rows(table):
        title = cells[0].line.removesuffix(", the reference")
        if title not in KEYS:
            continue
        labels = "raw" if "raw" in title else "relabelled"
        mine = of_series(comparison, title)
        mine = mine[mine["labels"] == labels]
        seconds = of_series(read_table(folder / "fits.csv", FITS_COLUMNS), title)["fit_time_s"]
        assert value(cells[-2]) == pytest.approx(seconds.median(), rel=1e-12)
        # NUTS at its defaults with the same program
        (nuts,) = (
            cell.fit_time_s
            for cell in CELLS
            if (cell.program, cell.method, cell.variant) == (KEYS[title][0], "nuts", "default")
        )
        assert value(cells[-1]) == pytest.approx(nuts / seconds.median(), rel=1e-12)
        for head, cell in list(zip(heads, cells, strict=True))[2:-2]:
            worst = max(mine[mine["parameter"] == head]["verdict"], key=order.index)
            assert worst == re.sub(r"^. | \(\d of \d\)$", "", cell.line)


def test_headings_tables_and_links_are_in_order(folder: Path, page: Element) -> None:
    assert page.all("html")[0].attributes["lang"] == "en"
    levels = [int(item.tag[1]) for item in page.all("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    ids = [item.attributes["id"] for item in page if "id" in item.attributes]
    assert len(ids) == len(set(ids))
    for link in page.all("a"):
        target = link.attributes["href"]
        if target.startswith("#"):
            assert target[1:] in ids
        else:
            assert (folder / target).is_file()
    captions = []
    for table in page.all("table"):
        captions.append(table.all("caption")[0].line)
        assert all(head.attributes["scope"] == "col" for head in table.all("thead")[0].all("th"))
        heads = table.all("tbody")[0].all("th")
        assert heads
        assert all(head.attributes["scope"] in {"row", "rowgroup"} for head in heads)
    assert len(captions) == len(set(captions))
    sourceless = [item for item in captions if not re.search(r"Data: .*(csv|json)", item)]
    assert sourceless == ["Rules of the verdict", "All numbers of the page, as printed"]


def luminance(colour: str) -> float:
    digits = colour * 2 if len(colour) == 3 else colour
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_text_stands_out_from_its_ground(page: Element) -> None:
    colours = dict(re.findall(r"--([\w-]+): #(\w+)", page.all("style")[0].text))
    pairs = [(ink, ground) for ink in ("ink", "soft", "link") for ground in ("pale", "white")]
    pairs += [(f"{name}-ink", name) for name in ("trust", "means", "unknown", "no")]
    for ink, ground in pairs:
        dark, light = luminance(colours[ink]), luminance({"white": "fff", **colours}[ground])
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)


def test_texts_are_escaped(tmp_path: Path) -> None:
    write_results(tmp_path, CELLS[:2])
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["study"]["title"] = "A <script>alert('x')</script> & more"
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    write_report(tmp_path, published=None)
    text = (tmp_path / "report.html").read_text()
    assert "<script>alert" not in text
    assert read_page(text).all("h1")[0].line == manifest["study"]["title"]
    assert inline_html("`a<b` **x** [y](z.md) & c") == (
        '<code>a&lt;b</code> <strong>x</strong> <a href="z.md">y</a> &amp; c'
    )
    assert "redone" not in text


def redone(showed: str, differs: str = "", figure: str = "toy_elbo") -> dict[str, object]:
    run = {"title": "ADVI x", "dataset": "toy", "method": "advi", "elbo": -321.61}
    return {
        "source": "a page",
        "name": "page",
        "datasets": [{"name": "toy", "true_means": [[-1.0, -1.5], [1.0, 1.0]]}],
        "runs": [{**run, "parameters": {"pi[1]": {"mean": 0.1356}}}],
        "figures": [{"title": "A trace", "figure": figure, "showed": showed, "differs": differs}],
    }


def test_the_sources_figures_stand_beside_the_studys_own(folder: Path, tmp_path: Path) -> None:
    for name in ("comparison.csv", "fits.csv", "stability.csv", "manifest.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "figures").mkdir()
    for file in (folder / "figures").iterdir():
        (tmp_path / "figures" / file.name).write_bytes(file.read_bytes())
    texts = (
        "{toy | ADVI x | elbo}, {toy | ADVI x | pi[1] | mean}, {toy | true_means}",
        "{here | toy | plain | advi | default | elbo} and "
        "{here | toy | ordered | nuts | default | pi[1] | mean}",
    )
    write_report(tmp_path, published=parse_published(redone(*texts)))
    comparison = read_table(tmp_path / "comparison.csv", COMPARISON_COLUMNS)
    nuts = comparison[(comparison["program"] == "ordered") & (comparison["parameter"] == "pi[1]")]
    mean = float(nuts[nuts["labels"] == "relabelled"]["mean"].iloc[0])
    section = read_page((tmp_path / "report.html").read_text()).by_id("redone")
    assert [item.line for item in section.all("h3")] == ["A trace"]
    assert "The page. -321.61, 0.1356, (-1, -1.5) and (1, 1)" in section.text
    assert f"Here. -330.50 and {mean:.3f}" in section.text
    assert section.all("figcaption")[0].line.startswith("Figure 1. ELBO of the variational runs")
    markdown = (tmp_path / "report.md").read_text()
    assert "## The page, repeated" in markdown
    assert "**A trace.** The page: -321.61" in markdown
    assert markdown.count("toy_elbo.png") == 1
    assert "See above, in “The page, repeated”: figure 1." in markdown


@pytest.mark.parametrize(
    "place",
    [
        "toy | ADVI | elbo",
        "toy | ADVI x | r_hat",
        "toy | class_shares",
        "here | toy | plain | advi | none | elbo",
        "here | toy | plain | advi | default | nonsense",
        "here | toy",
    ],
)
def test_a_number_that_is_not_there_is_one_line(folder: Path, place: str) -> None:
    with pytest.raises(PublishedError, match="toy") as caught:
        write_report(folder, published=parse_published(redone(f"{{{place}}}")))
    assert place in str(caught.value)
    assert "\n" not in str(caught.value)

"""Published numbers: the notebook's file, and refusals of files that are wrong."""

import re
from pathlib import Path
from typing import Any

import pytest

from harness.errors import HarnessError
from harness.study.published import PublishedError, parse_published, read_published

NOTEBOOK = Path(__file__).parent.parent / "studies" / "notebook_published.toml"

MINIMAL: dict[str, Any] = {"source": "a page", "name": "page"}


def run(**changes: Any) -> dict[str, Any]:
    return {"title": "NUTS", "dataset": "small", "method": "nuts", **changes}


def test_the_notebooks_nuts_table_is_as_printed() -> None:
    nuts = read_published(NOTEBOOK).runs_on("small")[0]
    printed = """
    mu[1,1] 0.013 0.826 -1.170 1.047 0.563 0.007 3.0 102.0 1.83
    mu[1,2] -0.253 1.269 -1.932 1.230 0.878 0.007 3.0 64.0 1.83
    mu[2,1] 0.003 0.845 -1.217 1.021 0.576 0.006 3.0 109.0 1.83
    mu[2,2] -0.253 1.272 -2.002 1.196 0.881 0.006 3.0 74.0 1.83
    pi[1] 0.501 0.364 0.079 0.927 0.255 0.001 3.0 86.0 1.83
    pi[2] 0.499 0.364 0.073 0.921 0.255 0.001 3.0 86.0 1.83
    """
    table = {
        name: (
            item.mean, item.sd, item.hdi_3, item.hdi_97, item.mcse_mean, item.mcse_sd,
            item.ess_bulk, item.ess_tail, item.r_hat,
        )
        for name, item in nuts.parameters.items()
    }  # fmt: skip
    lines = [line.split() for line in printed.strip().splitlines()]
    assert table == {name: tuple(map(float, values)) for name, *values in lines}
    assert nuts.labels == "raw"
    assert nuts.fit_time_s == 2


def test_losses_stand_as_elbos_with_their_sign_turned() -> None:
    published = read_published(NOTEBOOK)
    elbos = {(run.dataset, run.title): run.elbo for run in published.runs if run.elbo is not None}
    assert elbos == {
        ("small", "ADVI default"): -348.84,
        ("small", "ADVI adagrad"): -321.61,
        ("large", "mini-batch ADVI"): -665.12,
    }
    mini_batch = published.runs_on("large")[1]
    assert (mini_batch.n_rows, mini_batch.likelihood_weight) == (200, 1.0)


def test_what_the_notebook_does_not_print_is_absent() -> None:
    published = read_published(NOTEBOOK)
    small = {run.title: run for run in published.runs_on("small")}
    assert small["ADVI default"].parameters == {}
    assert small["ADVI adagrad"].parameters["pi[1]"].sd is None
    assert small["ADVI adagrad"].parameters["mu[1,1]"].r_hat is None
    assert small["ADVI adagrad"].fit_time_s is None
    assert all(run.parameters == {} for run in published.runs_on("large"))


def test_variances_agree_with_sds() -> None:
    published = read_published(NOTEBOOK)
    summaries = [item for run in published.runs for item in run.parameters.values()]
    both = [(item.sd, item.variance) for item in summaries if item.variance is not None]
    assert len(both) == 5
    for sd, variance in both:
        assert sd is not None
        assert variance == pytest.approx(sd**2, rel=1e-6)


def test_every_number_of_the_file_stands_in_the_notebook() -> None:
    notebook = Path(__file__).parent / "data" / "notebook_numbers.txt"
    known = set(notebook.read_text().split())
    text = NOTEBOOK.read_text()
    figures = re.findall(r"(?:mean|sd|variance|hdi_3|hdi_97|mcse_\w+|ess_\w+) = (-?[\d.]+)", text)
    assert len(figures) == 6 * 8 + 4 * 2 + 2 + 6 + 5 * 3
    assert [number for number in figures if number not in known] == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"source": "a page"}, "'name' is missing"),
        ({**MINIMAL, "sauce": "x"}, "'sauce'"),
        ({**MINIMAL, "runs": [run(elbo="many")]}, "'runs.0.elbo'"),
        ({**MINIMAL, "runs": [run(elbo=float("nan"))]}, "'runs.0.elbo'"),
        ({**MINIMAL, "runs": [run(fit_time_s=-1.0)]}, "greater than 0"),
        ({**MINIMAL, "runs": [run(labels="sorted")]}, "'raw' or 'relabelled'"),
        ({**MINIMAL, "runs": [run(parameters={"mu": {"mean": True}})]}, "parameters.mu.mean"),
        ({**MINIMAL, "runs": [run(parameters={"mu": {"men": 1.0}})]}, "parameters.mu.men"),
    ],
)
def test_bad_content_is_refused_in_one_line(content: dict[str, Any], message: str) -> None:
    with pytest.raises(PublishedError, match=re.escape(message)) as caught:
        parse_published(content)
    assert "\n" not in str(caught.value)


def test_an_unknown_data_set_is_refused_with_the_nearest() -> None:
    published = parse_published({**MINIMAL, "runs": [run(dataset="smal")]})
    published.check_datasets(["smal"])
    with pytest.raises(PublishedError, match="'small'"):
        published.check_datasets(["small", "large"])


def test_files_that_are_missing_or_not_toml_are_named(tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    with pytest.raises(HarnessError, match=re.escape(str(missing))):
        read_published(missing)
    broken = tmp_path / "broken.toml"
    broken.write_text("source = ")
    with pytest.raises(HarnessError, match=r"broken\.toml'"):
        read_published(broken)
    broken.write_text('source = "a page"\n')
    with pytest.raises(HarnessError, match="'name'"):
        read_published(broken)

"""``harness list`` names all that there is, whatever is broken beside it."""

import re
from pathlib import Path

import pytest

from harness.cli import main
from harness.data.generators import GENERATORS
from harness.methods import METHODS
from tests.cases import PROJECT
from tests.test_study_schema import TEXT


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["list", *arguments]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def row(text: str, *starts: str) -> list[str]:
    """The cells of the only line that begins with some cells."""
    rows = [re.split("  +", line) for line in text.splitlines()]
    (found,) = [cells for cells in rows if tuple(cells[: len(starts)]) == starts]
    return found


def test_methods_have_their_options(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = listed(capsys, "methods")
    parts = re.split(r"^Method (\w+): ", text, flags=re.MULTILINE)
    methods = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert [*methods] == [*METHODS]
    assert "ADVI with a full covariance matrix; options as for `advi`." in text
    assert row(methods["nuts"], "adapt_delta", "0.8")[2] == "number above 0 below 1"
    assert row(methods["nuts"], "metric", '"diag_e"')[2] == '"diag_e" or "dense_e" or "unit_e"'
    assert row(methods["subsample_advi"], "weighted")[1:3] == ["true", "true or false"]
    assert {line.split()[1] for line in text.splitlines() if line.startswith("eta ")} == {"unset"}


def test_all_of_it_and_its_parts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "demo.toml"
    file.write_text(TEXT)
    (tmp_path / "gmm.stan").touch()
    brief = listed(capsys, "--study", str(file))
    parts = ("studies", "datasets", "programs")
    assert all(listed(capsys, part, "--study", str(file)) in brief for part in parts)
    assert "Mean-field ADVI on the full data" in brief
    assert "max_iterations" not in brief
    whole = "".join(listed(capsys, part, "--study", str(file)) for part in (*parts, "runs"))
    assert row(whole, "demo", str(file)) == ["demo", str(file), "2", "Demonstration"]
    assert row(whole, "demo", "small", "generator notebook_small")
    assert row(whole, "demo", "gmm") == ["demo", "gmm", str(tmp_path / "gmm.stan"), "mu, pi", "y"]
    assert row(whole, "demo", "small", "gmm", "subsample_advi")[4:] == ["m=10", "1", "m = 10"]
    meanings = {name: row(whole, name)[1:] for name in GENERATORS}
    assert meanings["notebook_large"][1] == "none"
    assert meanings["mixture"][1] == "n_rows, distance, share, seed"
    assert all(meaning for meaning, _ in meanings.values())


def test_studies_here_are_found_and_broken_ones_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "Runs: none in this folder or in studies/" in listed(capsys, "runs")
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "good.toml").write_text(TEXT)
    (tmp_path / "studies" / "slip.toml").write_text(TEXT.replace("title", "titel"))
    (tmp_path / "studies" / "numbers.toml").write_text('source = "elsewhere"')
    (tmp_path / "here.toml").write_text(TEXT.replace('"demo"', '"here"'))
    assert main(["list", "studies"]) == 0
    out, err = capsys.readouterr()
    assert row(out, "demo", "studies/good.toml")
    assert row(out, "here", "here.toml")
    assert "numbers" not in out + err
    assert err.startswith("harness: study file 'studies/slip.toml'")
    assert ("'titel'" in err, "'title'" in err, err.count("\n")) == (True, True, 1)
    assert main(["list", "--study", "studies/slip.toml"]) == 2
    assert capsys.readouterr() == ("", err)


def test_shipped_studies_name_files_that_are_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PROJECT)
    text = listed(capsys, "programs")
    assert row(text, "notebook", "gmm_fused")[-1] == "y"
    assert "(missing)" not in text


@pytest.mark.parametrize(
    ("there", "instead", "told"),
    [
        ('method = "subsample_advi"', 'method = "subsampel_advi"', "subsampel_advi"),
        ("m = 10", "mm = 10", "mm"),
        ("m = 10", "m = -10", "-10"),
        ('programs = ["gmm"]', 'programs = ["gmn"]', "gmn"),
        ('datasets = ["small"]', 'datasets = ["smal"]', "smal"),
        ('"notebook_small"', '"notebook_smal"', "notebook_smal"),
    ],
)
def test_what_no_run_could_have_is_told_not_listed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, there: str, instead: str, told: str
) -> None:
    """A list looks at no file that the study names, but at all that the study says itself."""
    file = tmp_path / "wrong.toml"
    assert there in TEXT
    file.write_text(TEXT.replace(there, instead, 1))
    assert main(["list", "runs", "--study", str(file)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert (err.count("\n"), told in err, str(file) in err) == (1, True, True)

"""What a study file may say of references."""

from pathlib import Path

import pytest

from harness.errors import StudyError
from harness.study.study import Study
from harness.study.toml import read_study
from tests.test_study import TEXT

RUN = """
[[references]]
datasets = ["small"]
program = "gmm"
method = "nuts"
variant = "default"
"""
FILE = """
[[references]]
datasets = ["small"]
file = "draws.json.zip"
"""
SAME_PARAMETERS = TEXT.replace('parameters = ["mu"]', 'parameters = ["pi", "mu"]')


def read(folder: Path, text: str) -> Study:
    (folder / "demo.toml").write_text(text)
    return read_study(folder / "demo.toml")


def test_a_run_of_the_study_is_a_reference(tmp_path: Path) -> None:
    study = read(tmp_path, SAME_PARAMETERS + RUN)
    assert study.references["small"].run == study.runs[0]
    assert study.references["small"].file is None


def test_a_file_beside_the_study_is_a_reference(tmp_path: Path) -> None:
    study = read(tmp_path, TEXT + FILE)
    assert study.references["small"].file == tmp_path / "draws.json.zip"


def test_a_study_may_have_no_reference(tmp_path: Path) -> None:
    assert read(tmp_path, TEXT).references == {}


def test_a_reference_changes_no_seed(tmp_path: Path) -> None:
    with_reference, without = read(tmp_path, TEXT + FILE), read(tmp_path, TEXT)
    assert [run.seed for run in with_reference.runs] == [run.seed for run in without.runs]


@pytest.mark.parametrize(
    ("reference", "complaint"),
    [
        (RUN.replace('"small"', '"smal"'), "data set 'smal'; did you mean 'small'"),
        (RUN.replace('"nuts"', '"advi"'), "'small / gmm / advi / default', which no \\[\\[cross"),
        (RUN.replace('variant = "default"\n', ""), "give either"),
        (RUN + 'file = "a.json"', "give either"),
        ('[[references]]\ndatasets = ["small"]\n', "give either"),
        (RUN + FILE, "two references"),
        (RUN + 'progam = "gmm"', "unknown key 'references.progam'; did you mean 'program'"),
    ],
)
def test_slips_get_one_line(tmp_path: Path, reference: str, complaint: str) -> None:
    with pytest.raises(StudyError, match=complaint) as caught:
        read(tmp_path, SAME_PARAMETERS + reference)
    assert "\n" not in str(caught.value)


def test_programs_of_other_variables_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"pi, .*'gmm_glm' .*mu;"):
        read(tmp_path, TEXT + RUN)

"""The study of posteriors of known moments."""

import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import harness
from tools.verdicts.database import entry_name, write_database
from tools.verdicts.known import REPORTED, SET, Posterior
from tools.verdicts.posteriors import posteriors
from tools.verdicts.study import STUDY, approximations

PROJECT = Path(__file__).parent.parent


@cache
def every() -> list[Posterior]:
    return posteriors()


@pytest.mark.slow
def test_the_study_names_all_posteriors_in_their_halves() -> None:
    tables = tomllib.loads((PROJECT / STUDY).read_text(encoding="utf-8"))
    named = {table["name"]: table["posteriordb"]["name"] for table in tables["datasets"]}
    known = every()
    assert len(known) >= 40
    for half in (SET, REPORTED):
        assert named[half] == [entry_name(each) for each in known if each.half == half]
    assert all(set(table["datasets"]) == {SET, REPORTED} for table in tables["cross"])
    assert {table["replicates"] for table in tables["cross"]} == {10}


@pytest.mark.slow
def test_verdicts_are_compared_with_what_is_known(tmp_path: Path) -> None:
    chosen = {"normal 10", "two modes, 0.3, 10"}
    known = {entry_name(each): each for each in every() if each.name in chosen}
    write_database(tmp_path / "database", known.values())
    study = tmp_path / "known.toml"
    study.write_text(
        'name = "known"\ntitle = "Known"\nseed = 1\n[[datasets]]\nname = "all"\n'
        f"[datasets.posteriordb]\nname = {sorted(known)}\n"
        '[[cross]]\ndatasets = ["all"]\nmethod = "laplace"\nvariant = "default"\n'
    )
    result = harness.run_study(study, posteriordb=tmp_path / "database", store=tmp_path / "store")
    normal, modes = sorted(approximations(result, "NUTS", known), key=lambda row: row.posterior)
    assert (normal.verdict, normal.is_right) == ("trust", True)
    assert normal.mean_error_sd < 4 / np.sqrt(1000)
    assert (modes.verdict, modes.is_right) == ("do not trust", False)
    # a mean of 1.5 and an sd of sqrt(1 + 0.21 * 25) are approximated by 0 and 1
    assert modes.mean_error_sd == pytest.approx(1.5 / np.sqrt(6.25), abs=0.1)

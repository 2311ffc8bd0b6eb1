"""The JSON Schema of studies accepts what the harness accepts, and refuses what it refuses."""

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.cli import main
from harness.errors import HarnessError
from harness.messages.docstrings import descriptions_of
from harness.methods import METHODS, make_method
from harness.study.json_schema import options_schema, schema_text
from harness.study.sweep import expand
from harness.study.toml import parse_study
from tests.cases import PROJECT

SCHEMA = json.loads(schema_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
STUDIES = sorted(
    file for file in (PROJECT / "studies").glob("*.toml") if "[[cross]]" in file.read_text()
)

TEXT = """
name = "demo"
title = "Demonstration"
seed = 7

[[datasets]]
name = "small"
generator = "notebook_small"

[[programs]]
name = "gmm"
file = "gmm.stan"
parameters = ["mu", "pi"]
contract = { rows = "y", n_columns = 2, n_rows = "N", likelihood_weight = "w" }
components = { means = "mu", shares = "pi" }

[[references]]
datasets = ["small"]
program = "gmm"
method = "nuts"
variant = "default"

[[cross]]
datasets = ["small"]
programs = ["gmm"]
method = "nuts"
variant = "default"

[[cross]]
datasets = ["small"]
programs = ["gmm"]
method = "subsample_advi"
variant = "m=10"
options = { m = 10 }
"""


def accepted_by_schema(content: dict[str, Any]) -> bool:
    return VALIDATOR.is_valid(content)


def accepted_by_harness(content: dict[str, Any]) -> bool:
    try:
        for cross in expand(parse_study(content))[0].cross:
            make_method(cross.method, cross.options)
    except HarnessError:
        return False
    return True


def test_published_schema_is_that_of_the_models(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    printed = capsys.readouterr().out
    assert (PROJECT / "docs" / "study.schema.json").read_text() == printed
    jsonschema.Draft202012Validator.check_schema(json.loads(printed))


def test_schema_of_events_is_printed_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "events"]) == 0
    assert (PROJECT / "docs" / "events.schema.json").read_text() == capsys.readouterr().out


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.stem)
def test_shipped_studies_validate(file: Path) -> None:
    VALIDATOR.validate(tomllib.loads(file.read_text()))


def test_there_are_shipped_studies() -> None:
    assert len(STUDIES) >= 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title =", "titel ="),
        ("generator", "generater"),
        ("parameters", "params"),
        ("n_columns", "n_cols"),
        ("n_columns = 2, ", ""),
        ('rows = "y"', 'rows = "y", rows_file = "f"'),
        ('means = "mu"', 'mean = "mu"'),
        ("method =", "metod ="),
        ('"subsample_advi"', '"subsample_advy"'),
        ("m = 10", "mm = 10"),
        ("m = 10", "m = 0"),
        ("m = 10", 'm = "10"'),
        ("options = { m = 10 }", ""),
        ('"notebook_small"', '"notebook_small"\nfile = "a.csv"'),
        ('generator = "notebook_small"', ""),
        ('program = "gmm"\n', ""),
        ("seed = 7", 'seed = "7"'),
        ('name = "demo"', 'name = "../demo"'),
    ],
)
def test_slips_are_refused_by_both(old: str, new: str) -> None:
    good = tomllib.loads(TEXT)
    assert accepted_by_schema(good)
    assert accepted_by_harness(good)
    assert old in TEXT
    bad = tomllib.loads(TEXT.replace(old, new, 1))
    assert not accepted_by_schema(bad)
    assert not accepted_by_harness(bad)


SWEPT = f"""{TEXT.replace("options = { m = 10 }", "").replace("notebook_small", "mixture")}
[sweep]
"methods.subsample_advi.m" = [10, 20]
"methods.subsample_advi.eta" = [0.1, 1.0]
"datasets.n_rows" = [100, 200]
"datasets.small.share" = [0.2]

[scale.small]
replicates = 2
sweep = {{ "datasets.n_rows" = [100] }}
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[10, 20]", "[]"),
        ("[10, 20]", "10"),
        ("[10, 20]", "[10, 0]"),
        ("[10, 20]", '["10"]'),
        ("advi.m", "advi.mm"),
        ('"methods.subsample_advi.m" = [10, 20]', ""),
        ('"methods.subsample_advi.m"', '"methods.subsample_advi"'),
        ('"methods.subsample_advi.m"', '"method.subsample_advi.m"'),
        ('"methods.subsample_advi.m"', '"methods.subsampled_advi.m"'),
        ('"methods.subsample_advi.m"', "methods.subsample_advi.m"),
        ('"datasets.n_rows" = [100, 200]', '"datasets.rows" = [100, 200]'),
        ("replicates = 2", "replicates = 0"),
        ("replicates = 2", "replicate = 2"),
        ("[100] }", "100 }"),
    ],
)
def test_slips_of_sweeps_are_refused_by_both(old: str, new: str) -> None:
    good = tomllib.loads(SWEPT)
    assert accepted_by_schema(good)
    assert accepted_by_harness(good)
    bad = tomllib.loads(SWEPT.replace(old, new, 1))
    assert not accepted_by_schema(bad)
    assert not accepted_by_harness(bad)


def described(node: object, path: str = "") -> list[str]:
    """Places of properties without a description."""
    if not isinstance(node, dict):
        return []
    missing = []
    for name, part in node.get("properties", {}).items():
        if not part.get("description"):
            missing.append(f"{path}.{name}")
    for name, part in node.get("$defs", {}).items():
        missing += described(part, name)
    return missing


def test_every_key_has_a_description() -> None:
    assert described(SCHEMA) == []


@pytest.mark.parametrize("name", METHODS)
def test_options_have_their_bounds_and_meanings(name: str) -> None:
    schema = options_schema(METHODS[name])
    assert not schema["additionalProperties"]
    assert schema["properties"]["n_draws"]["exclusiveMinimum"] == 0
    assert schema["properties"]["n_draws"]["default"] == 1000
    meanings = descriptions_of(METHODS[name])
    assert {key: part["description"] for key, part in schema["properties"].items()} == meanings

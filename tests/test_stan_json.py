"""CmdStan's JSON: what is read, from whatever spelling, and that a piece at a time is the whole."""

import gzip
import json
import random
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.data import json_scanner
from harness.data.stan_json import plain_variables, read_stan_json, write_stan_json
from harness.data.stan_values import digest_of
from harness.errors import DatasetError

INF, NAN = float("inf"), float("nan")


def read(folder: Path, content: str | bytes, name: str = "data.json") -> dict[str, Any]:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_stan_json(file)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3291802192", 3291802192.0),
        ("-2147483649", -2147483649.0),
        ("123456789012345678901234567890", 123456789012345678901234567890.0),
        ("1e-400", 0.0),
        ("1E5", 1e5),
        *[(text, INF) for text in ("Inf", "Infinity", '"Inf"', '"Infinity"')],
        *[(text, -INF) for text in ("-Inf", "-Infinity", '"-Inf"', '"-Infinity"')],
        *[(text, NAN) for text in ("NaN", "-NaN", '"NaN"')],
    ],
)
def test_every_spelling_of_a_real(tmp_path: Path, text: str, number: float) -> None:
    found = read(tmp_path, f'{{"x": {text}, "a": [1, {text}], "m": [[{text}], [2]]}}')
    assert isinstance(found["x"], float)
    np.testing.assert_array_equal(found["x"], number)
    np.testing.assert_array_equal(found["a"], [1, number])
    np.testing.assert_array_equal(found["m"], [[number], [2]])


@pytest.mark.parametrize("number", [0, -(2**31), 2**31 - 1])
def test_integers_stay_integers(tmp_path: Path, number: int) -> None:
    found = read(tmp_path, f'{{"n": {number}, "a": [[{number}]], "r": 1.0}}')
    assert type(found["n"]) is int
    assert type(found["r"]) is float
    assert found["a"].dtype == np.int32
    assert found["n"] == found["a"][0, 0] == number


@pytest.mark.parametrize(
    ("text", "shape"), [("[]", (0,)), ("[[], []]", (2, 0)), ("[[[]]]", (1, 1, 0))]
)
def test_empty_arrays_keep_their_shape(tmp_path: Path, text: str, shape: tuple[int, ...]) -> None:
    assert read(tmp_path, f'{{"x": {text}}}')["x"].shape == shape


def test_tuples_and_names_that_no_variable_has(tmp_path: Path) -> None:
    text = '{"_c": "no [", "c.1": null, "t": {"1": 2, "2": ["Inf", 1]}, "a": [{"1": 1}, {"1": 2}]}'
    found = read(tmp_path, text)
    assert list(found) == ["t", "a"]
    assert found["t"]["1"] == 2
    np.testing.assert_array_equal(found["t"]["2"], [INF, 1])
    assert found["a"] == [{"1": 1}, {"1": 2}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"x": "+Inf"}', "'x' is \"+Inf\""),
        ('{"x": "inf"}', "'x' is \"inf\""),
        ('{"x": "-NaN"}', "'x' is \"-NaN\""),
        ('{"x": [1, "1.5"]}', "'x' is \"1.5\""),
        ('{"x": [true]}', "'x' is true"),
        ('{"x": {"1": null}}', "'x' is null"),
        ('{"x": 1e400}', "too large"),
        ('{"x": [-1e400, Infinity]}', "too large"),
        ('{"x": [[1], 2]}', "ragged"),
        ('{"x": [[], [1]]}', "ragged"),
        ('{"x": [{"1": [1]}, {"1": [1, 2]}]}', "ragged"),
        ('{"x": [{"1": 1}, 2]}', "'x' has tuples"),
        ('{"x": 1, "x": 2}', "twice"),
        *[(f'{{"x": {text}}}', "not JSON") for text in ("+Inf", "nan", "01", ".5", "1.", "0x1")],
        *[(f'{{"x": {text}}}', "not JSON") for text in ("[1,]", "[,1]", "[1 2]", "[1}", "", "[1")],
        ('{"x": 1} 2', "not JSON"),
        *[(text, "not JSON") for text in ("x <- 1", "data { int x; }", "x,y")],
        *[(text, "not an object") for text in ("[1]", "3", '"x"')],
        ('{"x": 1,}', "not JSON"),
        ('{"x":\n[1,\n?]}', "in line 3"),
    ],
)
def test_what_cmdstan_refuses_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DatasetError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


TEXT = '{"N": 2, "y": [1.5, 2]}\r\n'


def zipped(text: str) -> bytes:
    with zipfile.ZipFile("z", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", text)
        archive.writestr("__MACOSX/._data.json", "rubbish")
    return Path("z").read_bytes()


@pytest.mark.parametrize(
    ("name", "encode"),
    [
        ("a.json", str.encode),
        ("a.json", lambda text: text.encode("utf-8-sig")),
        ("a.json", lambda text: text.encode("utf-16")),
        ("a.json", lambda text: text.encode("utf-16-le")),
        ("a.JSON", lambda text: text.encode("utf-32")),
        ("a.json.gz", lambda text: gzip.compress(text.encode())),
        ("a.json.gz", lambda text: gzip.compress(text.encode("utf-8-sig"))),
        ("a.json.zip", zipped),
    ],
)
def test_encodings_and_archives(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    encode: Callable[[str], bytes],
) -> None:
    monkeypatch.chdir(tmp_path)
    found = read(tmp_path, encode(TEXT), name)
    assert digest_of(found) == digest_of(read(tmp_path, TEXT))


def some_array(rng: random.Random, shape: list[int], *, real: bool) -> Any:
    if shape:
        return [some_array(rng, shape[1:], real=real) for _ in range(shape[0])]
    numbers = (rng.uniform(-1, 1) * 10 ** rng.randint(-300, 300), INF, -INF, NAN, 2.0)
    return rng.choice(numbers) if real else rng.randint(-(2**31), 2**31 - 1)


@pytest.mark.parametrize("block", [1, 3, 50, 1 << 18])
def test_pieces_make_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    """Whatever a block ends in, reading gives the numbers, and writing and reading them again."""
    monkeypatch.setattr(json_scanner, "_BLOCK", block)
    monkeypatch.setattr(json_scanner, "_GLANCE", min(block, 20))
    rng = random.Random(7)  # noqa: S311
    for _ in range(60):
        shapes = [[rng.randint(0, 3) for _ in range(rng.randint(0, 4))] for _ in range(3)]
        given = {
            f"v{i}": some_array(rng, shape, real=rng.random() < 0.6)
            for i, shape in enumerate(shapes)
        }
        text = json.dumps({**given, "_note": 'a ] , \\" { b'}, indent=rng.choice([None, 1]))
        found = read(tmp_path, text)
        for name, value in given.items():
            np.testing.assert_array_equal(found[name], np.asarray(value))
        assert digest_of(found) == digest_of(plain_variables(given))
        write_stan_json(tmp_path / "again.json", found)
        assert digest_of(read_stan_json(tmp_path / "again.json")) == digest_of(found)


@pytest.mark.parametrize(
    "shape",
    [
        (50_000, 4),
        *(
            pytest.param(shape, marks=pytest.mark.slow)
            for shape in ((200_000,), (1, 200_000), (4, 50_000))
        ),
    ],
)
def test_memory_is_that_of_the_numbers(tmp_path: Path, shape: tuple[int, ...]) -> None:
    """At most three times the doubles, from the file to the file, whatever their shape."""
    rows = np.random.default_rng(1).standard_normal(shape)
    rows = np.concatenate([rows, rows, rows, rows], axis=-1)
    file = tmp_path / "rows.json"
    write_stan_json(file, {"y": rows})
    tracemalloc.start()
    found = read_stan_json(file)
    assert len(digest_of(found)) == 64
    write_stan_json(file, found)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(found["y"], rows)
    assert rows.nbytes < peak < 3 * rows.nbytes


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (True, 1),
        (np.True_, 1),
        (INF, INF),
        (2**40, float(2**40)),
        ("-Inf", -INF),
        (3 + 2j, [3.0, 2.0]),
        ([1j, 2], [[0.0, 1.0], [2.0, 0.0]]),
        ([True, False], [1, 0]),
        (np.array([True, False]), [1, 0]),
        (np.array(4), 4),
        (np.uint64(2**63), float(2**63)),
        (np.array([[1, 2]], dtype=np.int8), [[1, 2]]),
        (np.array([1, INF], dtype=object), [1, INF]),
        ([1, "Inf"], [1, INF]),
        ([np.array([1, 2]), [3, 4.5]], [[1, 2], [3, 4.5]]),
        (pd.Series([1.5, NAN]), [1.5, NAN]),
        (pd.DataFrame({"a": [1, 2], "b": [3, 4]}), [[1, 3], [2, 4]]),
        (pd.Series([1, 2], dtype="Int64"), [1, 2]),
        (range(3), None),
        (np.empty((0, 3)), np.empty((0, 3))),
        ((1, [2.5]), {"1": 1, "2": [2.5]}),
        ([(1, 2), (3, 4)], [{"1": 1, "2": 2}, {"1": 3, "2": 4}]),
        ({"1": 1}, {"1": 1}),
    ],
)
def test_what_python_programs_give(given: Any, expected: Any) -> None:
    if expected is None:
        with pytest.raises(DatasetError, match=r"'x' .*range"):
            plain_variables({"x": given})
        return
    found = plain_variables({"x": given})
    assert digest_of(found) == digest_of(plain_variables({"x": expected}))


@pytest.mark.parametrize(
    "given",
    [
        None,
        "a",
        object(),
        [1, None],
        [[1], [2, 3]],
        np.array(["a"]),
        np.ma.masked_array([1, 2], mask=[True, False]),
        pd.to_datetime(["2020-01-01"]),
        10**400,
        {1, 2},
    ],
)
def test_what_is_no_data(given: Any) -> None:
    with pytest.raises(DatasetError, match="'x' ") as caught:
        plain_variables({"x": given})
    assert "\n" not in str(caught.value)


def test_digest_is_of_numbers_types_and_shapes() -> None:
    digests = {
        digest_of(plain_variables(data))
        for data in (
            {"x": 1, "y": 2},
            {"x": 1.0, "y": 2},
            {"x": [1], "y": 2},
            {"x": [[1]], "y": 2},
            {"x": 2, "y": 1},
            {"x": {"1": 1}, "y": 2},
            {"x": [{"1": 1}], "y": 2},
        )
    }
    assert len(digests) == 7
    assert digest_of(plain_variables({"y": 2, "x": 1})) in digests

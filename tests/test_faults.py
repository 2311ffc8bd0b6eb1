"""Words for faults of the harness, and sentences of CmdStan told once."""

import pytest

from harness.messages.faults import capped, kind_of, told_once, unexpected


def test_a_fault_names_its_kind_its_words_and_where_it_arose() -> None:
    try:
        told_once([None])  # type: ignore[list-item]
    except AttributeError as error:
        told = unexpected(error)
    assert "AttributeError" in told
    assert "'split'" in told
    assert "faults.py line" in told
    assert "\n" not in unexpected(ValueError("two\nlines"))


@pytest.mark.parametrize("size", [10, 400, 401, 137_000])
def test_long_texts_keep_their_ends(size: int) -> None:
    text = "a" * (size // 2) + "b" * (size - size // 2)
    cut = capped(text)
    assert (cut == text) == (size <= 400)
    assert len(cut) < 450
    assert (cut[0], cut[-1]) == ("a", "b")


def test_sentences_that_differ_in_numbers_alone_are_told_once() -> None:
    said = [
        "Path [1] :Exception: scale is -0.25, but must be positive!",
        "Path [12] :Exception: scale is -1e-3, but must be positive!",
        "Exception:  scale is inf, but must be positive!",
        "",
    ]
    assert told_once(said) == [said[0], "Exception: scale is inf, but must be positive!"]
    assert kind_of("z1 is 3") != kind_of("z2 is 3")

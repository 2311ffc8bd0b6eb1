"""Reference draws from files and from runs, and the checks that they must pass."""

import dataclasses
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import ReferenceFileError
from harness.fits.fit import Diagnostics, DrawKind
from harness.fits.quantities import INVARIANT, RELABELLED, quantities
from harness.summary.reference import chain_problems, mismatch, reference_from_fit
from harness.summary.reference_file import read_reference
from tests.cases import MIXTURE, known_fit, switched_draws

Content = Any
Edit = Callable[[list[dict[str, Any]]], None]


def good_content() -> list[dict[str, list[float]]]:
    """The true order of a mixture's draws in the form of posteriordb."""
    _, true = switched_draws()
    elements = {
        **{f"mu[{k + 1},{j + 1}]": true["mu"][..., k, j] for k in (0, 1) for j in (0, 1)},
        **{f"pi[{k + 1}]": true["pi"][..., k] for k in (0, 1)},
        "lp": true["pi"][..., 0],
    }
    return [
        {name: values[chain].tolist() for name, values in elements.items()} for chain in range(4)
    ]


def write(folder: Path, content: Content, *, zipped: bool = False) -> Path:
    file = folder / "draws.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    if not zipped:
        return file
    archive = folder / "draws.json.zip"
    with zipfile.ZipFile(archive, "w") as target:
        target.write(file, "draws.json")
    return archive


@pytest.mark.parametrize("zipped", [False, True])
def test_draws_of_a_file_are_the_draws(tmp_path: Path, *, zipped: bool) -> None:
    _, true = switched_draws()
    reference = read_reference(write(tmp_path, good_content(), zipped=zipped), MIXTURE)
    assert reference.problems == ()
    named = reference.quantities.by_labels[RELABELLED]
    np.testing.assert_array_equal(named["mu[2,1]"], true["mu"][..., 1, 0])
    np.testing.assert_array_equal(named["pi[1]"], true["pi"][..., 0])


def test_a_scalar_has_no_index(tmp_path: Path) -> None:
    tau = np.random.default_rng(1).standard_normal((4, 500))
    file = write(tmp_path, [{"tau": chain.tolist()} for chain in tau])
    program = dataclasses.replace(MIXTURE, parameters=("tau",), components=None)
    np.testing.assert_array_equal(read_reference(file, program).quantities.judged["tau"], tau)


def edited(edit: Callable[[list[dict[str, Any]]], None]) -> Content:
    content = good_content()
    edit(content)
    return content


def rename(content: list[dict[str, Any]]) -> None:
    for chain in content:
        for name in [name for name in chain if name.startswith("mu")]:
            chain[name.replace("mu", "theta")] = chain.pop(name)


def drop(content: list[dict[str, Any]]) -> None:
    for chain in content:
        del chain["mu[1,2]"]


def shorten(content: list[dict[str, Any]]) -> None:
    content[2]["pi[1]"].pop()


def drop_from_one_chain(content: list[dict[str, Any]]) -> None:
    del content[3]["lp"]


def put(value: Any) -> Callable[[list[dict[str, Any]]], None]:
    def edit(content: list[dict[str, Any]]) -> None:
        content[1]["pi[2]"][3] = value

    return edit


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{ not json", "is not JSON"),
        ("", "is not JSON"),
        ([], "is empty"),
        ([{}], "is empty"),
        ({"mu[1,1]": [1, 2, 3, 4]}, "has another form"),
        ([1, 2], "has another form"),
        (edited(put(float("nan"))), r"1 draws of 'pi\[2\]' that are NaN or infinite"),
        (edited(put(float("inf"))), "NaN or infinite"),
        (edited(put("a")), r"draws of 'pi\[2\]' that are not numbers"),
        (edited(put(None)), "NaN or infinite"),
        (edited(shorten), "chains of unequal lengths"),
        (edited(drop_from_one_chain), "'lp' in chain 1 or 4 but not in both"),
        ([{"mu[1,1]": [], "pi[1]": []}], "shape"),
        ([{"mu[1]": [1, 2, 3, 4], "mu[1,1]": [1, 2, 3, 4]}], "different numbers of indices"),
    ],
)
def test_a_broken_file_gets_one_clear_line(
    tmp_path: Path, content: Content, complaint: str
) -> None:
    file = write(tmp_path, content)
    with pytest.raises(ReferenceFileError, match=complaint) as caught:
        read_reference(file, MIXTURE)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    tree = tmp_path / "draws.nc"
    tree.write_bytes(b"\x89HDF")
    with pytest.raises(ReferenceFileError, match="harness judge"):
        read_reference(tree, MIXTURE)
    with pytest.raises(ReferenceFileError, match=r"absent\.json"):
        read_reference(tmp_path / "absent.json", MIXTURE)
    fake = tmp_path / "fake.zip"
    fake.write_bytes(b"no zip")
    with pytest.raises(ReferenceFileError, match="not JSON"):
        read_reference(fake, MIXTURE)
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.json", "[]")
        archive.writestr("b.json", "[]")
    with pytest.raises(ReferenceFileError, match="2 JSON"):
        read_reference(tmp_path / "two.zip", MIXTURE)


PARTS = dataclasses.replace(MIXTURE, parameters=("theta", "tau", "absent"), components=None)


def test_elements_in_any_order_under_either_name(tmp_path: Path) -> None:
    """What is there is read; what is not is no reason to refuse it."""
    draws = np.random.default_rng(1).standard_normal((4, 500, 4))
    names = ("theta[3]", "tau", "theta.1", "theta.10", "other[1]")
    content = [
        {name: chain[:, min(i, 3)].tolist() for i, name in enumerate(names)} for chain in draws
    ]
    content[0]["other[1]"][0] = float("nan")  # of no interest
    named = read_reference(write(tmp_path, content), PARTS).quantities.judged
    assert list(named) == ["theta[1]", "theta[3]", "theta[10]", "tau"]
    np.testing.assert_array_equal(named["theta[3]"], draws[..., 0])
    np.testing.assert_array_equal(named["theta[1]"], draws[..., 2])


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        (("rho", "lp__"), "has no draws of 'theta', 'tau', 'absent'; it has lp__, rho"),
        (("theta[0]", "theta[1]"), r"'theta\[0\]'"),
        (("theta[1]", "theta.1"), r"'theta.1' twice"),
        (("theta[1]", "theta.1.1"), "different numbers of indices"),
    ],
)
def test_a_file_without_what_is_summarised(
    tmp_path: Path, names: tuple[str, ...], complaint: str
) -> None:
    file = write(tmp_path, [{name: [1, 2, 3, 4] for name in names}])
    with pytest.raises(ReferenceFileError, match=complaint):
        read_reference(file, PARTS)


@pytest.mark.parametrize("edit", [rename, drop])
def test_components_that_are_not_whole_are_left_out(tmp_path: Path, edit: Edit) -> None:
    """Without all means and shares nobody can order them; what else there is stays."""
    program = dataclasses.replace(MIXTURE, parameters=("mu", "pi", "lp"))
    named = read_reference(write(tmp_path, edited(edit)), program).quantities
    assert list(named.judged) == ["lp"]
    assert named.judged_labels == RELABELLED
    with pytest.raises(ReferenceFileError, match=r"pi|mu"):
        read_reference(write(tmp_path, edited(edit)), MIXTURE)


def test_other_variables_stand_beside_ordered_components(tmp_path: Path) -> None:
    program = dataclasses.replace(MIXTURE, parameters=("mu", "pi", "lp"))
    named = read_reference(write(tmp_path, good_content()), program).quantities
    assert set(named.judged) == {
        *(f"mu[{i},{j}]" for i in (1, 2) for j in (1, 2)),
        *("pi[1]", "pi[2]", "lp"),
    }
    assert "lp" not in named.by_labels[INVARIANT]


def test_a_reference_of_other_quantities_does_not_match(tmp_path: Path) -> None:
    reference = read_reference(write(tmp_path, good_content()), MIXTURE)
    rng = np.random.default_rng(2)
    three = {"mu": rng.standard_normal((4, 50, 3, 2)), "pi": rng.dirichlet([1] * 3, size=(4, 50))}
    named = quantities(three, MIXTURE)
    larger = dataclasses.replace(reference, quantities=named)
    assert "'mu[3,1]'" in mismatch(larger, reference.quantities, program="gmm")
    assert mismatch(reference, named, program="gmm") == ""


def test_good_chains_have_no_problems() -> None:
    draws = np.random.default_rng(3).standard_normal((4, 1000))
    assert chain_problems({"x": draws, "constant": np.ones((4, 1000))}) == []


def test_what_chains_can_fail() -> None:
    rng = np.random.default_rng(4)
    good, few = rng.standard_normal((4, 1000)), rng.standard_normal((4, 60))
    stuck = good + np.arange(4)[:, None]
    told = chain_problems({"good": good, "stuck": stuck})
    assert told
    assert all("stuck" in each and "good" not in each for each in told)
    bulk, tail = chain_problems({"few": few})
    assert ("bulk" in bulk, "tail" in tail) == (True, True)
    assert len(chain_problems({"constant": np.ones((4, 100))})) == 1
    (one_chain,) = chain_problems({"good": good[:1], "better": good[:1] + 1})
    assert "two chains" in one_chain


def test_a_sampler_that_complains_gives_no_reference() -> None:
    raw, _ = switched_draws()
    for diagnostics, complaint in (
        (Diagnostics(n_divergent=2), "2 transitions diverged"),
        (Diagnostics(n_divergent=1), "1 transition diverged"),
        (Diagnostics(n_divergent=4280), "4,280 transitions diverged"),
        (Diagnostics(e_bfmi_min=0.21), "E-BFMI is 0.21"),
        (Diagnostics(e_bfmi_min=0.29998), "E-BFMI is 0.29998, not above 0.3"),
    ):
        fit = known_fit(raw, diagnostics=diagnostics)
        reference = reference_from_fit(fit, quantities(raw, MIXTURE), title="NUTS")
        assert complaint in " ".join(reference.problems)


def test_an_approximation_is_no_reference() -> None:
    _, true = switched_draws()
    fit = known_fit(true, draw_kind=DrawKind.INDEPENDENT)
    reference = reference_from_fit(fit, quantities(true, MIXTURE), title="ADVI")
    assert len(reference.problems) == 1

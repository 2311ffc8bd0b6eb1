"""``harness judge``: draws that exist already, in files and in memory."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import arviz_base
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from numpy.typing import NDArray
from pandas.testing import assert_frame_equal

import harness
from harness.api.result import StudyResult
from harness.cli import main
from harness.errors import DrawsError
from harness.evidence.checks import NOT_EXCLUDED
from harness.program.compilation import compile_program
from harness.program.program import Program
from harness.results.columns import COMPARISON_COLUMNS, FITS_COLUMNS, read_table
from tests.cases import DATA
from tests.given_files import write_fit

MODELS = DATA / "models"
Floats = NDArray[np.float64]
#: What names a row of ``comparison.csv`` in any table of the same fits.
ROW = ["method", "variant", "labels", "parameter"]


def standard(seed: int, *shape: int) -> Floats:
    return np.random.default_rng(seed).standard_normal(shape)


def draws_of(seed: int, n_chains: int = 4, n_draws: int = 500) -> dict[str, Floats]:
    return {
        "mu": standard(seed, n_chains, n_draws),
        "theta": standard(seed + 100, n_chains, n_draws, 3),
    }


@pytest.fixture(scope="module")
def reference() -> dict[str, Floats]:
    return draws_of(1, n_draws=1000)


@pytest.fixture(scope="module")
def comparison(cmdstan_home: Path, tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    return compared("ar1", cmdstan_home, tmp_path_factory.mktemp("store"))


def compared(model: str, cmdstan_home: Path, store: Path) -> StudyResult:
    methods = ["nuts", "advi", "laplace"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMDSTAN", str(cmdstan_home))
        data = MODELS / f"{model}.json"
        return harness.compare(
            MODELS / f"{model}.stan", data, methods=methods, replicates=1, store=store
        )


def judged_columns(table: pd.DataFrame) -> pd.DataFrame:
    """Estimates, errors and verdicts; draws with weights are judged where all of them are."""
    rows = table.drop(columns=["dataset", "program", "replicate", "status"])
    return rows.set_index(ROW).sort_index()


def assert_same_judgements(ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    assert_frame_equal(judged_columns(ours), judged_columns(theirs), rtol=1e-8)


def files_of(result: StudyResult, folder: Path) -> dict[str, list[str]]:
    return {
        title: [
            str(file)
            for file in write_fit(
                folder, tree, adapt_delta=0.95 if title.endswith("reference") else 0.8
            )
        ]
        for title, tree in result.fits.items()
    }


def check_files(result: StudyResult, folder: Path) -> None:
    files = files_of(result, folder)
    reference = files.pop("NUTS reference")
    given = [file for group in files.values() for file in group]
    out = folder / "out"
    assert main(["judge", *given, "--reference", *reference, "--out", str(out)]) == 0
    found = read_table(out / "comparison.csv", COMPARISON_COLUMNS)
    # the weights of a comparison are of more draws than its fits keep
    assert_same_judgements(*(t[t["labels"] != "psis"] for t in (found, result.table)))
    judged = read_table(out / "fits.csv", FITS_COLUMNS)
    columns = ["method", "variant", "verdict"]
    assert judged[columns].equals(result.fits_table[columns].reset_index(drop=True))


@pytest.mark.slow
def test_the_files_of_a_comparison_get_its_verdicts(
    comparison: StudyResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every estimate, error and verdict, from CmdStan's files."""
    check_files(comparison, tmp_path)
    assert "NUTS reference" in capsys.readouterr().out


@pytest.mark.slow
def test_the_files_of_a_regression_get_its_verdicts(cmdstan_home: Path, tmp_path: Path) -> None:
    check_files(compared("regression", cmdstan_home, tmp_path / "store"), tmp_path)


@pytest.mark.slow
def test_the_trees_of_a_comparison_get_its_verdicts(
    comparison: StudyResult, tmp_path: Path
) -> None:
    """From netCDF, which keeps what the run said of itself, or under the titles of the fits."""
    reference = tmp_path / "reference.nc"
    comparison.fits["NUTS reference"].to_netcdf(reference)
    fits = {title: tree for title, tree in comparison.fits.items() if title != "NUTS reference"}
    result = harness.judge(fits, reference=reference)
    assert_same_judgements(result.table, comparison.table)
    assert result.verdicts.index.tolist() == comparison.verdicts.index.tolist()


@pytest.mark.slow
def test_advis_mean_is_no_draw(comparison: StudyResult, tmp_path: Path) -> None:
    files = files_of(comparison, tmp_path)
    result = harness.judge(files["ADVI"])
    assert result.fits["ADVI"]["posterior"].sizes["draw"] == 1000
    kept = comparison.fits["ADVI"]["posterior"]["rho"].to_numpy()
    assert np.array_equal(result.fits["ADVI"]["posterior"]["rho"].to_numpy(), kept)


def chain_file(folder: Path, comparison: StudyResult) -> Path:
    return Path(files_of(comparison, folder)["NUTS default"][0])


@pytest.mark.slow
def test_saved_warm_up_and_thinning_are_left_out(comparison: StudyResult, tmp_path: Path) -> None:
    plain = chain_file(tmp_path, comparison)
    text = plain.read_text()
    head, _, body = text.partition("lp__,")
    names, *rows = body.splitlines()
    warmed = tmp_path / "warm.csv"
    head = head.replace("save_warmup = false", "save_warmup = true").replace("thin = 1", "thin = 3")
    kept = [*rows[500:834], *rows[:334]]  # ceil(1000 / 3) of each
    warmed.write_text(f"{head}lp__,{names}\n" + "\n".join(kept) + "\n")
    draws = harness.judge(warmed).fits["NUTS"]["posterior"]["rho"].to_numpy().ravel()
    column = names.split(",").index("rho") + 1
    assert draws.tolist() == [float(row.split(",")[column]) for row in rows[:334]]


@pytest.mark.slow
def test_a_file_that_was_cut_off_is_judged_by_what_is_there(
    comparison: StudyResult, tmp_path: Path
) -> None:
    plain = chain_file(tmp_path, comparison)
    cut = tmp_path / "cut.csv"
    cut.write_text(plain.read_text()[:40_000])  # within a line
    lines = cut.read_text().splitlines()
    n_whole = sum(line[0] not in "#l" for line in lines) - 1
    said: list[str] = []
    result = harness.judge(cut, progress=said.append)
    assert result.fits["NUTS"]["posterior"].sizes["draw"] == n_whole
    assert f"{n_whole} of 1,000" in " ".join(said)


@pytest.mark.slow
def test_compressed_files_are_read(comparison: StudyResult, tmp_path: Path) -> None:
    plain = chain_file(tmp_path, comparison)
    packed = tmp_path / "any.name"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert harness.judge(packed).table.equals(harness.judge(plain).table)


def replaced(folder: Path, file: Path, *pairs: tuple[str, str]) -> str:
    text = file.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    other = folder / f"other_{len(list(folder.iterdir()))}.csv"
    other.write_text(text)
    return str(other)


#: What is given, made from a folder and a good file, and what the line about it has to tell.
WRONG: dict[str, tuple[Callable[[Path, Path], list[str]], str]] = {
    "missing": (lambda folder, _: [str(folder / "none.csv")], "none.csv"),
    "a folder": (lambda folder, _: [str(folder)], "folder"),
    "empty": (lambda folder, _: [made(folder, "e.csv", b"")], "e.csv"),
    "a picture": (lambda folder, _: [made(folder, "p.png", b"\x89PNG\0\0")], "p.png"),
    "settings": (lambda folder, _: [made(folder, "c.json", b'{"method": 1}')], "c.json"),
    "broken JSON": (lambda folder, _: [made(folder, "b.json", b'[{"mu": [')], "b.json"),
    "a table": (lambda folder, _: [made(folder, "t.csv", b",mu\n0,1\n")], "t.csv"),
    "no netCDF": (lambda folder, _: [made(folder, "n.nc", b"\x89HDF\r\n\x1a\n\0")], "n.nc"),
    "cut gzip": (
        lambda folder, file: [made(folder, "g.gz", gzip.compress(file.read_bytes())[:200])],
        "g.gz",
    ),
    "one point": (
        lambda folder, file: [replaced(folder, file, ("method = sample", "method = optimize"))],
        "optimize",
    ),
    "quantities": (
        lambda folder, file: [
            replaced(folder, file, ("method = sample", "method = generate_quantities"))
        ],
        "generate_quantities",
    ),
    "words": (lambda folder, file: [replaced(folder, file, (",0.0,", ",nought,"))], "nought"),
    "no names": (lambda folder, file: [replaced(folder, file, ("lp__,", "1,"))], "diagnostic"),
    "the ELBO": (lambda *_: [str(DATA / "advi" / "meanfield.elbo.csv")], "elbo"),
    "a chain twice": (lambda _, file: [str(file), str(file)], "1 and 2"),
    "another program's chain": (
        lambda folder, file: [str(file), replaced(folder, file, (",rho", ",phi"))],
        "phi",
    ),
    "a chain of another name": (
        lambda folder, file: [str(file), replaced(folder, file, ("ar1_model", "ar2_model"))],
        "ar2",
    ),
    "an unknown variable": (lambda _, file: [str(file), "--variables", "rh"], "rho"),
    "the reference itself": (
        lambda _, file: [str(file), "--reference", str(file)],
        "same draws",
    ),
    "another program's draws": (
        lambda folder, file: [
            str(file),
            "--reference",
            replaced(folder, file, (",rho", ",phi"), ("ar1_model", "ar2_model")),
        ],
        "phi",
    ),
}


def made(folder: Path, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


@pytest.mark.slow
@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_judged_is_refused_in_one_line(
    case: str, comparison: StudyResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, told = WRONG[case]
    arguments = make(tmp_path, chain_file(tmp_path, comparison))
    capsys.readouterr()
    assert main(["judge", *arguments]) == 2
    line = capsys.readouterr().err
    assert line.startswith("harness: ")
    assert line.count("\n") == 1
    assert told in line


@pytest.mark.slow
def test_chains_of_different_lengths_are_refused(comparison: StudyResult, tmp_path: Path) -> None:
    files = files_of(comparison, tmp_path)["NUTS default"]
    lines = Path(files[1]).read_text().splitlines()
    Path(files[1]).write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(DrawsError, match="999"):
        harness.judge(files)


@pytest.mark.slow
def test_cmdstanpys_four_kinds_of_fits_are_judged(cmdstan_home: Path) -> None:
    """Each by the draws that it has itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMDSTAN", str(cmdstan_home))
        program = Program(name="ar1", file=MODELS / "ar1.stan", parameters=())
        model = compile_program(program).model
    data = str(MODELS / "ar1.json")
    chains = model.sample(data, seed=3, show_progress=False)
    long = model.sample(data, seed=4, iter_sampling=2000, show_progress=False)
    mode = model.optimize(data, seed=3, jacobian=True)
    advi = model.variational(data, seed=3)
    path = model.pathfinder(data, seed=3)
    laplace = model.laplace_sample(data, mode=mode, seed=3)
    result = harness.judge([chains, advi, path, laplace], reference=long)
    own = {
        "NUTS default": chains.stan_variable("rho").reshape(4, 1000),
        "ADVI": np.atleast_2d(advi.stan_variable("rho", mean=False)),
        "Pathfinder": path.stan_variable("rho")[None],
        "Laplace": laplace.stan_variable("rho")[None],
    }
    assert list(result.fits) == ["NUTS reference", *own]
    for title, draws in own.items():
        assert np.array_equal(result.fits[title]["posterior"]["rho"].to_numpy(), draws)
    with pytest.raises(DrawsError, match="CmdStanMLE"):
        harness.judge(mode)
    Path(advi.runset.csv_files[0]).write_bytes(Path(chains.runset.csv_files[0]).read_bytes())
    with pytest.raises(DrawsError, match="sample"):
        harness.judge(advi)
    Path(advi.runset.csv_files[0]).unlink()
    with pytest.raises(DrawsError, match="gone"):
        harness.judge(advi)


AR1: dict[str, Any] = {"model": MODELS / "ar1.stan", "data": MODELS / "ar1.json"}


@pytest.mark.slow
def test_the_evidence_of_a_program_stands_in_for_a_reference(
    comparison: StudyResult, tmp_path: Path, cmdstan_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verdicts are those of the long chains, and each sentence says what is not excluded."""
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))
    files = files_of(comparison, tmp_path)
    said: list[str] = []
    given = [*files["ADVI"], *files["Laplace"], *files["NUTS default"]]
    result = harness.judge(given, **AR1, progress=said.append)
    own, theirs = (
        table[table["variant"] == "default"].set_index("method")["verdict"].to_dict()
        for table in (result.fits_table, comparison.fits_table)
    )
    assert own == theirs
    reasons = result.table.dropna(subset="mean_error_sd")["verdict_reason"].tolist()
    assert len(reasons) == 5  # of ADVI and Laplace weighted too
    assert all(NOT_EXCLUDED in reason for reason in reasons)
    assert any(line.startswith("search for modes") for line in said)
    assert result.fits_table["ksd"].notna().all()  # of chains too
    assert "points" in result.fits["NUTS"].children


@pytest.mark.slow
def test_log_densities_replace_those_of_a_file(
    comparison: StudyResult, tmp_path: Path, cmdstan_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They differ by a constant, so that weights are the same."""
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))
    files = files_of(comparison, tmp_path)
    plain = harness.judge(files["Laplace"], reference=files["NUTS reference"])
    evaluated = harness.judge(files["Laplace"], reference=files["NUTS reference"], **AR1)
    assert_frame_equal(judged_columns(evaluated.table), judged_columns(plain.table), rtol=1e-6)


@pytest.mark.slow
def test_draws_of_other_data_or_another_program_are_told(
    comparison: StudyResult, tmp_path: Path, cmdstan_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))
    files = files_of(comparison, tmp_path)
    other = json.loads((MODELS / "ar1.json").read_text())
    other["y"][0] += 1.0
    with pytest.raises(DrawsError, match="data"):
        harness.judge(files["NUTS default"], model=AR1["model"], data=other)
    with pytest.raises(DrawsError, match="data"):
        harness.judge(
            files["Laplace"], reference=files["NUTS reference"], model=AR1["model"], data=other
        )
    said: list[str] = []
    harness.judge(files["Laplace"], model=AR1["model"], data=other, progress=said.append)
    assert any("nats" in line for line in said)
    with pytest.raises(DrawsError, match="rho"):
        harness.judge(draws_of(1), **AR1)
    with pytest.raises(DrawsError, match="model"):
        harness.judge(files["Laplace"], data=other)


def test_a_program_without_data_tells_what_its_parameters_are(
    cmdstan_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is computed from parameters is judged, but not together with them."""
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))

    def draws(seed: int) -> dict[str, Floats]:
        z = standard(seed, 4, 500, 8)
        return {"mu": z[..., 0], "tau": z[..., 1], "z": z, "theta": z**3, "y_rep": z}

    model = MODELS / "schools_noncentred.stan"
    said: list[str] = []
    result = harness.judge(draws(1), reference=draws(2), model=model, progress=said.append)
    assert not result.table["parameter"].str.startswith("y_rep").any()
    assert result.table["parameter"].str.startswith("theta").any()
    assert {item.program.parameters for item in result.fitted} == {("mu", "tau", "z")}
    assert any("y_rep" in line for line in said)


def test_other_variables_of_a_tree_are_named(reference: dict[str, Floats]) -> None:
    tree = arviz_base.from_dict(
        {
            "posterior": {
                **draws_of(2),
                "mu_log__": standard(7, 4, 500),
                "counts": np.ones((4, 500, 2), dtype=int),
            },
            "posterior_predictive": {"y": standard(8, 4, 500, 5)},
            "sample_stats": {"diverging": np.zeros((4, 500), dtype=bool)},
        }
    )
    said: list[str] = []
    result = harness.judge(
        tree, reference={**reference, "tau": standard(9, 4, 1000)}, progress=said.append
    )
    assert result.verdicts.loc["fit"].to_dict() == dict.fromkeys(
        ["whole fit", "mu", "theta[1]", "theta[2]", "theta[3]"], "trust"
    )
    assert any("counts, mu_log__" in line for line in said)
    assert any("tau" in line for line in said)


def test_elements_are_matched_by_name_however_they_are_written(tmp_path: Path) -> None:
    """As an array, as scalars with brackets, in JSON with dots; in part, in another order."""
    draws, reference = draws_of(3, n_draws=100), draws_of(4)
    scalars = {f"theta[{i}]": draws["theta"][..., i - 1] for i in (3, 1, 2)}
    file = tmp_path / "draws.json"
    chains = [
        {f"theta.{i + 1}": draws["theta"][c, :, i].tolist() for i in range(3)} for c in range(4)
    ]
    file.write_text(json.dumps(chains))
    whole = harness.judge({"a": {"theta": draws["theta"]}}, reference=reference).table
    errors = whole.set_index("parameter").loc[["theta[1]", "theta[2]", "theta[3]"], "mean_error_sd"]
    for given in (scalars, file, {"theta[2]": scalars["theta[2]"]}):
        table = harness.judge({"a": given}, reference=reference).table
        found = table[table["method"] == "a"].set_index("parameter")["mean_error_sd"]
        expected = errors.dropna().loc[list(found.index)]
        assert found.to_dict() == expected.to_dict()
        assert len(found) == (1 if isinstance(given, dict) and len(given) == 1 else 3)


def test_complex_draws_are_judged_by_their_parts() -> None:
    first, second = ({"z": standard(s, 4, 500) + 1j * standard(s + 1, 4, 500)} for s in (20, 30))
    verdicts = harness.judge(first, reference=second).verdicts.loc["fit"]
    assert verdicts.to_dict() == dict.fromkeys(["whole fit", "z.real", "z.imag"], "trust")


def test_what_draws_are_is_asked_where_nothing_tells() -> None:
    lone, reference = draws_of(5, n_chains=1, n_draws=100), draws_of(6)
    with pytest.raises(DrawsError, match="independent"):
        harness.judge(lone, reference=reference)
    independent = harness.judge(lone, reference=reference, kind="independent")
    assert independent.table["r_hat"].isna().tolist() == [False] * 4 + [True] * 4
    said: list[str] = []
    harness.judge(draws_of(5, n_draws=100), reference=reference, progress=said.append)
    assert any("4 Markov chains" in line for line in said)


def test_an_error_is_found(reference: dict[str, Floats]) -> None:
    shifted = draws_of(6)
    shifted["mu"] = shifted["mu"] + 1.0
    result = harness.judge(shifted, reference=reference, kind="independent")
    assert result.verdicts.loc["fit", "mu"] == "do not trust"
    assert result.verdicts.loc["fit", "theta[1]"] == "trust"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (None, "NoneType"),
        ([], "fit"),
        ({"mu": np.zeros(10)}, "(10,)"),
        ({"mu": [[1.0, 2.0], [3.0]]}, "mu"),
        ({"mu": np.zeros((2, 9)), "tau": np.zeros((2, 8))}, "(2, 8)"),
        ({"mu": np.zeros((2, 3))}, "3 draws"),
        ({"reference": {"mu": np.zeros((2, 9))}}, "'reference'"),
        ({" ": {"mu": np.zeros((2, 9))}}, "' '"),
        (xr.Dataset({"mu": (("chain", "draw"), np.full((2, 9), "a"))}), "chain and draw"),
        (xr.DataTree.from_dict({"prior": xr.Dataset()}), "prior"),
    ],
)
def test_other_objects_are_refused(given: object, told: str) -> None:
    with pytest.raises(DrawsError) as caught:
        harness.judge(given)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_variable_of_another_shape_is_told_by_its_elements() -> None:
    rng = np.random.default_rng(2)
    one, two = rng.standard_normal((4, 50)), rng.standard_normal((4, 50, 12))
    with pytest.raises(DrawsError, match=r"'mu' .*'mu' against 'mu\[1\]' to 'mu\[12\]'"):
        harness.judge({"mu": one}, reference={"mu": two})


def test_infinite_draws_are_told_without_a_warning() -> None:
    rng = np.random.default_rng(3)
    infinite = np.full((4, 50), np.inf)
    result = harness.judge({"mu": infinite}, reference={"mu": rng.standard_normal((4, 1000))})
    assert result.verdicts.loc["fit", "mu"] == "unknown"

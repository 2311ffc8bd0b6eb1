"""Fixtures that several test files share."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from harness.cmdstan import install_home
from harness.data.dataset import Dataset, make_dataset
from harness.methods import Problem
from harness.program.compilation import CompiledProgram, compile_program
from tests.cases import gaussian_program, gaussian_rows, mixture_program
from tests.rows_library import RowsLibrary, build_library

#: Files whose tests share what is measured and drawn once a process.
FABRICATED = {
    *("test_api", "test_console", "test_display", "test_gain", "test_measuring", "test_plot"),
    *("test_report", "test_report_browser", "test_report_html", "test_report_many"),
    *("test_report_notes", "test_report_verdicts", "test_survival"),
}
#: What takes longest begins first, so that workers end at nearly the same time: of the fast tests,
#: then of the slow ones.
LONGEST = (
    *("fabricated", "test_methods", "test_filed_rows", "test_cmdstan_driver", "test_isolation"),
    *("test_bench_parts", "test_compare", "test_rows", "test_calibrate", "test_resilience"),
    *("test_bad_input", "test_contributing", "test_tutorial", "test_judge", "test_densities"),
    *(
        "test_subsample_methods",
        "test_odd_programs",
        "test_cmdstanpy_api",
        "test_evidence_reference",
    ),
    *("test_summary", "test_vi", "test_fit_command", "test_cli", "test_warm_start", "test_dadvi"),
)


def group_of(node_id: str) -> str:
    """The tests that one worker runs: those of a file, and of files that share what is slow."""
    stem = Path(node_id.partition("::")[0]).stem
    return "fabricated" if stem in FABRICATED else stem


class Groups(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out tests group by group.

    xdist's own ``--dist loadgroup`` writes groups into test ids, where pytest 9.2 drops them.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups | None:
    return Groups(config, log) if config.getoption("dist") == "loadscope" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest where there are several workers."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        places = {name: place for place, name in enumerate(LONGEST)}
        items.sort(key=lambda item: places.get(group_of(item.nodeid), len(places)))


@pytest.fixture(scope="session")
def cmdstan_home() -> Path:
    """The CmdStan home that is built from wheels, whichever CmdStan a user has beside it."""
    return install_home()


@pytest.fixture(scope="session")
def mixture(cmdstan_home: Path) -> Iterator[Callable[[str], CompiledProgram]]:
    """Compile a shipped mixture program by its name, with the wheel-built home."""

    @cache
    def compiled(name: str) -> CompiledProgram:
        return compile_program(mixture_program(name))

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMDSTAN", str(cmdstan_home))
        yield compiled


@pytest.fixture(scope="session")
def gaussian(cmdstan_home: Path) -> Callable[[float], Problem]:
    """The Gaussian problem with a correlation of the rows' coordinates."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMDSTAN", str(cmdstan_home))
        compiled = compile_program(gaussian_program(rho=0.0))

    def problem(rho: float) -> Problem:
        program = dataclasses.replace(compiled, program=gaussian_program(rho=rho))
        return Problem(program=program, dataset=gaussian_rows())

    return problem


@pytest.fixture(scope="session")
def small() -> Dataset:
    """The notebook's 100 rows."""
    return make_dataset("small", generator="notebook_small")


@pytest.fixture(scope="session")
def rows_library(tmp_path_factory: pytest.TempPathFactory) -> RowsLibrary:
    """The C++ that reads rows from files and draws batches of them, without Stan."""
    return build_library(tmp_path_factory.mktemp("rows_library"))


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results without figures, which take longest to draw, for tests that look at none."""
    # by name: the process that only hands out tests imports this file too
    none = {"captions.json": b"[]"}
    monkeypatch.setattr("harness.api.result.drawn_figures", lambda *_, **__: none)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 kB, where one may be mounted."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("no file system may be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)

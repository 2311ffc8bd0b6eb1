"""Densities out of a makefile with a release's rules, and out of one with second derivatives."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from harness.program.compilation import compile_density, compile_program
from harness.program.log_density import Density, RowBlocks
from tests.row_programs import row_data, row_program

pytestmark = pytest.mark.slow

#: How a CmdStan release makes a program: two pattern rules, make's own variables, without threads.
RELEASE = """CMDSTAN_VERSION := 2.39.0
STANCFLAGS ?=
-include make/local
CXX = {compiler}
LDLIBS += {libraries}
%.hpp : %.stan bin/stanc
\tbin/stanc $(STANCFLAGS) --o=$@ $<
.PRECIOUS: %.hpp
% : %.hpp
\t@echo '--- Compiling C++ code ---'
\t$(COMPILE.cpp) $(CXXFLAGS_PROGRAM) -x c++ -o $*.o $<
\t$(LINK.cpp) $*.o {objects} $(LDLIBS) -o $@
\trm $*.o
"""
#: A symbol that the user's own settings put into every executable.
OF_USER = "of_make_local"


@pytest.fixture(scope="module")
def release(cmdstan_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that looks like a CmdStan release, with the wheel-built home's parts."""
    folder = tmp_path_factory.mktemp("release")
    told = subprocess.run(
        ["make", "-s", "compile_info"], cwd=cmdstan_home, capture_output=True, text=True, check=True
    )
    compiler, _, libraries = told.stdout.strip().partition(" -L lib")
    # the first objects are those without threads; others are made on demand
    built = (cmdstan_home / "obj").glob("*/main.o")
    objects = min(built, key=lambda file: file.stat().st_mtime).parent
    (folder / "makefile").write_text(
        RELEASE.format(
            compiler=compiler,
            objects=f"{objects}/*.o",
            libraries=f"-L lib{libraries} -Wl,-rpath,{cmdstan_home}/lib",
        )
    )
    (folder / "make").mkdir()
    (folder / "make" / "local").write_text(f"LDLIBS = -Wl,--defsym={OF_USER}=0\n")
    for name in ("bin", "include", "lib"):
        (folder / name).symlink_to(cmdstan_home / name)
    return folder


def test_a_release_serves_as_well(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMDSTAN", str(release))
    compiled = compile_program(row_program("logit"))
    assert OF_USER.encode() in compiled.executable.read_bytes()
    points = np.random.default_rng(1).normal(size=(3, 4))
    with (
        Density(compiled.executable, row_data("logit")) as density,
        RowBlocks(density, "N", [np.arange(24)]) as blocks,
    ):
        found = blocks.gradient(points)
        np.testing.assert_array_equal(found.value[0], density.gradient(points).value)


def test_curvature_by_autodiff_is_that_of_the_differences(
    cmdstan_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMDSTAN", str(cmdstan_home))
    rng = np.random.default_rng(1)
    points, vectors = rng.normal(size=(2, 5, 4))
    products = []
    for exact in (True, False):
        executable = compile_density(row_program("logit"), exact_curvature=exact)
        with Density(executable, row_data("logit")) as density:
            assert density.has_exact_curvature is exact
            products.append(density.hessian_vector(points, vectors))
    np.testing.assert_allclose(products[0], products[1], rtol=1e-9, atol=1e-9)
    x = np.column_stack([np.ones(24), row_data("logit")["X"]])
    share = 1 / (1 + np.exp(-points @ x.T))
    hessians = -np.einsum("pn,ni,nj->pij", share * (1 - share), x, x) - np.eye(4) / 2.5**2
    expected = np.einsum("pij,pj->pi", hessians, vectors)
    np.testing.assert_allclose(products[0], expected, rtol=1e-12, atol=1e-12)

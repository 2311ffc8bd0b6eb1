"""What `conftest` says to several workers: the tests of a file stay together."""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

CONFTEST = "from tests.conftest import pytest_xdist_make_scheduler\n"
WRITES = """
import os, pathlib, time, pytest
@pytest.mark.parametrize("i", range(8))
def test_it(i, request):
    time.sleep(0.01)
    file = pathlib.Path(__file__).with_suffix(".txt")
    with file.open("a") as told:
        told.write(os.environ["PYTEST_XDIST_WORKER"] + "\\n")
"""


@pytest.mark.slow
def test_a_file_has_one_worker_and_files_that_share_have_one_too(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {Path(__file__).parent.parent}\n")
    for name in ("test_one", "test_other", "test_api", "test_report"):
        (tmp_path / f"{name}.py").write_text(WRITES)
    options = ["-n", "2", "--dist", "loadscope", "--no-loadscope-reorder", "-q"]
    subprocess.run([sys.executable, "-m", "pytest", *options], cwd=tmp_path, check=True)
    workers = defaultdict(set)
    for file in tmp_path.glob("*.txt"):
        workers[file.stem] = set(file.read_text().split())
    assert {len(found) for found in workers.values()} == {1}
    assert workers["test_api"] == workers["test_report"]
    assert len(set.union(*workers.values())) == 2

"""What is told of CmdStan when it fails."""

from pathlib import Path

import pytest

from harness.errors import FitError
from harness.methods.cmdstan_run import run_cmdstan, timed_call

BANNER = "method = sample\n  id = 1\n\n"


def cmdstanpy_message(console: Path, *, told: str, codes: str) -> str:
    """A message as cmdstanpy 1.3 words it."""
    return (
        f"Error during sampling:\n{told}\nCommand and output files:\nRunSet: chains=2\n"
        f" retcodes=[{codes}]\n console_msgs (if any):\n\t{console}\nConsider re-running\n"
    )


@pytest.mark.parametrize(
    ("told", "codes", "printed", "reason"),
    [
        ("Exception: bad data", "1", BANNER, "CmdStan ended with code 1: Exception: bad data"),
        (
            "",
            "1",
            f"{BANNER}Rejecting initial value:\n\nInitialization failed.\n Try others.\n",
            "CmdStan ended with code 1: Initialization failed. Try others.",
        ),
        ("", "0, -9", BANNER, "CmdStan ended with code -9 (SIGKILL): CmdStan did not say why"),
        (
            "",
            "-11",
            f"{BANNER}Chain [1] Iteration: 100 / 200\n",
            "CmdStan ended with code -11 (SIGSEGV): CmdStan did not say why",
        ),
        ("it broke", "0, 0", BANNER, "Error during sampling: it broke"),
    ],
)
def test_failure_of_cmdstanpy_tells_the_cause(
    tmp_path: Path, told: str, codes: str, printed: str, reason: str
) -> None:
    console = tmp_path / "a console.txt"
    console.write_text(printed)

    def fail() -> None:
        raise RuntimeError(cmdstanpy_message(console, told=told, codes=codes))

    with pytest.raises(FitError) as caught:
        timed_call(fail)
    assert str(caught.value) == reason


def test_the_console_of_the_process_that_failed_is_read(tmp_path: Path) -> None:
    for process, words in enumerate(("all well", "out of luck", "never ran")):
        console = tmp_path / f"model-20260101_{process}-stdout.txt"
        console.write_text(f"{BANNER}{words}\n")

    def fail() -> None:
        first = tmp_path / "model-20260101_0-stdout.txt"
        raise RuntimeError(cmdstanpy_message(first, told="", codes="0, 70, -1"))

    with pytest.raises(FitError, match=r" 70: out of luck$"):
        timed_call(fail)


def test_failure_without_a_console_is_told(tmp_path: Path) -> None:
    def fail() -> None:
        raise RuntimeError(cmdstanpy_message(tmp_path / "none.txt", told="", codes="3"))

    with pytest.raises(FitError, match="code 3:"):
        timed_call(fail)


def test_process_that_fails_tells_once_what_it_complained_of() -> None:
    with pytest.raises(FitError, match=r"code 4: no \ufffd way$"):
        run_cmdstan(["sh", "-c", r"printf 'no \377 way\nno \377 way\n' >&2; exit 4"])

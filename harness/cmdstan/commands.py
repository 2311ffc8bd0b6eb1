"""What `harness cmdstan ...` does, without printing."""

from collections.abc import Callable

from harness.cmdstan import doctor as examine
from harness.cmdstan.doctor import DoctorReport
from harness.cmdstan.home import homes_folder, remove_homes
from harness.cmdstan.location import CmdStanLocation, ensure_cmdstan, find_cmdstan
from harness.cmdstan.release import install_release
from harness.errors import CmdStanMissingError


def path() -> str:
    """Return the folder of the CmdStan that would be used.

    Raises
    ------
    CmdStanMissingError
        There is none yet, or ``$CMDSTAN`` names none.
    """
    found = find_cmdstan()
    if found is None:
        raise CmdStanMissingError("there is no CmdStan yet; harness cmdstan install builds one")
    return str(found.path)


def install(
    *,
    release: bool,
    report: Callable[[str], None],
    ensure: Callable[[Callable[[str], None]], CmdStanLocation] = ensure_cmdstan,
) -> str:
    """See to it that there is a CmdStan: build the home unless one is found, or install a release.

    Parameters
    ----------
    release
        Run cmdstanpy's own installer instead.
    report
        Told of each step.
    ensure
        Finds a CmdStan or builds the home, and whatever else is compiled meanwhile.

    Returns
    -------
    str
        One line: which CmdStan is ready now, and why that one.

    Raises
    ------
    HarnessError
        As :func:`harness.cmdstan.home.install_home` and
        :func:`harness.cmdstan.release.install_release`.
    """
    if release:
        installed = install_release(report)
        return f"CmdStan release ready in {installed}"
    found = ensure(report)
    return f"CmdStan {found.version} ready in {found.path} ({found.reason})"


def doctor() -> DoctorReport:
    """Return the state of things; see :func:`harness.cmdstan.doctor.doctor`."""
    return examine()


def clean(report: Callable[[str], None]) -> str:
    """Remove all wheel-built homes; models compiled with them stop working.

    Returns
    -------
    str
        One line: what was removed.

    Raises
    ------
    CacheFolderError
        The cache folder cannot be written.
    """
    removed = remove_homes(report)
    names = ", ".join(home.name for home in removed) or "nothing"
    return f"removed {names} from {homes_folder()}"

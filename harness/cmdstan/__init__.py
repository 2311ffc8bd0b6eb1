"""A CmdStan to compile models with: one that is there, or a home built from the httpstan wheel.

- `find_cmdstan`, `ensure_cmdstan`, `CmdStanLocation`: which CmdStan is used, and why
- `Beside`: what is compiled while a home is built
- `home_path`, `install_home`, `remove_homes`: the home in the user's cache folder
- `install_release`: a release from CmdStan's own pages instead
- `doctor`, `DoctorReport`: what is missing
"""

import logging

from harness.cmdstan.build import Beside
from harness.cmdstan.doctor import DoctorReport, doctor
from harness.cmdstan.home import home_path, install_home, remove_homes
from harness.cmdstan.location import CmdStanLocation, ensure_cmdstan, find_cmdstan
from harness.cmdstan.release import install_release

__all__ = [
    "Beside",
    "CmdStanLocation",
    "DoctorReport",
    "doctor",
    "ensure_cmdstan",
    "find_cmdstan",
    "home_path",
    "install_home",
    "install_release",
    "remove_homes",
]

# cmdstanpy logs to the console unless somebody handles its log; what it says there, the harness
# says in its own words.  Who wants the log adds a handler.
logging.getLogger("cmdstanpy").addHandler(logging.NullHandler())

"""The header around a translated program that supplies its ``new_model``.

CmdStan's main reads the data and calls ``new_model``, which stanc defines at the end of each
translated program.  The generated header renames that definition and supplies another: without the
harness's own settings it returns the same model; with them it serves the program's density.  The
translated program stays as it is but for one line, which makes the table of its axes a friend.
"""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from harness.errors import ProgramError
from harness.program.axes import Along, ProgramAxis

#: The C++ that goes into every executable.
CPP_FOLDER = Path(__file__).parent / "cpp"

_BEGIN = """\
#define new_model harness_new_model_of_program
struct harness_axes;
#include "{translated}"
#undef new_model
#include "{serve}"
struct harness_axes {{
  static harness::Axes<stan_model> all() {{
    using namespace harness;
    using Model = stan_model;
    return {{
"""
_END = """\
    };
  }
};
stan::model::model_base& new_model(stan::io::var_context& data, unsigned int seed,
                                   std::ostream* messages) {
  return harness::make_model<stan_model>(data, seed, messages, harness_axes::all);
}
"""
_EXACT = "#define HARNESS_EXACT_CURVATURE\n"
_CLASS = re.compile(r"^class (\w+) final : public model_base_crtp<\1> \{$", re.MULTILINE)
_FRIEND = "\n  friend struct ::harness_axes;"


def cpp_digest() -> str:
    """Return the SHA-256 of the C++ that goes into every executable."""
    hasher = hashlib.sha256(f"{_BEGIN}{_FRIEND}{_END}".encode())
    for file in sorted(CPP_FOLDER.glob("*.?pp")):
        hasher.update(file.read_bytes())
    return hasher.hexdigest()


def wrap_file(header: Path, axes: Iterable[ProgramAxis], *, exact_curvature: bool = False) -> None:
    """Put the header around a translated program into its place, and the program beside it.

    A program whose C++ is of no known form is left as it is: its executable is CmdStan's and
    serves no density.

    Parameters
    ----------
    header : Path
        The C++ that stanc wrote.
    axes : iterable of ProgramAxis
        Axes whose rows are to be gathered.
    exact_curvature : bool
        Whether the Hessian is to be computed by autodiff, for which the whole program is compiled
        once more, with second derivatives.
    """
    translated = header.read_text(encoding="utf-8")
    try:
        befriended = befriend(translated)
    except ProgramError:
        return
    beside = header.with_name("harness_translated.hpp")
    beside.write_text(befriended, encoding="utf-8")
    wrapped = wrap(translated, axes, name=beside.name)
    header.write_text(_EXACT + wrapped if exact_curvature else wrapped, encoding="utf-8")


def befriend(translated: str) -> str:
    """Return a translated program whose class lets the table of axes see its members.

    Parameters
    ----------
    translated : str
        The C++ that stanc wrote.

    Returns
    -------
    str

    Raises
    ------
    ProgramError
        If it has no class of the form that stanc writes.
    """
    found = _CLASS.search(translated)
    if found is None:
        raise ProgramError(
            "stanc wrote C++ in which the program's class cannot be found; use a CmdStan from "
            "2.30 to 2.39"
        )
    return translated[: found.end()] + _FRIEND + translated[found.end() :]


def wrap(translated: str, axes: Iterable[ProgramAxis], *, name: str) -> str:
    """Return the header around a translated program.

    Parameters
    ----------
    translated : str
        The C++ that stanc wrote.
    axes : iterable of ProgramAxis
        Axes whose rows are to be gathered.
    name : str
        The file that holds the translated program, beside the header.

    Returns
    -------
    str
    """
    members = translated[: translated.find(" public:\n")]
    rows = [_axis(axis, members) for axis in axes]
    begin = _BEGIN.format(translated=name, serve=CPP_FOLDER / "serve.hpp")
    return begin + "".join(f"      {row},\n" for row in rows) + _END


def _axis(axis: ProgramAxis, members: str) -> str:
    """Write the C++ of an axis."""
    gathered = [_member(variable.name, variable.along, members) for variable in axis.variables]
    size = _own_name(axis.name, members)
    return f'axis<Model>("{axis.name}", &Model::{size}, {", ".join(gathered)})'


def _member(variable: str, along: Along, members: str) -> str:
    """Write the C++ of a member along an axis."""
    name = _own_name(variable, members)
    if f" {name}_data__;" in members:
        return f"mapped(&Model::{name}_data__, &Model::{name}, {_along(along)})"
    return f"held(&Model::{name}, {_along(along)})"


def _own_name(variable: str, members: str) -> str:
    """Return a variable's name in C++, where stanc renames those that C++ reserves."""
    renamed = f"_stan_{variable}"
    is_renamed = any(f" {renamed}{end}" in members for end in (";", "_data__;"))
    return renamed if is_renamed else variable


def _along(along: Along) -> str:
    """Write the C++ of where an axis lies in a variable."""
    dimensions = ", ".join(map(str, along.dimensions))
    parts = ", ".join(_along(part) for part in along.parts)
    return f"Along{{{{{dimensions}}}, {{{parts}}}}}"

"""What compiles programs, and for which processor.

CmdStan compiles for no processor in particular.  A program may ask for this machine's: its own
object is then made with ``-march=native``, and linked with the objects that all programs share.
Eigen aligns memory as the widest vectors that it knows like it, and who frees memory must know how
it was aligned.  So the native object has the alignment of the shared ones: the upper limit that
Eigen takes holds for what lies in other things, but memory of its own is aligned by what the
compiler defines, so Eigen must not see that there are wider vectors.  The compiler itself does.
"""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.cmdstan.guarded import GuardedCommands
from harness.errors import ProgramError
from harness.program.make_command import run_make
from harness.program.stanc import plain_folder

#: Settings of the environment that CmdStan's makefile takes, beside its ``make/local``.
_MAKE_VARIABLES = (
    *("CXX", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "LDLIBS", "O", "STANCFLAGS"),
    *("STAN_THREADS", "STAN_OPENCL", "STAN_MPI", "STAN_CPP_OPTIMS", "STAN_NO_RANGE_CHECKS"),
)
#: How a model's own object is compiled: by a release's rules, or by those of the wheel-built home.
COMPILE = "$(or $(COMPILE),$(COMPILE.cpp)) $(filter -m% -D%,$(CXXFLAGS_PROGRAM))"
#: Commands that compile a model, in the home and in a release; set for one target alone, without
#: what the target is linked with.
_COMPILERS = ("COMPILE", "CXXFLAGS_PROGRAM")
_FOR_THIS_MACHINE = "-march=native"
#: stanc's optimiser: vectors of parameters without a copy for each element, for example.
_STANC = "--O1"
#: Of the preprocessor's output, the line with Eigen's alignment of memory of its own.
_MARK = "harness_alignment"
_ASKED = f"#include <Eigen/Core>\n{_MARK} EIGEN_DEFAULT_ALIGN_BYTES\n"
#: What Eigen must not see where memory is aligned to so many bytes.
_WIDER = {16: ("__AVX__", "__AVX512F__"), 32: ("__AVX512F__",)}


@dataclass(frozen=True, kw_only=True)
class Native:
    """What it means to compile for this machine.

    Attributes
    ----------
    flags : str
        The compiler's.
    processor : str
        SHA-256 of what the compiler defines for this machine, and for no other kind.
    """

    flags: str
    processor: str

    @property
    def words(self) -> str:
        """All flags, as tables show them."""
        return f"{self.flags}, stanc {_STANC}"


@dataclass(frozen=True, kw_only=True)
class Flags:
    """What compiles a program.

    Attributes
    ----------
    shared : str
        Version and compiler settings of the CmdStan, which decide all objects but the program's.
    native : Native or None
        Set for a program that is compiled for this machine.
    """

    shared: str
    native: Native | None = None

    @property
    def compiled_with(self) -> str:
        """What decides the program's executable."""
        if self.native is None:
            return self.shared
        return f"{self.shared}\n{self.native.words} {self.native.processor}"

    @property
    def stanc(self) -> list[str]:
        """Further flags of stanc."""
        return [] if self.native is None else [_STANC]

    def lines(self, executable: Path) -> tuple[str, ...]:
        """Return a makefile's lines that compile an executable's own object."""
        if self.native is None:
            return ()
        return tuple(f"{executable}: private {name} += {self.native.flags}" for name in _COMPILERS)


def find_flags(cmdstan: Path, version: str, *, native: bool) -> Flags:
    """Look up what will compile a program.

    Parameters
    ----------
    cmdstan : Path
    version : str
        Its version.
    native : bool
        Whether to compile for this machine.

    Raises
    ------
    ProgramError
        If the compiler cannot.
    """
    shared = f"{version}\n{_local_flags(cmdstan)}{_environment_flags()}"
    return Flags(shared=shared, native=_native(cmdstan, shared) if native else None)


def settings_in_words(cmdstan: Path, flags: Flags) -> str:
    """Return whose flags compile a program: CmdStan's own, and what is added to them.

    A user's settings are named, not shown: they may tell of his folders.
    """
    parts = ["CmdStan's"]
    parts += ["make/local"] if _local_flags(cmdstan).strip() else []
    parts += [name for name in _MAKE_VARIABLES if os.environ.get(name)]
    parts += [flags.native.words] if flags.native else []
    return ", ".join(parts)


def _local_flags(cmdstan: Path) -> str:
    """Return the user's compiler settings of a CmdStan, empty if there are none."""
    local = cmdstan / "make" / "local"
    return local.read_text() if local.is_file() else ""


def _environment_flags() -> str:
    """Return the compiler settings of the environment, which make reads; usually none."""
    given = [f"\n{name}={os.environ[name]}" for name in _MAKE_VARIABLES if os.environ.get(name)]
    return "".join(given)


@cache
def _native(cmdstan: Path, _shared: str) -> Native:
    """Find the flags for this machine, and what the compiler defines by them.

    Raises
    ------
    ProgramError
        If the compiler knows no such flags, or memory would be aligned in two ways.
    """
    n_bytes = _alignment(_preprocessed(cmdstan, f"{COMPILE} -E", _ASKED))
    hidden = "".join(f" -U{name}" for name in _WIDER.get(n_bytes, ()))
    flags = f"{_FOR_THIS_MACHINE}{hidden} -DEIGEN_MAX_ALIGN_BYTES={n_bytes}"
    found = _alignment(_preprocessed(cmdstan, f"{COMPILE} {flags} -E", _ASKED))
    if found != n_bytes:
        raise ProgramError(
            f"with {flags} Eigen aligns memory to {found} bytes, but CmdStan's objects to "
            f"{n_bytes}; leave 'native' out"
        )
    macros = _preprocessed(cmdstan, f"$(CXX) {_FOR_THIS_MACHINE} -E -dM", "")
    processor = "\n".join(sorted(macros.splitlines()))
    return Native(flags=flags, processor=hashlib.sha256(processor.encode()).hexdigest())


def _preprocessed(cmdstan: Path, command: str, source: str) -> str:
    """Have a source preprocessed by a command of CmdStan's makefile, which knows who compiles."""
    with tempfile.TemporaryDirectory(prefix="harness-native-", dir=plain_folder()) as name:
        target = Path(name) / "native.i"
        file = target.with_suffix(".cpp")
        file.write_text(source)
        rule = (f"{target}: {file}", f"\t{command} -o $@ $<")
        error = run_make(target, cmdstan=cmdstan, commands=GuardedCommands(), lines=rule)
        if error is not None:
            raise ProgramError(
                f"the compiler takes no {_FOR_THIS_MACHINE}: {error}; leave 'native' out"
            )
        return target.read_text(errors="replace")


def _alignment(preprocessed: str) -> int:
    """Return the alignment that the preprocessor found, in bytes."""
    told = next(line for line in preprocessed.splitlines() if line.startswith(_MARK))
    return int(told.removeprefix(_MARK).strip(" ()"))

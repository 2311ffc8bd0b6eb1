"""What the comments of a CmdStan file say of the run that wrote it (pure)."""

from collections.abc import Iterable, Mapping

from harness.errors import HarnessError
from harness.methods import METHODS, Method, make_method

#: CmdStan's options by those of the harness's methods: where they stand, and their type.
_OPTIONS: Mapping[str, Mapping[str, tuple[str, type]]] = {
    "nuts": {
        "n_warmup": ("method.sample.num_warmup", int),
        "n_draws": ("method.sample.num_samples", int),
        "adapt_delta": ("method.sample.adapt.delta", float),
        "max_tree_depth": ("method.sample.algorithm.hmc.engine.nuts.max_depth", int),
        "metric": ("method.sample.algorithm.hmc.metric", str),
        "init_radius": ("init", float),
    },
    "advi": {
        "max_iterations": ("method.variational.iter", int),
        "grad_samples": ("method.variational.grad_samples", int),
        "elbo_samples": ("method.variational.elbo_samples", int),
        "adapt_iterations": ("method.variational.adapt.iter", int),
        "tol_rel_obj": ("method.variational.tol_rel_obj", float),
        "eval_elbo": ("method.variational.eval_elbo", int),
        "n_draws": ("method.variational.output_samples", int),
    },
    "pathfinder": {
        "n_paths": ("method.pathfinder.num_paths", int),
        "max_lbfgs_iterations": ("method.pathfinder.max_lbfgs_iters", int),
        "history_size": ("method.pathfinder.history_size", int),
        "n_elbo_draws": ("method.pathfinder.num_elbo_draws", int),
        "n_draws_per_path": ("method.pathfinder.num_draws", int),
        "n_draws": ("method.pathfinder.num_psis_draws", int),
        "init_radius": ("init", float),
    },
    "laplace": {"n_draws": ("method.laplace.draws", int)},
}
_DEFAULT = " (Default)"
_TRUE = frozenset({"1", "true"})


class Config:
    """The settings at the head of a CmdStan file.

    Parameters
    ----------
    lines : iterable of str
        The comments before the names of the columns, each without its ``#``.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._values: dict[str, str] = {}
        above: list[tuple[int, str]] = []
        for line in lines:
            text = line.strip()
            name, sets, value = (part.strip() for part in text.partition("="))
            if not name or (" " in name and sets):
                continue
            depth = len(line) - len(line.lstrip())
            above = [item for item in above if item[0] < depth]
            above.append((depth, name))
            if sets:
                self._values.setdefault(
                    ".".join(each for _, each in above), value.removesuffix(_DEFAULT).strip()
                )

    def text(self, path: str) -> str:
        """Return a setting by its place, as ``method.sample.thin``; empty if it is not there."""
        return self._values.get(path, "")

    def flag(self, path: str) -> bool:
        """Whether a setting is on."""
        return self.text(path).lower() in _TRUE

    def count(self, path: str, default: int) -> int:
        """Return a whole number that is not negative."""
        text = self.text(path)
        return int(text) if text.isdecimal() else default

    @property
    def method(self) -> str:
        """CmdStan's name of the method: ``sample``, ``variational``, …; empty of other files."""
        return self.text("method")

    @property
    def program(self) -> str:
        """The program's name."""
        return self.text("model").removesuffix("_model")

    @property
    def stan_version(self) -> str:
        """Stan's version, as ``2.39.0``."""
        parts = [self.text(f"stan_version_{part}") for part in ("major", "minor", "patch")]
        return ".".join(part for part in parts if part)

    @property
    def n_digits(self) -> int:
        """Significant digits of the numbers in the file."""
        return self.count("output.sig_figs", 6)  # -1 stands for C++'s own default

    def harness_method(self, *, n_chains: int = 1) -> Method | None:
        """Return the harness's method with the options of the run.

        Parameters
        ----------
        n_chains : int
            Files that are chains of one run.

        Returns
        -------
        Method or None
            None of a method that the harness does not have, as CmdStan's static HMC.
        """
        name = self._harness_name()
        if name is None:
            return None
        found = {
            option: value
            for option, (path, kind) in _OPTIONS[name.removesuffix("_fullrank")].items()
            if (value := _converted(self.text(path), kind)) is not None
        }
        found |= self._further(name, n_chains)
        try:
            return make_method(name, found)
        except HarnessError:  # CmdStan allows what the harness does not: no warm-up, say
            return make_method(name, {})

    def _harness_name(self) -> str | None:
        names = {"variational": "advi", "pathfinder": "pathfinder", "laplace": "laplace"}
        name = names.get(self.method)
        if self.method == "sample" and self.text("method.sample.algorithm.hmc.engine") == "nuts":
            name = "nuts"
        if name == "advi" and self.text("method.variational.algorithm") == "fullrank":
            name = "advi_fullrank"
        return name if name in METHODS else None

    def _further(self, name: str, n_chains: int) -> dict[str, object]:
        """Return options that no single setting holds."""
        if name == "nuts":
            return {"n_chains": n_chains}
        if name == "pathfinder":
            of = "method.pathfinder"
            return {
                "psis_resample": self.flag(f"{of}.psis_resample"),
                "calculate_log_p": self.flag(f"{of}.calculate_lp"),
            }
        if name.startswith("advi") and not self.flag("method.variational.adapt.engaged"):
            return {"eta": _converted(self.text("method.variational.eta"), float)}
        return {}


def _converted(text: str, kind: type) -> object | None:
    """Return a setting's value; None if it is another kind of thing, as a file for ``init``."""
    try:
        return kind(text) if text else None
    except ValueError:
        return None

"""What the times were measured on: processor, memory, versions; nothing that names an owner."""

import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.cmdstan import ensure_cmdstan
from tools.bench.plan import N_CORES

_PACKAGES = ("advi-harness", "cmdstanpy", "numpy")


def machine() -> dict[str, Any]:
    """Describe the machine.

    Returns
    -------
    dict
        JSON content: processor, cores of the machine and of each run, memory in GB (10**9
        bytes), system, the load of other work when the bench began, and versions.
    """
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "processor": processor_name(),
        "n_cores": os.cpu_count(),
        "n_cores_used": min(N_CORES, os.cpu_count() or 1),
        "memory_gb": round(_memory_bytes() / 1e9, 1),
        "system": platform.system(),
        "architecture": platform.machine(),
        "load_average_before": None if load is None else round(load, 2),
        "versions": _versions(),
    }


def processor_name() -> str:
    """Return the processor's model, as the system calls it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    told = _first_line(["sysctl", "-n", "machdep.cpu.brand_string"])
    return told or platform.processor() or platform.machine()


@contextmanager
def on_cores(n_cores: int) -> Iterator[None]:
    """Keep this process, and those that it starts, on so many cores, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:n_cores])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version(), "CmdStan": ensure_cmdstan().version}
    compiler = _first_line([*os.environ.get("CXX", "g++").split(), "--version"])
    if compiler:
        versions["compiler"] = compiler
    return versions | {name: importlib.metadata.version(name) for name in _PACKAGES}


def _first_line(command: list[str]) -> str:
    """Return the first line that a command prints, empty if it cannot be started."""
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return answer.stdout.partition("\n")[0].strip()

"""What made the results, as a report shows it."""

from typing import Any

from harness.report.grid import Grid, Head, make_grid
from harness.report.numbers import plain


def provenance_rows(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    """Return names with versions and digests.

    Parameters
    ----------
    manifest : dict
        ``manifest.json``.

    Returns
    -------
    list of tuple
        Name and value, in Markdown.
    """
    rows = [(name, str(value)) for name, value in manifest.get("versions", {}).items()]
    programs = manifest.get("programs", {})
    stan = dict.fromkeys(str(item["stan_version"]) for item in programs.values())
    rows += [("Stan", ", ".join(stan))] if stan else []
    rows += _flags(programs)
    study = manifest.get("study", {})
    if "sha256" in study:
        rows.append((f"study `{study.get('name', '')}`", f"SHA-256 `{study['sha256']}`"))
    rows += [
        (
            f"data set `{name}`" + (f", {item['n_rows']:,} rows" if item["n_rows"] else ""),
            f"SHA-256 `{item['sha256']}`",
        )
        for name, item in manifest.get("datasets", {}).items()
    ]
    rows += [
        (f"reference of `{name}`", item.get("file") or " / ".join(map(str, item.values())))
        for name, item in manifest.get("references", {}).items()
    ]
    for name, item in programs.items():
        constants = ", ".join(f"{key} = {plain(value)}" for key, value in item["data"].items())
        with_constants = f" with {constants}" if constants else ""
        rows.append(
            (f"program `{name}` ({item['file']}){with_constants}", f"SHA-256 `{item['sha256']}`")
        )
    return rows


def _flags(programs: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the compiler's flags, of each program where they differ."""
    of_program = {name: item["flags"] for name, item in programs.items() if item.get("flags")}
    if len({*of_program.values()}) == 1:
        return [("compiler flags", next(iter(of_program.values())))]
    return [(f"compiler flags of `{name}`", each) for name, each in of_program.items()]


def machine_line(manifest: dict[str, Any]) -> str:
    """Return the machine in a phrase, empty if the manifest is silent."""
    machine = manifest.get("machine", {})
    parts = [str(machine[key]) for key in ("system", "architecture") if key in machine]
    if machine.get("n_cpus"):
        parts.append(f"{machine['n_cpus']} CPUs")
    return ", ".join(parts)


def seeds_table(manifest: dict[str, Any]) -> Grid:
    """Return the options and seeds of the runs, replicates in one row."""
    seeds: dict[tuple[str, str], list[str]] = {}
    for item in manifest.get("runs", []):
        options = ", ".join(f"{k} = {v}" for k, v in item["options"].items() if v is not None)
        series = str(item["run"]).partition(" #")[0]
        seeds.setdefault((series, options), []).append(str(item["seed"]))
    rows = [[series, options, ", ".join(values)] for (series, options), values in seeds.items()]
    head = (
        Head("run", "run"),
        Head("options", "options", is_text=True),
        Head("seeds", "seed of each replicate", is_text=True),
    )
    return make_grid(head, rows)

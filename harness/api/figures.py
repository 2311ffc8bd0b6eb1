"""The figures of a study, drawn, or as the store has them from the same fits."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence

from harness.execution.run import FittedRun
from harness.fits.fit import Status
from harness.plot import Outcome, SweptOutcome, figure_files, study_figures
from harness.results.manifest import make_manifest
from harness.store import MeasuredFrom, Measurements, Store, content_digest
from harness.store.code import code_digest
from harness.study.published import Published
from harness.study.study import Study

#: The code that draws, below the package; a change of any of it draws all figures anew.
PLOTTING_CODE = (
    "api/figures.py",
    "messages/faults.py",
    "fits/fit.py",
    "results/manifest.py",
    "metrics/*.py",
    "messages/numerals.py",
    "plot/*.py",
    "fits/posterior.py",
    "study/published.py",
    "fits/quantities.py",
    "fits/relabel.py",
    "study/series.py",
    "verdict/outcome.py",
    "verdict/rules.py",
)
_LIBRARIES = ("contourpy", "matplotlib", "numpy", "pillow", "scipy")


def plotting_digest() -> str:
    """Return a digest of the code that draws, and of the libraries that it calls."""
    return code_digest(PLOTTING_CODE, _LIBRARIES)


def drawn_figures(
    study: Study,
    fitted: Sequence[FittedRun],
    *,
    published: Published | None,
    store: Store | None,
    outcomes: Mapping[str, Sequence[Outcome]] | None = None,
    swept: Sequence[SweptOutcome] = (),
) -> Mapping[str, bytes]:
    """Return the files of a study's figures.

    Parameters
    ----------
    study : Study
        What was asked for.
    fitted : sequence of FittedRun
        What came out.
    published : Published or None
        Numbers from elsewhere that are drawn.
    store : Store or None
        Where figures are kept, and found again while nothing that decides them has changed.
    outcomes : Mapping, optional
        By data set, what the tables say of its fits.
    swept : sequence of SweptOutcome
        What came of values that the study sweeps.

    Returns
    -------
    Mapping
        Contents by the file's name.
    """
    kept = Measurements(store=store) if store else None
    of = _made_from(study, fitted, f"{published!r} {outcomes!r} {swept!r}") if kept else None
    packed = kept.load(of) if kept and of else None
    if packed is not None:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    drawn_now = study_figures(study, fitted, published=published, outcomes=outcomes, swept=swept)
    files = figure_files(drawn_now)
    if kept and of:
        drawn = io.BytesIO()
        with zipfile.ZipFile(drawn, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        kept.save(of, drawn.getvalue())
    return files


def _made_from(study: Study, fitted: Sequence[FittedRun], drawn: str) -> MeasuredFrom | None:
    """Return what decides the figures; None if the store cannot tell."""
    made = [item for item in fitted if item.fit.status is Status.OK]
    digests = [content_digest(item.fit) for item in made]
    if not made or None in digests:
        return None
    return MeasuredFrom(
        fits=tuple(item.key for item in made),
        decided_by=(
            "figures",
            tuple(digests),
            json.dumps(make_manifest(study, fitted), sort_keys=True),
            drawn,
        ),
        code=plotting_digest(),
    )

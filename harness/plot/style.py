"""How figures look: palette, sizes, captions, and files that are the same byte for byte."""

import io
import json
from collections.abc import Buffer, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from harness.errors import ResultsError
from harness.messages.faults import unexpected

#: Okabe and Ito's palette, which readers with colour vision deficiencies can tell apart.
BLACK = "#000000"
GREY = "#8C8C8C"
LIGHT_GREY = "#C9C9C9"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
BLUE = "#0072B2"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"
#: More, for studies of many methods, from Paul Tol's muted scheme.
INDIGO = "#332288"
OLIVE = "#999933"
WINE = "#882255"
TEAL = "#44AA99"
BROWN = "#7A4B2A"
ROSE = "#CC6677"

#: Components of a mixture, in the order of their labels.
COMPONENT_COLOURS = (VERMILION, BLUE, GREEN, PURPLE, ORANGE, SKY)
#: Approximations, in the study's order.
APPROXIMATION_COLOURS = (
    *(ORANGE, BLUE, GREEN, VERMILION, PURPLE, SKY),
    *(INDIGO, OLIVE, WINE, TEAL, BROWN, ROSE),
)
#: Lines of approximations, for the first turn of the colours and those after it.
LINE_STYLES = ("-", "--", ":")
#: Markov chain methods, in the study's order.
CHAIN_COLOURS = (BLACK, GREY)

#: Full text width, in inches.
WIDTH_IN = 7.2
_DPI = 130

_RC = {
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.labelsize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.titlelocation": "left",
    "axes.unicode_minus": True,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "figure.dpi": _DPI,
    "savefig.dpi": _DPI,
    "svg.hashsalt": "harness",
}

#: Figures whose SVG is larger are saved as PNG only.
MAX_SVG_BYTES = 150_000

CAPTIONS_FILE = "captions.json"


class CaptionedFigure(Figure):
    """A figure with the words that belong to it.

    Attributes
    ----------
    dataset : str
        The data set that it shows.
    caption : str
        What a reader needs to understand it.
    alt : str
        What a reader who cannot see it needs.
    """

    dataset: str = ""
    caption: str = ""
    alt: str = ""

    def _repr_png_(self) -> bytes:
        """Show it in a notebook, whether or not ``pyplot`` is there to do it."""
        with house_style():
            drawn = io.BytesIO()
            self.savefig(drawn, format="png")
        return drawn.getvalue()


@contextmanager
def house_style() -> Iterator[None]:
    """Draw with this module's settings, whatever the user's own are."""
    with style.context(["default", _RC]):
        yield


def make_figure(*, dataset: str, height_in: float) -> CaptionedFigure:
    """Return an empty figure of full text width."""
    figure = CaptionedFigure(figsize=(WIDTH_IN, height_in), layout="constrained")
    figure.dataset = dataset
    return figure


def panel_title(axes: Axes, text: str) -> None:
    """Write a panel's title, in bold where it stands alone above the axes."""
    axes.set_title(text, fontweight="bold")


def missing_figure(error: Exception, *, dataset: str) -> CaptionedFigure:
    """Return what stands in the place of a figure that could not be drawn.

    Parameters
    ----------
    error : Exception
        Which nobody expected.
    dataset : str
        The data set that it was to show.

    Returns
    -------
    CaptionedFigure
        With the reason as its caption.
    """
    figure = make_figure(dataset=dataset, height_in=1.0)
    figure.caption = figure.alt = f"This figure could not be drawn: {unexpected(error)}."
    figure.text(0.5, 0.5, "This figure could not be drawn.", ha="center", va="center")
    return figure


def save_figures(figures: Mapping[str, CaptionedFigure], folder: Path) -> None:
    """Save figures as PNG, light ones as SVG too, and their captions and alt texts beside them.

    Figures that an earlier call left in the folder, and that are no longer drawn, are removed.

    Parameters
    ----------
    figures : Mapping
        By the stem of the file's name.
    folder : Path
        Made if it does not exist.

    Raises
    ------
    ResultsError
        If a file cannot be written.
    """
    write_figure_files(figure_files(figures), folder)


def figure_files(figures: Mapping[str, CaptionedFigure]) -> dict[str, bytes]:
    """Draw figures as PNG, light ones as SVG too, and write down their captions and alt texts.

    Parameters
    ----------
    figures : Mapping
        By the stem of the file's name.

    Returns
    -------
    dict
        Contents by the file's name.
    """
    files: dict[str, bytes] = {}
    shown: dict[str, CaptionedFigure] = {}
    with house_style():
        for name, figure in figures.items():
            shown[name], drawn = _drawn(figure)
            files |= {f"{name}{suffix}": content for suffix, content in drawn.items()}
    files[CAPTIONS_FILE] = _captions(shown).encode()
    return files


def write_figure_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Write what :func:`figure_files` returns, and remove figures that are no longer drawn.

    Parameters
    ----------
    files : Mapping
        Contents by name.
    folder : Path
        Made if it does not exist.

    Raises
    ------
    ResultsError
        If a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in sorted([*folder.glob("*.png"), *folder.glob("*.svg")]):
            if old.name not in files:
                old.unlink()
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise ResultsError(f"cannot write figures to '{folder}': {error.strerror}") from error


def _drawn(figure: CaptionedFigure) -> tuple[CaptionedFigure, dict[str, bytes]]:
    """Draw a figure, or what stands in its place; return that with its files by suffix."""
    try:
        files = {".png": _png(figure)}
        svg = _svg(figure)
    except Exception as error:  # noqa: BLE001 - the others are drawn all the same
        figure = missing_figure(error, dataset=figure.dataset)
        return figure, {".png": _png(figure)}
    if svg is not None:
        files[".svg"] = svg
    return figure, files


def _png(figure: Figure) -> bytes:
    """Draw with a palette of 256 colours, a third of the size, and without metadata.

    Maximum coverage keeps the colour of a series that is but a few pixels in a legend.
    """
    drawn, saved = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png")
    image = Image.open(drawn).convert("RGB")
    image.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        saved, format="PNG", optimize=True, dpi=(_DPI, _DPI)
    )
    return saved.getvalue()


class _HeavyError(Exception):
    """A file is larger than it may be."""


class _Light(io.BytesIO):
    """A file of at most :data:`MAX_SVG_BYTES`, so that a large one is not drawn to its end."""

    def write(self, content: Buffer, /) -> int:
        if self.tell() + memoryview(content).nbytes > MAX_SVG_BYTES:
            raise _HeavyError
        return super().write(content)


def _svg(figure: Figure) -> bytes | None:
    """Draw without a date; None if it is too large, as a dot for each draw makes it."""
    drawn = _Light()
    try:
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    except _HeavyError:
        return None
    return drawn.getvalue()


def _captions(figures: Mapping[str, CaptionedFigure]) -> str:
    """Return the words of all figures as JSON, in the order that they are to be shown."""
    content = [
        {
            "name": name,
            "dataset": figure.dataset,
            "caption": figure.caption,
            "alt": figure.alt,
        }
        for name, figure in figures.items()
    ]
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"

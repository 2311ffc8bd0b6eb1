"""The rooms of the package as a picture: a storey for each floor, a line for each support."""

from collections.abc import Mapping
from html import escape

_WIDTH, _ROOM_WIDTH, _ROOM_HEIGHT = 900, 104, 30
_FLOOR_HEIGHT, _MARGIN = 62, 24

_STYLE = (
    "text{font:14px system-ui,sans-serif;text-anchor:middle;fill:#1b1f24}"
    "rect{fill:#eef3f8;stroke:#5b7690}path{fill:none;stroke:#9fb2c4}"
    ".floor{text-anchor:start;font-size:12px;fill:#5b7690}"
)


def draw(floors: Mapping[str, int], supports: Mapping[str, frozenset[str]]) -> str:
    """Draw rooms above those that they import.

    Parameters
    ----------
    floors : Mapping
        Of each room its floor, from 1.
    supports : Mapping
        Of each room those that a line leads to, on lower floors.

    Returns
    -------
    str
        An SVG image, the same for the same rooms.
    """
    top = max(floors.values())
    height = 2 * _MARGIN + _FLOOR_HEIGHT * (top - 1) + _ROOM_HEIGHT
    x = _columns(floors, supports)
    y = {room: _MARGIN + _FLOOR_HEIGHT * (top - floor) for room, floor in floors.items()}
    lines = [
        _line(x[room], y[room] + _ROOM_HEIGHT, x[other], y[other])
        for room in sorted(floors)
        for other in sorted(supports[room])
    ]
    rooms = [_room(room, x[room], y[room]) for room in sorted(floors)]
    labels = [
        f'<text class="floor" x="8" y="{_MARGIN + _FLOOR_HEIGHT * (top - floor) + 20}">'
        f"{floor}</text>"
        for floor in range(1, top + 1)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
            "<title>The rooms of harness/, each above those that it imports</title>",
            f"<style>{_STYLE}</style>",
            f'<rect width="{_WIDTH}" height="{height}" style="fill:#fff;stroke:none"/>',
            *(*lines, *rooms, *labels),
            "</svg>\n",
        ]
    )


def _columns(floors: Mapping[str, int], supports: Mapping[str, frozenset[str]]) -> dict[str, float]:
    """Spread the rooms of each floor, each near the middle of those below that it stands on."""
    x: dict[str, float] = {}

    def wanted(room: str) -> float:
        below = [x[other] for other in supports[room]]
        return sum(below) / len(below) if below else _WIDTH / 2

    for floor in range(1, max(floors.values()) + 1):
        here = sorted(
            (room for room in floors if floors[room] == floor), key=lambda r: (wanted(r), r)
        )
        width = (_WIDTH - 2 * _MARGIN) / len(here)
        slots = [_MARGIN + width * (i + 0.5) for i in range(len(here))]
        # a room alone on its floor leans to the side of what it stands on
        leaning = [0.5 * (slots[0] + wanted(here[0]))] if len(here) == 1 else slots
        x.update(zip(here, leaning, strict=True))
    return x


def _line(x_from: float, y_from: float, x_to: float, y_to: float) -> str:
    """Draw a line from the bottom of a room to the top of one below."""
    middle = 0.5 * (y_from + y_to)
    return (
        f'<path d="M{x_from:.0f} {y_from:.0f}C{x_from:.0f} {middle:.0f} '
        f'{x_to:.0f} {middle:.0f} {x_to:.0f} {y_to:.0f}"/>'
    )


def _room(name: str, x: float, y: float) -> str:
    """Draw a room with its name."""
    return (
        f'<rect x="{x - _ROOM_WIDTH / 2:.0f}" y="{y}" width="{_ROOM_WIDTH}" '
        f'height="{_ROOM_HEIGHT}" rx="4"/><text x="{x:.0f}" y="{y + 20}">{escape(name)}</text>'
    )

"""A report's HTML, read back: elements, tables and their cells."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "img", "wbr", "br"}


@dataclass(eq=False)
class Element:
    """An element with its attributes, children and texts in between."""

    tag: str
    attributes: dict[str, str]
    children: list["Element | str"] = field(default_factory=list)

    def __iter__(self) -> Iterator["Element"]:
        """All elements below, in the order of the page."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child

    def all(self, *tags: str) -> list["Element"]:
        return [item for item in self if item.tag in tags]

    def by_id(self, name: str) -> "Element":
        return next(item for item in self if item.attributes.get("id") == name)

    @property
    def text(self) -> str:
        parts = (item.text if isinstance(item, Element) else item for item in self.children)
        return "".join(parts)

    @property
    def line(self) -> str:
        return " ".join(self.text.split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("page", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(made)
        if tag not in VOID:
            self.open.append(made)

    def handle_endtag(self, tag: str) -> None:
        closed = self.open.pop()
        assert closed.tag == tag, f"<{closed.tag}> closed by </{tag}>"

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read_page(text: str) -> Element:
    """Parse a page whose elements are all closed."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert len(reader.open) == 1
    return reader.open[0]


def table_heads(table: Element) -> list[str]:
    return [head.line for head in table.all("thead")[0].all("th")]


def table_rows(table: Element) -> list[list[Element]]:
    """The cells of each row; a head that names several rows stands in each of them."""
    rows = []
    above: list[Element] = []
    for row in table.all("tbody")[0].all("tr"):
        cells = row.all("th", "td")
        above = cells[:1] if cells[0].tag == "th" else above
        rows.append(above + [cell for cell in cells if cell.tag == "td"])
    return rows

"""Tables on the console: Rich's on a terminal, aligned text elsewhere, where nothing is cut."""

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text
from tabulate import tabulate

from harness.cli.console import OUT


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table below its title.

    Parameters
    ----------
    title : str
        What it shows.
    head : sequence of str
        Heads of its columns.
    rows : sequence of sequence of str
        Its cells; those of a terminal's table are folded where it is too narrow.
    """
    if OUT.is_terminal:
        table = Table(
            title=Text(title, style="bold"),
            title_justify="left",
            box=box.SIMPLE_HEAD,
            pad_edge=False,
        )
        for name in head:
            table.add_column(Text(name), overflow="fold")
        for row in rows:
            table.add_row(*map(Text, row))
        OUT.print(table, soft_wrap=False)
        return
    text = tabulate(rows, headers=head, tablefmt="plain", disable_numparse=True)
    lines = [line.rstrip() for line in text.splitlines()]
    OUT.print("\n".join([title, *lines, ""]), markup=False)

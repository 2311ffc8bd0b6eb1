"""Tables that could not be made, with the reason in their place."""

from collections.abc import Callable

from harness.errors import HarnessError
from harness.messages.faults import unexpected
from harness.report.grid import Cell, Grid, Head


def or_reason[**P](
    make: Callable[P, Grid | None], *arguments: P.args, **options: P.kwargs
) -> Grid | None:
    """Return a table, or one that says why it is missing: the others are there all the same.

    Parameters
    ----------
    make : callable
        Makes the table from the other arguments.

    Returns
    -------
    Grid or None
        None where there is nothing to say.
    """
    try:
        return make(*arguments, **options)
    except HarnessError:
        raise
    except Exception as error:  # noqa: BLE001
        return Grid(
            columns=(Head("reason", "this table is missing", is_text=True),),
            rows=((Cell(text=unexpected(error)),),),
            is_sortable=False,
        )

"""Draws in posteriordb's JSON form, as a fit of Markov chains."""

import json

from harness.errors import DrawsError, ReferenceFileError
from harness.fits.fit import DrawKind
from harness.given.given import Given, given_method
from harness.summary.reference_file import elements_of


def json_fit(content: bytes, *, title: str, name: str) -> Given:
    """Take the draws of a list of chains.

    Parameters
    ----------
    content : bytes
        JSON: a list of chains, each an object of names (``mu[1,2]`` or ``mu.1.2``) to lists of
        draws.
    title, name : str
        What messages and tables call it.

    Returns
    -------
    Given

    Raises
    ------
    DrawsError
        If it is of another form or damaged.
    """
    try:
        variables = elements_of(json.loads(content.decode("utf-8")), None)
    except ReferenceFileError as error:
        raise DrawsError(f"{title} {error}") from error
    except (ValueError, RecursionError) as error:
        raise DrawsError(f"{title} is not JSON ({error})") from error
    draws = {
        f"{variable}[{','.join(map(str, index))}]" if index else variable: values
        for variable, elements in variables.items()
        for index, values in elements.items()
    }
    return Given(
        title=title,
        method=given_method(name, DrawKind.CHAINS),
        draw_kind=DrawKind.CHAINS,
        variables=draws,
    )

"""May a reader use an approximation? One of four verdicts, with the criterion that decided it.

`criteria` holds what is judged, `rules` the limits; `judge` applies them, `wording` says it.
"""

"""May a reader use an approximation? One of four verdicts, with the figure that decided it.

`figures` holds what is judged, `rules` the thresholds, `judge` applies them.
"""

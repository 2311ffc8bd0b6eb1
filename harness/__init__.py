"""Compare NUTS, ADVI and subsampled ADVI on Stan programs, and say what to trust.

The package crosses datasets, Stan programs, inference methods and seeds into runs, fits each
run with CmdStan and tabulates what came out.  ``docs/design.md`` maps the modules.
"""

"""May I trust ADVI, or mini-batch ADVI, instead of NUTS for my Stan model?

The package crosses datasets, Stan programs, inference methods and seeds into runs, fits each
run with CmdStan and tabulates what came out.  ``docs/design.md`` maps the modules.
"""

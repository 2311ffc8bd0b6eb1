"""The command line: the only place that prints or exits.

- `entry`: `main`, and the table of commands; each is a module, imported when it is asked for
- `arguments`: what several commands take
- `running`: a study that was read is run, and its tables and report are written; `display` shows it
- `console`, `tables`, `verdicts`: what is printed; `signals`: SIGTERM

A command checks its input before it imports what is slow to import: `cli.running` is imported where
it is named for the first time.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

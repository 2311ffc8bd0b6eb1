"""What commands print on, and the codes that they end with."""

from rich.console import Console

#: Exit code if the input or the machine's set-up is invalid.
EXIT_USER_ERROR = 2
#: Exit code of a command that was interrupted from the keyboard.
EXIT_INTERRUPTED = 130
#: Exit code of a command that was ended by SIGTERM.
EXIT_TERMINATED = 143

OUT = Console(emoji=False, highlight=False, soft_wrap=True)
ERR = Console(emoji=False, stderr=True, highlight=False, soft_wrap=True)


def note(text: str) -> None:
    """Say a step of something that takes a while."""
    ERR.print(text, markup=False)

"""The command line: ``mailharness demo`` tells the story of one letter, ``mailharness up`` runs a world to connect to,
``mailharness draw`` draws the map of one.

Exit codes: 0 for success, 1 where a letter did not arrive, 2 for a wrong argument or scenario, told without a traceback.
"""

import errno
import importlib
import io
import os
import sys
from collections.abc import Sequence

from mailharness.errors import MisuseError

_READER_LEFT = (errno.EPIPE, errno.EIO)
"""Who read our output has left: ``head`` has seen enough, or a terminal was closed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that ``arguments`` (the program's own unless given) name; returns the exit code."""
    from mailharness.cli.arguments import parser

    parsing = parser()
    options = parsing.parse_args(arguments)
    if options.command is None:
        parsing.print_help(sys.stderr)
        return 2
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what a terminal cannot show must not end a world
    try:
        return _run(options.command, vars(options))
    except MisuseError as error:
        print(f"mailharness: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if error.errno not in _READER_LEFT:
            raise
        # Without this the interpreter complains when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(command: str, options: dict[str, object]) -> int:
    # A world and its libraries are imported only by the command that needs them: --help is at once.
    commands = {"demo": "mailharness.cli.demo", "up": "mailharness.cli.up", "draw": "mailharness.cli.draw"}
    return int(getattr(importlib.import_module(commands[command]), command)(options))

"""The command line: ``mailharness demo`` tells the story of one letter, ``mailharness up`` runs a world to connect to.

Exit codes: 0 for success, 1 where a letter did not arrive, 2 for a wrong argument or scenario, told without a traceback.
"""

import importlib
import os
import sys
from collections.abc import Sequence

from mailharness.errors import MisuseError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that ``arguments`` (the program's own unless given) name; returns the exit code."""
    from mailharness.cli.arguments import parser

    parsing = parser()
    options = parsing.parse_args(arguments)
    if options.command is None:
        parsing.print_help(sys.stderr)
        return 2
    try:
        return _run(options.command, vars(options))
    except MisuseError as error:
        print(f"mailharness: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Who read our output has left, as `head` does; without this the interpreter complains when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(command: str, options: dict[str, object]) -> int:
    # A world and its libraries are imported only by the command that needs them: --help is at once.
    commands = {"demo": "mailharness.cli.demo", "up": "mailharness.cli.up"}
    return int(getattr(importlib.import_module(commands[command]), command)(options))

"""What may be typed, and the help that a stranger reads first."""

import argparse
from argparse import RawDescriptionHelpFormatter

from mailharness import __version__

ABOUT = """\
A whole fake mail Internet on this machine: real DNS from the root, real SMTP between
real servers, mailboxes over real POP3 and IMAP. Nothing leaves loopback.
"""

FIRST_STEPS = """\
first steps:
  mailharness demo                  watch one letter travel, hop by hop
  mailharness demo --without tst    switch a machine off and see where the letter stops
  mailharness up                    keep a world running, to connect your own programs to
  mailharness draw scenario.toml    see who is where in a world
"""

DEMO = """\
userA@exampleA.tst writes to userB@exampleB.tst. The letter crosses the default world over real
sockets, and each step is told as it happened, with the milliseconds it took: submission, the
look-ups from the root down, the MX, SMTP to the other server, the mailbox, IMAP and POP3. Then a
second letter finds the caches filled.
"""

DEMO_END = """\
exit code: 0 if both letters arrived, 1 if one did not, 2 for a wrong argument

examples:
  mailharness demo --without tst                 no name server for tst: stops at the look-up
  mailharness demo --without mail.exampleB.tst   nobody listens there: stops at the relay
  mailharness demo --over-quota                  userB's mailbox is too small
"""

DRAW = """\
Draws the map of a scenario, without running it: domains, hosts by role, MX preferences, gateways,
routes, backup MX, users and names. Prints SVG.
"""

DRAW_END = """\
exit code: 0 if it was drawn, 2 for a scenario that cannot be

examples:
  mailharness draw scenario.toml > world.svg
  mailharness draw scenario.toml --mermaid
"""

UP = """\
Runs a world until Ctrl-C, SIGTERM or SIGHUP, on the machine's own time. Prints where everything
listens (ready to copy for dig, swaks and curl), then one line for each thing that happens to a
letter.
"""

UP_END = """\
exit code: 0 when stopped by Ctrl-C, SIGTERM or SIGHUP, 2 for a scenario that cannot be

a scenario is a TOML file:
  [[domain]]
  name = "acme.test"
  users = ["alice", { name = "bob", password = "hunter2", quota = 1000000 }]

  [[domain]]
  name = "globex.test"
  users = ["carol"]
  mx = ["mx1", "mx2"]
  gateway = { max_size = 1000000, attachments = ["*.exe"] }
"""


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; ``command`` is None where none was given."""
    whole = argparse.ArgumentParser(
        prog="mailharness", description=ABOUT, epilog=FIRST_STEPS, formatter_class=RawDescriptionHelpFormatter
    )
    whole.add_argument("--version", action="version", version=f"mailharness {__version__}")
    commands = whole.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    _demo(commands)
    _up(commands)
    _draw(commands)
    return whole


def _demo(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    demo = commands.add_parser(
        "demo",
        help="tell the story of one letter, as it really happens",
        description=DEMO,
        epilog=DEMO_END,
        formatter_class=RawDescriptionHelpFormatter,
    )
    demo.add_argument(
        "--without",
        metavar="NAME",
        action="append",
        default=[],
        help="switch a machine off: a host (mail.exampleB.tst) or a zone's name server (tst); may be given again",
    )
    demo.add_argument("--over-quota", action="store_true", help="give userB a mailbox that is too small for the letter")
    demo.add_argument("--svg", metavar="FILE", help="draw the way of the last letter into this file")
    demo.add_argument("--html", metavar="FILE", help="the same as a page, with each transcript and message")
    demo.add_argument("--plain", action="store_true", help="no colours, even on a terminal (NO_COLOR does the same)")


def _up(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    up = commands.add_parser(
        "up",
        help="run a world to connect your own programs to",
        description=UP,
        epilog=UP_END,
        formatter_class=RawDescriptionHelpFormatter,
    )
    up.add_argument("scenario", nargs="?", metavar="SCENARIO.toml", help="the domains to run (default: the demo's two)")
    up.add_argument("--seed", type=int, default=0, metavar="N", help="what all that is drawn at random is made from (0)")
    up.add_argument("--spool", metavar="FILE", help="keep the queues in this file: a letter in it outlives a killed world")
    up.add_argument("--store", metavar="FILE", help="keep the mailboxes in this file: what is in them outlives it too")
    up.add_argument("--json", action="store_true", help="one JSON object a line: the world first, then each event")


def _draw(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    draw = commands.add_parser(
        "draw",
        help="draw the map of a scenario",
        description=DRAW,
        epilog=DRAW_END,
        formatter_class=RawDescriptionHelpFormatter,
    )
    draw.add_argument("scenario", nargs="?", metavar="SCENARIO.toml", help="the domains to draw (default: the demo's two)")
    draw.add_argument("--mermaid", action="store_true", help="the source of a Mermaid flowchart, for Markdown")

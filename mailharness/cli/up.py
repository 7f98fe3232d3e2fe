"""``mailharness up``: a world that runs until it is told to stop, and says what happens to letters as it happens."""

import json
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from queue import SimpleQueue
from typing import Any, TextIO, TypeAlias, cast

from mailharness.cli.directory import describe, table
from mailharness.trace.events import (
    Accepted,
    Bounced,
    Delayed,
    Delivered,
    Discarded,
    Event,
    Expanded,
    Fetched,
    Filtered,
    Held,
    Quarantined,
    Queued,
    Refused,
    Relayed,
    Released,
    Removed,
    Reported,
)
from mailharness.trace.hops import hop
from mailharness.world import World, read_toml

KEPT_LETTERS = 1000
_TOLD = (
    Accepted,
    Bounced,
    Delayed,
    Delivered,
    Discarded,
    Expanded,
    Fetched,
    Filtered,
    Held,
    Quarantined,
    Queued,
    Refused,
    Relayed,
    Released,
    Removed,
    Reported,
)
Inbox: TypeAlias = "SimpleQueue[Event | None]"
"""Events to tell, from the world's thread to the one that prints; None ends it."""


def up(options: Mapping[str, object]) -> int:
    """Run a world until SIGINT, SIGTERM or SIGHUP; 0 then. Raises MisuseError for a scenario that cannot be."""
    scenario = cast("str | None", options["scenario"])
    domains = read_toml(scenario) if scenario is not None else ()
    inbox: Inbox = SimpleQueue()
    for number in _endings():
        signal.signal(number, lambda *_: inbox.put(None))
    seed, spool, store = (cast("Any", options[name]) for name in ("seed", "spool", "store"))
    world = World(*domains, clock="wall", seed=seed, keep_letters=KEPT_LETTERS, spool=spool, store=store)
    # The world's thread must never wait for a terminal: it hands events over, and this thread prints them.
    world.journal.watch(lambda event: inbox.put(event) if isinstance(event, _TOLD) else None)
    with world:
        run(world, inbox, sys.stdout, as_json=bool(options["json"]))
    return 0


def _endings() -> list[signal.Signals]:
    """The signals that end a world. One that nohup started outlives its terminal."""
    hangups = [signal.SIGHUP] if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN else []
    return [signal.SIGINT, signal.SIGTERM, *hangups]


def run(world: World, inbox: Inbox, out: TextIO, *, as_json: bool) -> None:
    """Print where everything is, then a line for each event of ``inbox`` until its None."""
    directory = describe(world)
    tell: Callable[[Event], str] = as_object if as_json else as_line
    print(json.dumps(directory) if as_json else f"{table(directory)}\n\nrunning; Ctrl-C stops it\n", file=out, flush=True)
    while (event := inbox.get()) is not None:
        print(tell(event), file=out, flush=True)


def as_line(event: Event) -> str:
    """``12:30:01  letter 3  mail.b.test: delivered into bob@b.test/INBOX, UID 1``, in the machine's own time zone.

    What concerns no letter yet, as a greeting that was refused, is told of its session.
    """
    what = f"letter {event.letter}" if event.letter else f"session {event.session}"
    return f"{datetime.fromtimestamp(event.at):%H:%M:%S}  {what}  {hop(event)}"


def as_object(event: Event) -> str:
    """The same as one line of JSON; ``at`` is in seconds since the epoch."""
    step = hop(event)
    assert step is not None  # every kind of event that is told is a hop
    told = {"letter": event.letter, "copy": event.copy, "host": event.host, "event": step.kind, "text": step.text}
    return json.dumps({"at": event.at, **told})

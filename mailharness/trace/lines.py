"""The journal as lines: one JSON object an event, for programs that read what happened long after the world is gone."""

import dataclasses
import json
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from mailharness.mail import Address, Copy, Envelope, Message, Reply
from mailharness.trace.events import Event


def json_lines(events: Iterable[Event]) -> Iterator[str]:
    """A line for each event, without its end: the name of its class, when, where, whose, and what it says. A message is
    its number of octets."""
    for event in events:
        yield json.dumps(_values(event))


def _values(event: Event) -> dict[str, Any]:
    own = {name: _plain(getattr(event, name)) for name in _fields(type(event))}
    return {"event": type(event).__name__, **own, **_identity(event.of)}


@cache
def _fields(kind: Any) -> tuple[str, ...]:
    names = [field.name for field in dataclasses.fields(kind)]
    first = ["serial", "at", "real", "host", "session"]
    return (*first, *(name for name in names if name not in first and name != "of"))


def _identity(of: Copy) -> dict[str, Any]:
    return {"letter": of.letter, "copy": of.copy, "parent": of.parent, "cause": str(of.cause)} if of.letter else {}


def _plain(value: Any) -> Any:
    match value:
        case Message():
            return {"octets": len(value)}
        case Envelope():
            return {"sender": str(value.sender or ""), "recipients": list(map(str, value.recipients))}
        case Reply() | Address():
            return str(value)
        case tuple() | list():
            return [_plain(one) for one in value]
        case None | bool() | int() | float() | str():
            return value
    return str(value)

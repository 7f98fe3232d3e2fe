"""The journal as lines: one JSON object an event, for programs that read what happened long after the world is gone."""

import dataclasses
import json
from collections.abc import Iterable, Iterator
from typing import Any

from mailharness.mail import Address, Copy, Envelope, Message, Reply
from mailharness.trace.events import Event

_FIRST = ("serial", "at", "real", "host", "session")


def json_lines(events: Iterable[Event]) -> Iterator[str]:
    """A line for each event, without its end: the name of its class, when, where, whose, and what it says. A message is
    its number of octets."""
    for event in events:
        yield json.dumps(_values(event))


def _values(event: Event) -> dict[str, Any]:
    own = {name: _plain(getattr(event, name)) for name in _fields(event)}
    return {"event": type(event).__name__, **own, **_identity(event.of)}


def _fields(event: Event) -> Iterator[str]:
    yield from _FIRST
    yield from (field.name for field in dataclasses.fields(event) if field.name not in (*_FIRST, "of"))


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

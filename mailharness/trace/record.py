"""The record: a letter's story as plain values for JSON, as ``trace.schema.json`` in this folder describes them."""

import dataclasses
from typing import Any

from mailharness.mail import Reply
from mailharness.trace.copies import CopyStory
from mailharness.trace.events import Attempted
from mailharness.trace.hops import Hop
from mailharness.trace.lookups import Lookup
from mailharness.trace.protection import crossings
from mailharness.trace.reading import Reading

VERSION = 1
"""Of the schema; another one where a reader of this one could be misled."""
SCHEMA = f"urn:mailharness:trace:{VERSION}"


def record(reading: Reading) -> dict[str, Any]:
    """All that pictures and claims are made of, and no message itself."""
    return {
        "$schema": SCHEMA,
        "letter": reading.letter,
        "title": reading.title,
        "sender": reading.branches.sender_said,
        "delivered": reading.delivered,
        "recipients": _recipients(reading),
        "stops": [{"host": one.host, "text": one.text, "session": one.session} for one in reading.stops],
        "copies": [_copy(story) for story in reading.branches.copies.values()],
        "hops": [_hop(hop) for hop in reading.hops],
        "attempts": [_attempt(event) for event in reading.events if isinstance(event, Attempted)],
        "lookups": [_lookup(lookup) for lookup in reading.lookups],
        "crossings": [dataclasses.asdict(one) for one in crossings(reading.journal, reading.events)],
        "readers": [dataclasses.asdict(one) for one in reading.readers],
        "sessions": [{"number": one, "transcript": reading.transcript(one).split("\n")} for one in reading.sessions],
    }


def _recipients(reading: Reading) -> list[dict[str, Any]]:
    paths = reading.paths
    return [
        {"recipient": name, "status": leaf.status, "where": leaf.where, "path": list(paths[name])}
        for name, leaf in reading.leaves.items()
    ]


def _copy(story: CopyStory) -> dict[str, Any]:
    taken = story.accepted
    return {
        "copy": story.of.copy,
        "parent": story.of.parent,
        "cause": str(story.of.cause),
        "host": story.host,
        "accepted": taken is not None,
        "sender": str(taken.envelope.sender or "") if taken else "",
        "recipients": list(map(str, story.recipients)),
        "octets": len(taken.message) if taken else 0,
    }


def _hop(hop: Hop) -> dict[str, Any]:
    values = {name: getattr(hop, name) for name in ("kind", "host", "text", "at", "real", "copy", "session")}
    return {**values, "steps": list(hop.steps)}


def _attempt(event: Attempted) -> dict[str, Any]:
    return {
        "host": event.host,
        "to": event.to,
        "address": event.address,
        "attempt": event.attempt,
        "at": event.at,
        "copy": event.copy,
        "session": event.session,
        "recipients": list(map(str, event.recipients)),
        "reply": _reply(event.reply),
        "problem": event.problem,
    }


def _reply(reply: Reply | None) -> dict[str, Any] | None:
    return {"code": reply.code, "status": reply.status, "text": reply.text} if reply else None


def _lookup(lookup: Lookup) -> dict[str, Any]:
    return {
        "host": lookup.host,
        "name": lookup.name,
        "type": lookup.rrtype,
        "rcode": lookup.rcode,
        "answers": list(lookup.answers),
        "cached": lookup.cached,
        "problem": lookup.event.problem,
        "steps": list(lookup.steps),
    }

"""Rows: envelopes and answers as text in a database, and back."""

import json
from dataclasses import fields
from typing import Any

from mailharness.mail import Address, Envelope, Reply
from mailharness.mail.envelope import DsnRequest
from mailharness.queue import Standing

PLAIN = tuple(one.name for one in fields(Envelope) if one.type in (bool, str, "bool", "str"))
"""The fields of an envelope that are true, false or text."""


def envelope_text(envelope: Envelope) -> str:
    """Everything that an envelope says, as JSON."""
    requests = {
        str(address): [None if request.notify is None else sorted(request.notify), request.orcpt]
        for address, request in envelope.requests.items()
    }
    said = {name: value for name in PLAIN if (value := getattr(envelope, name))}
    sender = envelope.sender and str(envelope.sender)
    return json.dumps({"sender": sender, "recipients": [*map(str, envelope.recipients)], "requests": requests, **said})


def envelope_of(text: str) -> Envelope:
    told: dict[str, Any] = json.loads(text)
    sender = told.pop("sender")
    requests = {
        Address.parse(address): DsnRequest(None if notify is None else frozenset(notify), orcpt)
        for address, (notify, orcpt) in told.pop("requests").items()
    }
    recipients = tuple(map(Address.parse, told.pop("recipients")))
    return Envelope(sender and Address.parse(sender), recipients, requests=requests, **told)


def standings_text(standings: dict[Address, Standing]) -> str:
    """What recipients were answered, and by whom, as JSON."""
    told = ((str(address), reply, host) for address, (reply, host) in standings.items())
    return json.dumps([(address, reply and (reply.code, reply.text, reply.status), host) for address, reply, host in told])


def standings_of(text: str) -> dict[Address, Standing]:
    rows = json.loads(text)
    return {Address.parse(address): Standing(Reply(*reply) if reply else None, host) for address, reply, host in rows}

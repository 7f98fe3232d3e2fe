"""IMAP URLs within one server, as CATENATE names parts of messages that are here already (RFC 5092 §7.1, RFC 4469 §4)."""

import re
from typing import NamedTuple
from urllib.parse import unquote

from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.reading import Reading
from mailharness.imap.sections import Partial, Section, parse_section
from mailharness.imap.visit import RefusedError, Visit
from mailharness.mailbox import NonExistentError

_URL = re.compile(
    r"/(?P<name>[^/;]+(?:/[^/;]+)*)?(?:;UIDVALIDITY=(?P<validity>[1-9]\d{0,9}))?/;UID=(?P<uid>[1-9]\d{0,9})"
    r"(?:/;SECTION=(?P<section>[^;]+?))?(?:/;PARTIAL=(?P<offset>\d{1,10})(?:\.(?P<size>[1-9]\d{0,9}))?)?",
    re.IGNORECASE,
)


class Place(NamedTuple):
    """What a URL points to: a message of a mailbox, a section of it, a range of that."""

    name: str
    validity: int | None
    uid: int
    section: Section
    partial: Partial | None


def octets_at(visit: Visit, url: str) -> bytes:
    """What stands there. Raises RefusedError with BADURL for what is nowhere (RFC 4469 §4.2)."""
    place = _parse(url)
    found = _read(visit, place) if place is not None else None
    if found is None:
        shown = url.replace("\\", "\\\\").replace('"', '\\"')
        raise RefusedError(f'[BADURL "{shown}"] there is nothing to be had')
    if place is not None and place.partial is not None:
        return found[place.partial.offset :][: place.partial.size or None]
    return found


def _parse(url: str) -> Place | None:
    match = _URL.fullmatch(url)
    if match is None or match["name"] is None:
        return None
    try:
        section = parse_section(Cursor([unquote(match["section"] or "").encode() + b"]"]))
    except BadSyntaxError:
        return None
    partial = Partial(int(match["offset"]), int(match["size"] or 0)) if match["offset"] else None
    validity = int(match["validity"]) if match["validity"] else None
    return Place(unquote(match["name"]), validity, int(match["uid"]), section, partial)


def _read(visit: Visit, place: Place) -> bytes | None:
    try:
        mailbox = visit.account.get(place.name)
    except NonExistentError:
        return None
    stored = mailbox.by_uid(place.uid)
    if stored is None or place.validity not in (None, mailbox.uid_validity):
        return None
    return place.section.read(Reading(None, 0, stored))

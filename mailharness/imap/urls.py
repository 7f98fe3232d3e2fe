"""IMAP URLs within one server, as CATENATE names parts of messages that are here already (RFC 5092 §7.1, RFC 4469 §4)."""

import re
from typing import NamedTuple
from urllib.parse import unquote

from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.reading import Reading
from mailharness.imap.sections import Partial, Section, parse_section
from mailharness.imap.visit import RefusedError, Visit
from mailharness.mailbox import Account, NonExistentError, StoredMessage

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
    place = parse_url(url)
    stored = stored_at(visit.account, place) if place is not None else None
    found = cut(place, place.section.read(Reading(None, 0, stored))) if place is not None and stored is not None else None
    if found is None:
        shown = url.replace("\\", "\\\\").replace('"', '\\"')
        raise RefusedError(f'[BADURL "{shown}"] there is nothing to be had')
    return found


def cut(place: Place, octets: bytes | None) -> bytes | None:
    """The range of ``octets`` that the URL asks for."""
    if octets is None or place.partial is None:
        return octets
    return octets[place.partial.offset :][: place.partial.size or None]


def parse_url(url: str) -> Place | None:
    """The place that an absolute path names; None for what is none."""
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


def stored_at(account: Account, place: Place) -> StoredMessage | None:
    """The message, if it is there."""
    try:
        mailbox = account.get(place.name)
    except NonExistentError:
        return None
    return mailbox.by_uid(place.uid) if place.validity in (None, mailbox.uid_validity) else None

"""Delivery status notifications read, whoever wrote them: strict ones exactly, broken ones as far as they go (RFC 3464).

What mail systems really send has fields in any case, empty lines where none belong and none where they do, types that
are missing, remarks behind the values. What is no ``message/delivery-status``, as the free text of qmail and of old
Exim, is no report for a program and not read here.
"""

import re
from collections.abc import Iterator

from mailharness.mail import report
from mailharness.mail.dsn import MEDIA_TYPES, Dsn, DsnRecipient, Fields
from mailharness.mail.message import Message
from mailharness.mail.status import STATUS
from mailharness.mail.unitext import unescaped

_FINAL, _ORIGINAL = "final-recipient", "original-recipient"
_OF_A_RECIPIENT = frozenset(
    {
        _ORIGINAL,
        _FINAL,
        "action",
        "status",
        "remote-mta",
        "diagnostic-code",
        "last-attempt-date",
        "final-log-id",
        "will-retry-until",
    }
)
_WORD = re.compile(r"[a-z]+")


def read_dsn(message: Message) -> Dsn | None:
    """What ``message`` reports; None where it is no report. Never raises."""
    part = report.find(message, *MEDIA_TYPES)
    if part is None:
        return None
    about, recipients = _sorted(report.read_groups(part.decoded()))
    named = dict(reversed([(name.lower(), value) for name, value in about]))
    original, whole = report.read_returned(message)
    return Dsn(
        reporting_mta=_host(named.get("reporting-mta", "")),
        recipients=tuple(_recipient(fields) for fields in recipients),
        envid=named.get("original-envelope-id", ""),
        received_from=_host(named.get("received-from-mta", "")),
        arrival=report.read_date(named.get("arrival-date", "")),
        original=original,
        whole=whole,
        fields=about,
    )


def _sorted(groups: list[Fields]) -> tuple[Fields, list[Fields]]:
    """The fields about the transaction, and those of each recipient, wherever the empty lines are."""
    about: list[tuple[str, str]] = []
    recipients: list[list[tuple[str, str]]] = []
    for name, value, is_first in _told(groups):
        if is_first:
            recipients.append([])
        (recipients[-1] if recipients else about).append((name, value))
    named = (fields for fields in recipients if any(name.lower() in (_FINAL, _ORIGINAL) for name, _ in fields))
    return tuple(about), [tuple(fields) for fields in named]


def _told(groups: list[Fields]) -> Iterator[tuple[str, str, bool]]:
    """Each field, and whether another recipient begins with it.

    One begins with the group that names it, or, where the empty line is missing, with a second address of the same kind.
    A group that names nobody goes on with what was said before: some put an empty line after every field.
    """
    seen: set[str] | None = None
    for fields in groups:
        names_one = any(name.lower() in (_FINAL, _ORIGINAL) for name, _ in fields)
        begins = names_one and (seen is None or _FINAL in seen)
        for name, value in fields:
            key = name.lower()
            again = seen is not None and key in (_FINAL, _ORIGINAL) and key in seen
            is_first = key in _OF_A_RECIPIENT and (begins or again or seen is None)
            if is_first:
                seen, begins = set(), False
            if seen is not None:
                seen.add(key)
            yield name, value, is_first


def _recipient(fields: Fields) -> DsnRecipient:
    named = dict(reversed([(name.lower(), value) for name, value in fields]))
    final_type, final = _address(named.get(_FINAL, ""))
    original_type, original = _address(named.get(_ORIGINAL, ""))
    diagnostic_type, diagnostic = _typed(named.get("diagnostic-code", ""), "smtp")
    action = _WORD.search(named.get("action", "").lower())
    status = STATUS.search(named.get("status", ""))
    return DsnRecipient(
        final=final or original,
        action=action[0] if action else "",
        status=status[0] if status else "",
        original=original,
        remote_mta=_host(named.get("remote-mta", "")),
        diagnostic=diagnostic,
        diagnostic_type=diagnostic_type,
        last_attempt=report.read_date(named.get("last-attempt-date", "")),
        will_retry_until=report.read_date(named.get("will-retry-until", "")),
        final_log_id=named.get("final-log-id", ""),
        final_type=final_type if final else original_type,
        original_type=original_type,
        fields=fields,
    )


def _typed(value: str, default: str) -> tuple[str, str]:
    """``dns; mail.a.test`` as its type and what follows; where there is no type, the ``default`` one is meant."""
    kind, semicolon, text = value.partition(";")
    kind = kind.strip().lower()
    if not semicolon or not kind or len(kind.split()) > 1:
        return default, value.strip().strip(";").strip()
    return kind, text.strip()


def _host(value: str) -> str:
    """The name of a host without its type, the root's dot, and the remarks that Gmail and others put behind it."""
    return _typed(value, "dns")[1].partition(" ")[0].rstrip(".")


def _address(value: str) -> tuple[str, str]:
    """An address and its type, out of angle brackets where somebody put it in some."""
    kind, text = _typed(value, "rfc822")
    if text.startswith("<") and ">" in text:
        text = text[1 : text.index(">")]
    return kind, unescaped(text) if kind == "utf-8" else text

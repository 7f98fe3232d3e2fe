"""Enhanced status codes: what each says of the cause, and which one a reply without any stands for (RFC 3463)."""

import re

from mailharness.mail.reply import Reply

STATUS = re.compile(r"(?<![\w.])([245])\.(\d{1,3})\.(\d{1,3})(?![\w.])")

CAUSES: dict[str, str] = {
    "1.0": "there is something wrong with the address",
    "1.1": "there is no such mailbox",
    "1.2": "there is no such domain",
    "1.3": "the address is not well-formed",
    "1.4": "the address stands for several mailboxes",
    "1.6": "the mailbox has moved, nobody knows where",
    "1.7": "the sender's address is not well-formed",
    "1.8": "the sender's domain does not exist",
    "1.10": "the domain takes no mail",
    "2.0": "there is something wrong with the mailbox",
    "2.1": "the mailbox takes no mail",
    "2.2": "the mailbox is full",
    "2.3": "the message is longer than this mailbox allows",
    "2.4": "the mailing list could not be expanded",
    "3.0": "there is something wrong with the mail system there",
    "3.1": "the mail system there is full",
    "3.2": "the mail system there takes no mail now",
    "3.3": "the mail system there lacks a feature that the message needs",
    "3.4": "the message is too big for the mail system there",
    "4.0": "there is something wrong with the network",
    "4.1": "no mail host answered",
    "4.2": "the connection to the mail host broke",
    "4.3": "the name servers gave no answer",
    "4.4": "there is no way to the mail host",
    "4.5": "the mail host has too much to do",
    "4.6": "the message went round in a loop",
    "4.7": "the time for its delivery has run out",
    "5.0": "the mail hosts did not understand each other",
    "5.1": "the mail host would not have the command",
    "5.2": "the mail host did not understand the command",
    "5.3": "there were too many recipients",
    "5.4": "the mail host would not have the command's arguments",
    "6.0": "there is something wrong with the message",
    "6.1": "messages of this kind are not taken",
    "6.3": "the message had to be converted, and cannot be",
    "6.7": "addresses beyond ASCII are not taken",
    "7.0": "a rule of the mail system forbids it",
    "7.1": "a rule of the mail system forbids its delivery",
    "7.2": "the sender may not write to this mailing list",
    "7.8": "the login was refused",
    "7.10": "encryption was needed and was not to be had",
    "7.30": "TLS all the way was required and was not to be had",
}
"""Subject and detail of a code in words, the class aside (RFC 3463 §3 and what IANA registered since)."""

CODES: dict[int, str] = {
    421: "4.3.2",
    450: "4.2.0",
    451: "4.3.0",
    452: "4.3.1",
    455: "4.5.4",
    500: "5.5.2",
    501: "5.5.4",
    502: "5.5.1",
    503: "5.5.1",
    504: "5.5.4",
    521: "5.3.2",
    530: "5.7.0",
    535: "5.7.8",
    551: "5.1.6",
    552: "5.2.2",
    553: "5.1.3",
    555: "5.5.4",
    556: "5.1.10",
}
"""What a reply code alone says of the cause, where it says anything: 550 and 554 may mean anything at all.

RFC 5321 §4.2.3, RFC 7504 §3 (521, 556), RFC 4954 §6 (530, 535).
"""

EXPIRED = "5.4.7"
"""Delivery time expired (RFC 3463 §3.5)."""


def status_of(reply: Reply) -> str:
    """The reply's own enhanced code, else what its code says, else ``5.0.0``: "other, undefined" (RFC 3463 §2)."""
    return reply.status or CODES.get(reply.code, f"{reply.code // 100}.0.0")


def named_status(status: str, reply: Reply | None) -> str:
    """``status``, or where it names no cause (``5.0.0``), what the reply's code says of one."""
    if status.endswith(".0.0") and reply is not None:
        return CODES.get(reply.code, status)
    return status


def final_status(status: str, reply: Reply | None) -> str:
    """The code to give a recipient up with, whose last answer had this ``status`` and ``reply``.

    One that was deferred until its time had run out keeps the last cause where that was told, as 4.4.3 (RFC 3464
    §2.3.4); a bare "450 not now" tells none, and the time itself is the cause.
    """
    if status.startswith("4.") and status.endswith(".0.0"):
        return EXPIRED
    return named_status(status, reply)


def cause_of(status: str) -> str:
    """What ``5.1.1`` says, in words; empty for a code that nobody has given a meaning, and for one that has no cause."""
    found = STATUS.fullmatch(status)
    return "" if found is None or found[1] == "2" else CAUSES.get(f"{int(found[2])}.{int(found[3])}", "")

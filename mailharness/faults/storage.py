"""Faults of storage: what goes wrong between the final dot and the mailbox, and with mailboxes that are opened."""

from collections.abc import Mapping
from typing import Unpack

from mailharness.errors import MisuseError
from mailharness.faults import smtp
from mailharness.faults.fault import Fault
from mailharness.faults.selection import When
from mailharness.faults.spec import breaking, told
from mailharness.faults.verdict import PASS, Answer, Delay, Renumber, Verdict
from mailharness.mail.address import ADDRESS
from mailharness.trace.events import IMAP, POP3, Event, Opening, Storing

DISK_FULL = "452 4.3.1 Insufficient system storage"
LOCKED = "450 4.2.1 Mailbox is locked"
MISSING = "550 5.1.1 No such mailbox any more"
FULL = "552 5.2.2 Mailbox is full"
_IN_USE = {IMAP: Answer("[INUSE] another session has it"), POP3: Answer("[IN-USE] another session has this maildrop")}
_MOMENTS = ("before", "after")


class Letters(When, total=False):
    """How often and when; and letters from whom, to whom."""

    sender: str | None
    recipient: str | None


@told("storage")
def disk_full(host: str, when: str = "before", **which: Unpack[Letters]) -> Fault:
    """``host`` has no room: it says so "before" it takes a letter (452 4.3.1), or finds out "after" its 250, when the
    letter has to be put into a mailbox: then it waits in the queue and is reported when it has waited too long."""
    if when not in _MOMENTS:
        raise MisuseError.unknown("moment of disk_full", when, _MOMENTS)
    if when == "before":
        return smtp.reply(host, "EOD", DISK_FULL, **which)
    return _storing(f"disk full at {host} after the 250", host, Answer(DISK_FULL), **which)


@told("storage")
def mailbox_locked(user: str, **which: Unpack[When]) -> Fault:
    """The mailbox of ``user`` cannot be opened: a letter waits in the queue (RFC 3463 §3.3)."""
    return _storing(f"mailbox of {user} locked", "", Answer(LOCKED), recipient=_checked(user), **which)


@told("storage")
def mailbox_missing(user: str, **which: Unpack[When]) -> Fault:
    """The mailbox of ``user`` is gone when a letter that was accepted shall be stored: its sender is told."""
    return _storing(f"mailbox of {user} missing", "", Answer(MISSING), recipient=_checked(user), **which)


@told("storage")
def slow(host: str, seconds: float, **which: Unpack[Letters]) -> Fault:
    """At ``host`` a letter is in its mailbox only ``seconds`` after it was taken, on the world's clock."""
    return _storing(f"storage slow by {seconds:g} s at {host}", host, Delay(seconds), **which)


@told("storage")
def over_quota(user: str, **which: Unpack[When]) -> Fault:
    """A letter for ``user`` that was accepted does not fit any more: its sender is told (RFC 3463 §3.3)."""
    return _storing(f"mailbox of {user} full", "", Answer(FULL), recipient=_checked(user), **which)


@told("storage")
def in_use(user: str, mailbox: str = "INBOX", **which: Unpack[When]) -> Fault:
    """``user`` cannot open ``mailbox``, neither over IMAP (``NO [INUSE]``) nor, if it is INBOX, over POP3
    (``-ERR [IN-USE]``)."""
    return _opening(f"{mailbox} of {user} in use", user, mailbox, _IN_USE, **which)


@told("storage")
def new_uidvalidity(user: str, mailbox: str = "INBOX", **which: Unpack[When]) -> Fault:
    """When ``user`` opens ``mailbox``, over IMAP or POP3, it has another UIDVALIDITY, for good (RFC 9051 §2.3.1.1)."""
    verdict = Renumber(validity=True, uids=False)
    return _opening(f"new UIDVALIDITY of {mailbox} of {user}", user, mailbox, {IMAP: verdict, POP3: verdict}, **which)


@told("storage")
def renumber(user: str, mailbox: str = "INBOX", validity: bool = False, **which: Unpack[When]) -> Fault:
    """When ``user`` opens ``mailbox``, its messages have other UIDs, for good, under another UIDVALIDITY only if
    ``validity``; to who has it open they are gone and come again."""
    verdict = Renumber(validity=validity, uids=True)
    return _opening(f"new UIDs in {mailbox} of {user}", user, mailbox, {IMAP: verdict, POP3: verdict}, **which)


def _opening(does: str, user: str, mailbox: str, verdicts: Mapping[str, Verdict], **which: Unpack[When]) -> Fault:
    def judge(event: Event) -> Verdict:
        return verdicts[event.protocol] if isinstance(event, Opening) and event.mailbox == mailbox else PASS

    return breaking(does, judge, hears=(Opening,), user=_checked(user), **which)


def _storing(does: str, host: str, verdict: Verdict, **which: Unpack[Letters]) -> Fault:
    name = host.lower()

    def judge(event: Event) -> Verdict:
        return verdict if isinstance(event, Storing) and name in ("", event.host.lower()) else PASS

    return breaking(does, judge, *([host] if host else []), hears=(Storing,), **which)


def _checked(user: str) -> str:
    if not ADDRESS.fullmatch(user):
        raise MisuseError(f"{user!r} is no address of a user, as 'bob@b.test' is")
    return user

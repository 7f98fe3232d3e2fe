"""Keeping: what of an account outlives its world, and how a new world's account takes it up again."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from mailharness.mailbox.account import Account
from mailharness.mailbox.mailbox import Mailbox, StoredMessage

Gone = tuple[int, int]
"""The mod-sequence at which a message was expunged, and its UID."""


@dataclass(frozen=True, slots=True)
class KeptMailbox:
    """One mailbox but for its messages: the numbers that clients rely on (RFC 3501 §2.3.1.1, RFC 7162 §3.1)."""

    name: str
    uid_validity: int
    object_id: str
    special_use: str
    notes: dict[str, bytes]
    uid_next: int
    highest_modseq: int
    first_unclaimed: int
    url_key: int = 0


Contents = tuple[KeptMailbox, list[StoredMessage], list[Gone]]
"""A mailbox, what is in it by UID, and what is no longer."""


@dataclass(frozen=True, slots=True)
class KeptAccount:
    """One account but for its mailboxes. ``vacated`` are the greatest UIDVALIDITYs of names that are free again,
    ``answered`` says until when a sender gets no other automatic reply."""

    subscriptions: tuple[str, ...]
    notes: dict[str, bytes]
    next_validity: int
    vacated: dict[str, int]
    answered: dict[str, float] = field(default_factory=dict)


def describe(account: Account) -> KeptAccount:
    """The account as it is now."""
    return KeptAccount(
        tuple(sorted(account.subscriptions)),
        dict(account.notes),
        account.next_validity,
        dict(account.vacated),
        dict(account.answered),
    )


def describe_mailbox(mailbox: Mailbox) -> KeptMailbox:
    """The mailbox as it is now."""
    return KeptMailbox(
        mailbox.name,
        mailbox.uid_validity,
        mailbox.object_id,
        mailbox.special_use,
        dict(mailbox.notes),
        mailbox.uid_next,
        mailbox.highest_modseq,
        mailbox.first_unclaimed,
        mailbox.url_key,
    )


def take_up(account: Account, kept: KeptAccount, mailboxes: Iterable[Contents]) -> None:
    """Let ``account``, which is new, go on with what was kept of it, instead of what it began with."""
    account.subscriptions = set(kept.subscriptions)
    account.notes.write(kept.notes)
    account.vacated.update(kept.vacated)
    account.answered.update(kept.answered)
    account.next_validity = kept.next_validity
    account.adopt(_mailbox(account, *contents) for contents in mailboxes)


def _mailbox(account: Account, kept: KeptMailbox, messages: list[StoredMessage], gone: list[Gone]) -> Mailbox:
    mailbox = account.make_mailbox(kept.name, kept.uid_validity)
    mailbox.object_id, mailbox.special_use = kept.object_id, kept.special_use
    mailbox.url_key = kept.url_key
    mailbox.notes.write(kept.notes)
    mailbox.take_up(messages, gone, kept.uid_next, kept.highest_modseq, kept.first_unclaimed)
    return mailbox

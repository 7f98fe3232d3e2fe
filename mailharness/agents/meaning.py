"""What an address of a domain can stand for: a mailbox, or other addresses (RFC 5321 §3.9)."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from mailharness.agents.mailing_list import MailingList
from mailharness.mail import Address, Cause
from mailharness.mailbox import Account


@dataclass(frozen=True, slots=True)
class AtHome:
    """Whoever it is has a mailbox here."""

    account: Account


@dataclass(frozen=True, slots=True)
class Forwarded:
    """Mail for this account goes on to others, and with ``keep`` into its mailbox too. ``rewrite`` says who is the
    envelope sender then: "own" the account, "srs" an address that leads back to the sender, "" the sender."""

    account: Account
    to: tuple[Address, ...]
    keep: bool = False
    rewrite: Literal["", "own", "srs"] = ""


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name for ``targets``; ``cause`` says what their copies are called."""

    targets: tuple[Address, ...]
    cause: Cause = Cause.ALIAS


@dataclass(frozen=True, slots=True)
class Posted:
    """A mailing list."""

    to: MailingList


@dataclass(frozen=True, slots=True)
class CameBack:
    """A mailing list's bounce address; behind its plus sign ``detail`` may tell whose bounce it is."""

    to: MailingList
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Leaving:
    """The address to which a mailing list's members write when they have enough of it."""

    of: MailingList


Meaning: TypeAlias = AtHome | Forwarded | Alias | Posted | CameBack | Leaving

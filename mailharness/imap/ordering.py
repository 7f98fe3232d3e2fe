"""By what messages are put in order, and how (RFC 5256 §3, RFC 5957)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from mailharness.imap.addresses import GROUP_END, Mailbox, addresses
from mailharness.imap.dates import sent_at
from mailharness.imap.reading import Reading
from mailharness.mail.subjects import base_subject
from mailharness.mail.words import decode_value

Key = Callable[[Reading], Any]
Keys = dict[int, tuple[Any, ...]]
"""What each message, by its UID, is sorted by: one value for each criterion."""


def _first(reading: Reading, name: bytes) -> Mailbox:
    """The first address or group of a field."""
    return next((one for value in reading.root.fields.get(name, ()) for one in addresses(value)), GROUP_END)


def _mailbox(name: bytes) -> Key:
    """The local part, as ENVELOPE shows it (RFC 5256 §3)."""
    return lambda reading: decode_value(_first(reading, name).mailbox or b"").upper()


def _display(name: bytes) -> Key:
    """The name that a person reads, else the address (RFC 5957 §3)."""

    def key(reading: Reading) -> str:
        one = _first(reading, name)
        if one.name:
            return decode_value(one.name).upper()
        return decode_value(b"%s@%s" % (one.mailbox, one.host) if one.mailbox and one.host else one.mailbox or b"").upper()

    return key


KEYS: dict[str, Key] = {
    "ARRIVAL": lambda reading: reading.stored.internal_date,
    "CC": _mailbox(b"cc"),
    "DATE": sent_at,
    "DISPLAYFROM": _display(b"from"),
    "DISPLAYTO": _display(b"to"),
    "FROM": _mailbox(b"from"),
    "SIZE": lambda reading: reading.stored.size,
    "SUBJECT": lambda reading: base_subject(reading.subject).base,
    "TO": _mailbox(b"to"),
}


class Order(NamedTuple):
    """One criterion: by which key, and whether the other way round."""

    key: Key
    reverse: bool = False


def keys_of(reading: Reading, orders: Sequence[Order]) -> tuple[Any, ...]:
    """What the message is sorted by."""
    return tuple(order.key(reading) for order in orders)


def in_order(keys: Mapping[int, tuple[Any, ...]], orders: Sequence[Order]) -> list[int]:
    """The UIDs in order; equal ones stay in the mailbox's. By the last criterion first, since sorting is stable."""
    uids = sorted(keys)
    for at in reversed(range(len(orders))):
        uids.sort(key={uid: values[at] for uid, values in keys.items()}.__getitem__, reverse=orders[at].reverse)
    return uids

"""SORT: what a search finds, in an order that the client names (RFC 5256 §3, RFC 5957, RFC 5267 §3)."""

from collections.abc import Callable
from typing import Any, NamedTuple

from mailharness.imap.addresses import GROUP_END, Mailbox, addresses
from mailharness.imap.dates import sent_at
from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.reading import Reading
from mailharness.imap.returning import Found, Wanted, extended, parse_wanted
from mailharness.imap.search import Question, parse_program
from mailharness.imap.searching import ask
from mailharness.imap.subjects import base_subject
from mailharness.imap.visit import Status, Visit
from mailharness.mail.words import decode_value

Key = Callable[[Reading], Any]


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


def parse_sort(cursor: Cursor) -> tuple[Wanted | None, list[Order], Question]:
    cursor.space()
    wanted = parse_wanted(cursor)
    orders = _parse_orders(cursor)
    cursor.space()
    return wanted, orders, parse_program(cursor)


def _parse_orders(cursor: Cursor) -> list[Order]:
    cursor.expect(b"(")
    orders: list[Order] = []
    while not orders or not cursor.take(b")"):
        if orders:
            cursor.space()
        reverse = cursor.take_word(b"REVERSE")
        if reverse:
            cursor.space()
        word = cursor.word()
        if word not in KEYS:
            raise BadSyntaxError(f"nothing is sorted by {word}")
        orders.append(Order(KEYS[word], reverse))
    return orders


def sort(visit: Visit, wanted: Wanted | None, orders: list[Order], question: Question, *, by_uid: bool = False) -> Status:
    found = _in_order(visit, ask(visit, wanted, question), orders)
    if wanted is None:
        visit.write(b"* SORT%s\r\n" % b"".join(b" %d" % (stored.uid if by_uid else number) for number, stored in found))
    elif wanted.tells or wanted.part:
        modseq = question.uses_modseq
        visit.write(extended(visit, found, wanted, by_uid=by_uid, uses_modseq=modseq))
    return Status("OK sorted")


def _in_order(visit: Visit, found: Found, orders: list[Order]) -> Found:
    """Equal ones stay in the mailbox's order; sorted by the last criterion first, since sorting is stable."""
    readings = [Reading(visit.view, number, stored) for number, stored in found]
    for order in reversed(orders):
        readings.sort(key=order.key, reverse=order.reverse)
    return [(reading.number, reading.stored) for reading in readings]

"""SORT: what a search finds, in an order that the client names (RFC 5256 §3, RFC 5957, RFC 5267 §3)."""

from mailharness.imap.contexts import go_on, require_new_tag
from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.ordering import KEYS, Order, in_order, keys_of
from mailharness.imap.reading import Reading
from mailharness.imap.returning import Wanted, extended, parse_wanted
from mailharness.imap.search import Question, parse_program
from mailharness.imap.searching import ask
from mailharness.imap.visit import Status, Visit

MAX_ORDERS = 20


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
        if len(orders) == MAX_ORDERS:
            raise BadSyntaxError(f"no more than {MAX_ORDERS} criteria at once")
        orders.append(Order(KEYS[word], reverse))
    return orders


def sort(visit: Visit, wanted: Wanted | None, orders: list[Order], question: Question, *, by_uid: bool = False) -> Status:
    require_new_tag(visit, wanted)
    numbered = {stored.uid: (number, stored) for number, stored in ask(visit, wanted, question)}
    keys = {uid: keys_of(Reading(visit.view, *one), orders) for uid, one in numbered.items()}
    found = [numbered[uid] for uid in in_order(keys, orders)]
    if wanted is None:
        visit.write(b"* SORT%s\r\n" % b"".join(b" %d" % (stored.uid if by_uid else number) for number, stored in found))
        return Status("OK sorted")
    if wanted.tells or wanted.part:
        visit.write(extended(visit, found, wanted, by_uid=by_uid, uses_modseq=question.uses_modseq))
    if wanted.updates:
        go_on(visit, question, found, orders=orders, keys=keys, by_uid=by_uid)
    return Status("OK sorted")

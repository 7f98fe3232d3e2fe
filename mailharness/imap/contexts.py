"""CONTEXT: searches that go on, their clients told what joins the result and what leaves it (RFC 5267 §4)."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.numbers import compact
from mailharness.imap.ordering import Keys, Order, in_order, keys_of
from mailharness.imap.reading import Reading
from mailharness.imap.responses import string, untagged
from mailharness.imap.returning import Found, Wanted
from mailharness.imap.search import Question
from mailharness.imap.view import View
from mailharness.imap.visit import Status, Visit

MAX_CONTEXTS = 16
"""Of one mailbox in one session: each is asked again of each message that changes."""

Runs = list[tuple[int, list[int]]]
"""Positions in a result, counted from 1 (0 where order means nothing), and the UIDs that stand there one behind another."""


class Context:
    """What the SEARCH or SORT called ``tag`` has found so far. ``orders`` is empty for a SEARCH."""

    def __init__(self, view: View, tag: str, question: Question, orders: Sequence[Order], keys: Keys, by_uid: bool) -> None:
        self._view = view
        self._head = b"* ESEARCH (TAG %s)%s" % (string(tag.encode()), b" UID" * by_uid)
        self._question = question
        self._orders = orders
        self._by_uid = by_uid
        self._keys = dict(keys)
        self._order = in_order(self._keys, orders) if orders else []

    def lose(self, gone: Collection[int]) -> Iterator[bytes]:
        """What is said before messages are told to be gone, while they still have numbers (RFC 5267 §4.3.4)."""
        lost = gone & self._keys.keys()
        if lost:
            yield self._remove(lost)

    def look_at(self, touched: Iterable[int]) -> Iterator[bytes]:
        """Ask again of the messages with these UIDs, which are new or have changed."""
        joined: Keys = {}
        left: set[int] = set()
        for uid in sorted(touched):
            place = self._view.place(uid)
            if place is None:
                continue
            reading = Reading(self._view, *place)
            holds = self._question.holds(reading)
            if holds and uid not in self._keys:
                joined[uid] = keys_of(reading, self._orders)
            elif not holds and uid in self._keys:
                left.add(uid)
        if left:
            yield self._remove(left)
        if joined:
            yield self._add(joined)

    def _remove(self, left: Collection[int]) -> bytes:
        runs = self._runs(left, shrinking=True)
        for uid in left:
            del self._keys[uid]
        self._order = [uid for uid in self._order if uid in self._keys]
        return self._response(b"REMOVEFROM", runs)

    def _add(self, joined: Keys) -> bytes:
        self._keys.update(joined)
        self._order = in_order(self._keys, self._orders) if self._orders else []
        return self._response(b"ADDTO", self._runs(joined, shrinking=False))

    def _runs(self, uids: Collection[int], *, shrinking: bool) -> Runs:
        """Where they stand; where the result is ``shrinking``, each behind the ones that were removed before it."""
        if not self._orders:
            return [(0, sorted(uids))]
        runs: Runs = []
        end = removed = 0
        for position, uid in enumerate(self._order, 1):
            if uid not in uids:
                continue
            if runs and position == end:
                runs[-1][1].append(uid)
            else:
                runs.append((position - removed * shrinking, [uid]))
            end = position + 1
            removed += 1
        return runs

    def _response(self, what: bytes, runs: Runs) -> bytes:
        places = " ".join(f"{position} {compact(self._numbers(uids))}" for position, uids in runs)
        return b"%s %s (%s)\r\n" % (self._head, what, places.encode())

    def _numbers(self, uids: list[int]) -> list[int]:
        return uids if self._by_uid else [place[0] for uid in uids if (place := self._view.place(uid)) is not None]


# -- commands ----


def require_new_tag(visit: Visit, wanted: Wanted | None) -> None:
    """RFC 5267 §4.3: one tag is one search."""
    if wanted is not None and wanted.updates and visit.tag in visit.view.contexts:
        raise BadSyntaxError("a search of that tag is still going on")


def go_on(
    visit: Visit, question: Question, found: Found, *, orders: Sequence[Order] = (), keys: Keys | None = None, by_uid: bool
) -> None:
    """Keep the search's result up to date from now on, unless too many are already (RFC 5267 §4.3.1)."""
    view = visit.view
    if len(view.contexts) == MAX_CONTEXTS:
        visit.write(untagged(f'NO [NOUPDATE "{visit.tag}"] no more than {MAX_CONTEXTS} searches go on at once'))
        return
    known = {stored.uid: () for _, stored in found} if keys is None else keys
    view.contexts[visit.tag] = Context(view, visit.tag, question, orders, known, by_uid)


def parse_tags(cursor: Cursor) -> tuple[list[str]]:
    cursor.space()
    tags = [cursor.string()]
    while cursor.take(b" "):
        tags.append(cursor.string())
    return ([tag.decode("ascii", "replace") for tag in tags],)


def cancel_update(visit: Visit, tags: list[str]) -> Status:
    """RFC 5267 §4.3.5: a tag of no search is passed over."""
    for tag in tags:
        visit.view.contexts.pop(tag, None)
    return Status("OK no more of it")

"""SEARCH as a command: the question put, and how the answer looks (RFC 3501 §6.4.4, §7.2.5, RFC 7162 §3.1.5)."""

from mailharness.imap.contexts import go_on, require_new_tag
from mailharness.imap.grammar import Cursor
from mailharness.imap.returning import Found, Wanted, extended, kept, parse_wanted
from mailharness.imap.search import Question, parse_search
from mailharness.imap.search import search as search_view
from mailharness.imap.visit import Extension, Status, Visit


def parse_keys(cursor: Cursor) -> tuple[Wanted | None, Question]:
    cursor.space()
    return parse_wanted(cursor), parse_search(cursor)


def search(visit: Visit, wanted: Wanted | None, question: Question, *, by_uid: bool = False) -> Status:
    if wanted is None and visit.has(Extension.REV2):
        wanted = Wanted()  # RFC 9051 §6.4.4: there is no other answer
    require_new_tag(visit, wanted)
    found = ask(visit, wanted, question)
    if wanted is None:
        visit.write(_plain(found, question, by_uid=by_uid))
        return Status("OK searched")
    if wanted.tells or wanted.part:
        visit.write(extended(visit, found, wanted, by_uid=by_uid, uses_modseq=question.uses_modseq))
    if wanted.updates:
        go_on(visit, question, found, by_uid=by_uid)
    return Status("OK searched")


def ask(visit: Visit, wanted: Wanted | None, question: Question) -> Found:
    """What is found, in the mailbox's order; kept for ``$`` where that is wanted (RFC 5182 §2.1)."""
    if question.uses_modseq:
        visit.use(Extension.CONDSTORE)
    found = search_view(visit.view, question)
    if wanted is not None and wanted.saves:
        visit.view.saved = {stored.uid for _, stored in kept(found, wanted, tells=wanted.named)}
    return found


def _plain(found: Found, question: Question, *, by_uid: bool) -> bytes:
    numbers = b"".join(b" %d" % (stored.uid if by_uid else number) for number, stored in found)
    highest = max((stored.modseq for _, stored in found), default=0)
    return b"* SEARCH%s%s\r\n" % (numbers, b" (MODSEQ %d)" % highest if question.uses_modseq and found else b"")

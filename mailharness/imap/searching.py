"""SEARCH as a command: the question put, and how the answer looks (RFC 3501 §6.4.4, §7.2.5, RFC 7162 §3.1.5)."""

from mailharness.imap.grammar import Cursor
from mailharness.imap.search import Question, parse_search
from mailharness.imap.search import search as search_view
from mailharness.imap.visit import Extension, Status, Visit


def parse_keys(cursor: Cursor) -> tuple[Question]:
    cursor.space()
    return (parse_search(cursor),)


def search(visit: Visit, question: Question, *, by_uid: bool = False) -> Status:
    if question.uses_modseq:
        visit.use(Extension.CONDSTORE)
    found = search_view(visit.view, question)
    numbers = b"".join(b" %d" % (stored.uid if by_uid else number) for number, stored in found)
    highest = max((stored.modseq for _, stored in found), default=0)
    visit.write(b"* SEARCH%s%s\r\n" % (numbers, b" (MODSEQ %d)" % highest if question.uses_modseq and found else b""))
    return Status("OK searched")

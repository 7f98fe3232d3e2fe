"""THREAD as a command: what a search finds, by who answers whom (RFC 5256 §3)."""

from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.reading import Reading
from mailharness.imap.search import Question, parse_program
from mailharness.imap.searching import ask
from mailharness.imap.threads import ALGORITHMS, shown
from mailharness.imap.visit import Status, Visit


def parse_thread(cursor: Cursor) -> tuple[str, Question]:
    cursor.space()
    algorithm = cursor.word()
    if algorithm not in ALGORITHMS:
        raise BadSyntaxError(f"threads are made by {' or '.join(ALGORITHMS)}")
    cursor.space()
    return algorithm, parse_program(cursor)


def thread(visit: Visit, algorithm: str, question: Question, *, by_uid: bool = False) -> Status:
    view = visit.view
    readings = [Reading(view, number, stored) for number, stored in ask(visit, None, question)]
    roots = ALGORITHMS[algorithm](readings)
    threads = shown(roots, lambda reading: reading.stored.uid if by_uid else reading.number)
    visit.write(b"* THREAD%s\r\n" % (b" " + threads if threads else b""))
    return Status("OK threaded")

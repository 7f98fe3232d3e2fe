"""SEARCH: keys become one question that is put to each message (RFC 3501 §6.4.4)."""

import operator
import re
from bisect import bisect_right
from collections.abc import Callable
from datetime import date
from operator import itemgetter
from typing import NamedTuple

from mailharness.imap import labels
from mailharness.imap.grammar import MONTH_NUMBER, BadSyntaxError, Cursor
from mailharness.imap.numbers import MAX_NUMBER, SequenceSet
from mailharness.imap.reading import Reading
from mailharness.imap.view import View
from mailharness.mailbox import SEEN, SYSTEM_FLAGS, StoredMessage

Holds = Callable[[Reading], bool]
"""One key: whether it is true of a message."""
CHARSETS = ("US-ASCII", "UTF-8")
MAX_DEPTH = 50
MAX_KEYS = 200
"""Keys of one SEARCH: each is put to each message."""

_HEADERS, _BODIES = 1, 2
_COSTS = {
    **dict.fromkeys("BCC CC FROM TO SUBJECT HEADER SENTBEFORE SENTON SENTSINCE EMAILID".split(), _HEADERS),
    **dict.fromkeys(("BODY", "TEXT"), _BODIES),
}
"""What a key has to read of a message, where it is more than what the mailbox knows of it."""

_SENT = re.compile(r"([0-9]{1,2})[ \t-]+([a-z]{3})[a-z]*[ \t-]+([0-9]{2,4})\b", re.ASCII)
_BLANKS = re.compile(r"\s")
_EPOCH = date(1970, 1, 1).toordinal()
_DAY = 86_400


class Question(NamedTuple):
    """A whole SEARCH program: what is to hold, and whether it asks for mod-sequences (RFC 7162 §3.1.5)."""

    holds: Holds
    uses_modseq: bool = False


class BadCharsetError(Exception):
    """The client searches in a charset that we do not know."""


class _Parser:
    """One SEARCH program's state: its cursor, the charset of its strings, how deep it is nested."""

    def __init__(self, cursor: Cursor, charset: str) -> None:
        self.cursor = cursor
        self.charset = charset
        self.depth = 0
        self.count = 0
        self.uses_modseq = False
        self._cost = 0

    def text(self) -> str:
        """A string to look for, ready to compare without case."""
        self.cursor.space()
        try:
            return self.cursor.astring().decode(self.charset).casefold()
        except UnicodeDecodeError:
            raise BadSyntaxError(f"a search string is not in {self.charset}") from None

    def _priced(self) -> tuple[int, Holds]:
        """A key and the cost of the dearest one in it."""
        outside, self._cost = self._cost, 0
        holds = self.key()
        cost, self._cost = self._cost, max(outside, self._cost)
        return cost, holds

    def key(self) -> Holds:
        """One search key; a list in parentheses is one, and means that all hold."""
        self.depth += 1
        self.count += 1
        if self.count > MAX_KEYS:
            raise BadSyntaxError(f"no more than {MAX_KEYS} search keys at once")
        if self.depth > MAX_DEPTH:
            raise BadSyntaxError(f"search keys are nested deeper than {MAX_DEPTH} levels")
        question = self._key()
        self.depth -= 1
        return question

    def _key(self) -> Holds:
        cursor = self.cursor
        if cursor.take(b"("):
            keys = [self._priced()]
            while not cursor.take(b")"):
                cursor.space()
                keys.append(self._priced())
            return _all_of(keys)
        if cursor.take(b"$"):  # RFC 5182 §2.1
            return lambda reading: reading.stored.uid in reading.view.saved
        if cursor.at_number:
            cursor.require_numbers()
            numbers = cursor.sequence_set()
            return _in_set(numbers, lambda reading: (reading.number, len(reading.view.messages)))
        word = cursor.word()
        make = KEYS.get(word)
        if make is None and cursor.labels and word in labels.SEARCHED:
            return labels.SEARCHED[word](cursor)
        if make is None:
            raise BadSyntaxError(f"there is no search key {word}")
        self._cost = max(self._cost, _COSTS.get(word, 0))
        return make(self)

    def keys(self) -> Holds:
        """Keys to the end of the command."""
        keys = [self._priced()]
        while not self.cursor.at_end:
            self.cursor.space()
            keys.append(self._priced())
        return _all_of(keys)

    def next_key(self) -> Holds:
        self.cursor.space()
        return self.key()


def parse_search(cursor: Cursor) -> Question:
    """The program behind ``SEARCH ``. Raises BadSyntaxError, BadCharsetError."""
    charset = "UTF-8" if cursor.utf8 else "US-ASCII"
    if cursor.take_word(b"CHARSET"):
        if not cursor.charsets:
            raise BadSyntaxError("who has enabled UTF8=ACCEPT names no charset")  # RFC 6855 §3
        cursor.space()
        charset = cursor.astring().decode("ascii", "replace").upper()
        if charset not in CHARSETS:
            raise BadCharsetError(charset)
        cursor.space()
    return _question(cursor, charset)


def parse_program(cursor: Cursor) -> Question:
    """A charset and keys, as SORT and THREAD have them (RFC 5256 §3). Raises BadSyntaxError, BadCharsetError."""
    charset = cursor.astring().decode("ascii", "replace").upper()
    if charset not in CHARSETS:
        raise BadCharsetError(charset)
    cursor.space()
    return _question(cursor, charset)


def _question(cursor: Cursor, charset: str) -> Question:
    parser = _Parser(cursor, charset)
    return Question(parser.keys(), parser.uses_modseq)


def search(view: View, question: Question) -> list[tuple[int, StoredMessage]]:
    """Number and message of each that the question is true of, in order."""
    numbered = enumerate(view.messages, 1)
    return [(number, stored) for number, stored in numbered if question.holds(Reading(view, number, stored))]


def _all_of(keys: list[tuple[int, Holds]]) -> Holds:
    """All of them, the cheapest asked first."""
    questions = [holds for _, holds in sorted(keys, key=itemgetter(0))]
    if len(questions) == 1:
        return questions[0]
    return lambda reading: all(question(reading) for question in questions)


# -- the kinds of keys ----

Make = Callable[[_Parser], Holds]


def _in_set(numbers: SequenceSet, number_and_highest: Callable[[Reading], tuple[int, int]]) -> Holds:
    """Whether the message's number is in the set; the set's ranges are put in order once."""
    known: dict[int, list[tuple[int, int]]] = {}

    def question(reading: Reading) -> bool:
        number, highest = number_and_highest(reading)
        bounds = known.get(highest)
        if bounds is None:
            bounds = known[highest] = numbers.bounds(highest)
        at = bisect_right(bounds, (number, MAX_NUMBER)) - 1
        return at >= 0 and number <= bounds[at][1]

    return question


def _has(flag: str) -> Make:
    return lambda _parser: lambda reading: flag in reading.stored.flags


def _lacks(flag: str) -> Make:
    return lambda _parser: lambda reading: flag not in reading.stored.flags


def _keyword(*, wanted: bool) -> Make:
    def make(parser: _Parser) -> Holds:
        parser.cursor.space()
        keyword = parser.cursor.atom().decode("ascii").lower()
        return lambda reading: any(flag.lower() == keyword for flag in reading.stored.flags) is wanted

    return make


def _is_recent(reading: Reading) -> bool:
    return reading.stored.uid in reading.view.recent


def _size(holds: Callable[[int, int], bool]) -> Make:
    def make(parser: _Parser) -> Holds:
        parser.cursor.space()
        size = parser.cursor.number()
        return lambda reading: holds(reading.stored.size, size)

    return make


def _arrival(reading: Reading) -> int | None:
    return _EPOCH + int(reading.stored.internal_date // _DAY)


def _saved(reading: Reading) -> int | None:
    return _EPOCH + int(reading.stored.save_date // _DAY)


def _sent(reading: Reading) -> int | None:
    """The day that the Date field names, its time and zone disregarded; None for what is no date."""
    match = _SENT.search("".join(reading.field(b"date")[:1]))
    if match is None:
        return None
    year = int(match[3])
    century = 0 if year > 999 else 1900 if year > 49 else 2000  # RFC 5322 §4.3
    try:
        return date(year + century, MONTH_NUMBER[match[2].encode()], int(match[1])).toordinal()
    except (KeyError, ValueError):
        return None


def _dated(day_of: Callable[[Reading], int | None], holds: Callable[[int, int], bool]) -> Make:
    """By days, each with its number in the calendar."""

    def make(parser: _Parser) -> Holds:
        parser.cursor.space()
        wanted = parser.cursor.day().toordinal()

        def question(reading: Reading) -> bool:
            day = day_of(reading)
            return day is not None and holds(day, wanted)

        return question

    return make


def _field_holds(name: bytes, text: str) -> Holds:
    return lambda reading: any(text in value for value in reading.field(name))


def _field(name: bytes) -> Make:
    return lambda parser: _field_holds(name, parser.text())


def _addressed(name: bytes) -> Make:
    """The field as it stands, or as ENVELOPE shows it."""

    def make(parser: _Parser) -> Holds:
        text = parser.text()
        return lambda reading: any(text in value for read in (reading.field, reading.addresses) for value in read(name))

    return make


def _header(parser: _Parser) -> Holds:
    parser.cursor.space()
    name = parser.cursor.astring().lower()
    return _field_holds(name, parser.text())


def _unless_lacking(text: str, holds: Holds) -> Holds:
    """``holds``, put only to messages that may have ``text`` in them: it is dear. A field's folding may part at blanks."""
    octets = text.encode()
    return holds if _BLANKS.search(text) else lambda reading: not reading.lacks(octets) and holds(reading)


def _body(parser: _Parser) -> Holds:
    text = parser.text()
    return _unless_lacking(text, lambda reading: any(text in body for body in reading.bodies))


def _text(parser: _Parser) -> Holds:
    text = parser.text()
    return _unless_lacking(
        text, lambda reading: any(text in value for each in (reading.header, reading.bodies) for value in each)
    )


def _not(parser: _Parser) -> Holds:
    question = parser.next_key()
    return lambda reading: not question(reading)


def _or(parser: _Parser) -> Holds:
    one, other = parser.next_key(), parser.next_key()
    return lambda reading: one(reading) or other(reading)


def _uid(parser: _Parser) -> Holds:
    parser.cursor.space()
    if parser.cursor.take(b"$"):
        return lambda reading: reading.stored.uid in reading.view.saved
    uids = parser.cursor.sequence_set()
    return _in_set(uids, lambda reading: (reading.stored.uid, reading.view.messages[-1].uid))


def _age(holds: Callable[[float, int], bool]) -> Make:
    """OLDER and YOUNGER: by the seconds since a message arrived (RFC 5032 §3)."""

    def make(parser: _Parser) -> Holds:
        parser.cursor.space()
        seconds = parser.cursor.number()
        if not seconds:
            raise BadSyntaxError("an age is one second or more")
        return lambda reading: holds(reading.view.now() - reading.stored.internal_date, seconds)

    return make


def _modseq(parser: _Parser) -> Holds:
    """``MODSEQ 620162338``, or with the flag and the kind that it is asked of, which are all one here."""
    cursor = parser.cursor
    parser.uses_modseq = True
    cursor.space()
    if cursor.at(b'"'):
        cursor.string()
        cursor.space()
        if cursor.word() not in ("PRIV", "SHARED", "ALL"):
            raise BadSyntaxError("a mod-sequence is of a flag that is priv, shared or all")
        cursor.space()
    modseq = cursor.modseq()
    return lambda reading: reading.stored.modseq >= modseq


def _email_id(parser: _Parser) -> Holds:
    """RFC 8474 §6."""
    parser.cursor.space()
    wanted = parser.cursor.atom().decode("ascii")
    return lambda reading: reading.stored.email_id == wanted


def _no_thread(parser: _Parser) -> Holds:
    parser.cursor.space()
    parser.cursor.atom()
    return lambda _reading: False


def _new(reading: Reading) -> bool:
    return _is_recent(reading) and SEEN not in reading.stored.flags


def _always(question: Holds) -> Make:
    """A key without an argument."""
    return lambda _parser: question


KEYS: dict[str, Make] = {
    "ALL": _always(lambda _reading: True),
    "NEW": _always(_new),
    "RECENT": _always(_is_recent),
    "OLD": _always(lambda reading: not _is_recent(reading)),
    **{flag[1:].upper(): _has(flag) for flag in SYSTEM_FLAGS},
    **{f"UN{flag[1:].upper()}": _lacks(flag) for flag in SYSTEM_FLAGS},
    "KEYWORD": _keyword(wanted=True),
    "UNKEYWORD": _keyword(wanted=False),
    "LARGER": _size(lambda size, limit: size > limit),
    "SMALLER": _size(lambda size, limit: size < limit),
    "BEFORE": _dated(_arrival, operator.lt),
    "ON": _dated(_arrival, operator.eq),
    "SINCE": _dated(_arrival, operator.ge),
    "SAVEDATESUPPORTED": _always(lambda _reading: True),  # RFC 8514 §4.3
    "SAVEDBEFORE": _dated(_saved, operator.lt),
    "SAVEDON": _dated(_saved, operator.eq),
    "SAVEDSINCE": _dated(_saved, operator.ge),
    "EMAILID": _email_id,
    "THREADID": _no_thread,
    "SENTBEFORE": _dated(_sent, operator.lt),
    "SENTON": _dated(_sent, operator.eq),
    "SENTSINCE": _dated(_sent, operator.ge),
    **{name.upper(): _addressed(name.encode()) for name in ("bcc", "cc", "from", "to")},
    "SUBJECT": _field(b"subject"),
    "HEADER": _header,
    "BODY": _body,
    "TEXT": _text,
    "NOT": _not,
    "OR": _or,
    "UID": _uid,
    "MODSEQ": _modseq,
    "OLDER": _age(lambda age, seconds: age >= seconds),
    "YOUNGER": _age(lambda age, seconds: age <= seconds),
}

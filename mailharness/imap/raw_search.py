"""Gmail's search language, as far as X-GM-RAW takes it here (https://support.google.com/mail/answer/7190).

    from:alice to:bob subject:(big plan) has:attachment -in:work older_than:2d larger:1M "exact words" {a b} a OR b

Words are whole words, in any case. Terms side by side all hold; OR binds the two beside it, braces take any. Days are
UTC's. What is none of the operators is looked for as it stands.
"""

import re
from calendar import timegm
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import partial

from mailharness.imap.grammar import BadSyntaxError
from mailharness.imap.reading import Reading
from mailharness.imap.view import View
from mailharness.mailbox import SEEN, StoredMessage
from mailharness.mailbox.labels import DRAFTS, FLAGGED, ROOT, SPAM, STARRED, TRASH

Holds = Callable[[Reading], bool]
Names = Callable[[View, StoredMessage], set[str]]
"""The mailboxes that a message lies in."""
MAX_TERMS = 100
"""Of one query: each is put to each message."""
MAX_DEPTH = 20
_TOKEN = re.compile(r'\s*(?:([(){}])|(-?)(?:([A-Za-z_][A-Za-z0-9_]*):)?("[^"]*"?|[^\s(){}"]+|(?=[({])))')
_SIZE = re.compile(r"(\d{1,15})([kmg]?)b?")
_AGE = re.compile(r"(\d{1,6})([dmy])")
_DAY = re.compile(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})")
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_DAYS = {"d": 1, "m": 30, "y": 365}
_FIELDS = {
    "from": (b"from",),
    "to": (b"to", b"cc", b"bcc"),
    "cc": (b"cc",),
    "bcc": (b"bcc",),
    "subject": (b"subject",),
    "list": (b"list-id",),
    "deliveredto": (b"delivered-to",),
}
_PLACES = {
    "inbox": "INBOX",
    "sent": f"{ROOT}/Sent Mail",
    "draft": DRAFTS,
    "drafts": DRAFTS,
    "important": f"{ROOT}/Important",
    "starred": STARRED,
    "spam": SPAM,
    "trash": TRASH,
}


def parse_query(text: str, names: Names) -> Holds:
    """The question that ``text`` puts. Raises BadSyntaxError where it is too long or a value makes no sense."""
    query = _Query(text, names)
    found = query.terms("")
    return _all_of(found)


def _all_of(questions: list[Holds]) -> Holds:
    return lambda reading: all(question(reading) for question in questions)


def _any_of(questions: list[Holds]) -> Holds:
    return lambda reading: any(question(reading) for question in questions)


def _not(question: Holds) -> Holds:
    return lambda reading: not question(reading)


class _Query:
    """One query's state: where it is read, how many terms it has had."""

    def __init__(self, text: str, names: Names) -> None:
        self._text = text
        self._names = names
        self._position = 0
        self._count = 0
        self._depth = 0

    def _next(self) -> re.Match[str] | None:
        match = _TOKEN.match(self._text, self._position)
        if match is None:  # blanks, or a minus with nothing behind it
            self._position = len(self._text)
            return None
        self._position = match.end()
        self._count += 1
        if self._count > MAX_TERMS:
            raise BadSyntaxError(f"no more than {MAX_TERMS} terms in one query")
        return match

    def terms(self, closing: str) -> list[Holds]:
        """Terms to the end, or to what closes the group."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise BadSyntaxError(f"a query is nested deeper than {MAX_DEPTH} levels")
        found: list[Holds] = []
        joins = False
        while (match := self._next()) is not None and not (closing and match[1] == closing):
            if match[1] in (")", "}") or match[4] == "AND":
                continue
            if match[4] == "OR" and not match[3]:
                joins = bool(found)
                continue
            question = self._question(match, "")
            if question is not None:
                found.append(_any_of([found.pop(), question]) if joins else question)
            joins = False
        self._depth -= 1
        return found

    def _question(self, match: re.Match[str], operator: str) -> Holds | None:
        """One term, or a group; ``operator`` stands before the group that it is in. None for what says nothing."""
        opening, minus, name, value = match.groups()
        if opening:
            return self._group(opening, operator)
        if not value:  # an operator before a group, as in from:(a b)
            following = self._next()
            found = self._question(following, (name or "").lower()) if following is not None else None
        else:
            found = self._term((name or operator).lower(), value)
        return _not(found) if minus and found is not None else found

    def _group(self, opening: str, operator: str) -> Holds | None:
        closing = ")" if opening == "(" else "}" if opening == "{" else ""
        if not closing:
            return None
        if operator:
            return self._values(closing, operator)
        return (_all_of if opening == "(" else _any_of)(self.terms(closing))

    def _values(self, closing: str, operator: str) -> Holds:
        found: list[Holds] = []
        while (match := self._next()) is not None and match[1] != closing:
            if match[4] and match[4] not in ("OR", "AND"):
                found.append(self._term(operator, match[4]))
        return (_all_of if closing == ")" else _any_of)(found)

    def _term(self, operator: str, value: str) -> Holds:
        plain = value.strip('"')
        if operator in _FIELDS:
            return partial(_field_has, _FIELDS[operator], _words(plain))
        if operator in ("in", "is", "label"):
            return self._state(operator, plain)
        make = _OPERATORS.get(operator)
        if make is not None:
            return make(plain.lower())
        return partial(_text_has, _words(f"{operator}:{plain}" if operator else plain))

    def _state(self, operator: str, value: str) -> Holds:
        low = value.lower()
        if low in _STATES and operator != "label":
            return _STATES[low]
        wanted, names = _folded(_PLACES.get(low, value)), self._names
        return lambda reading: any(_folded(name) == wanted for name in names(reading.view, reading.stored))


# -- what terms ask ----


def _words(phrase: str) -> re.Pattern[str]:
    """The words of a phrase one behind the other, whole ones."""
    words = [re.escape(word) for word in phrase.casefold().split()]
    return re.compile(r"(?<!\w)" + r"\s+".join(words) + r"(?!\w)") if words else re.compile("")


def _folded(name: str) -> str:
    """A label's name as queries may write it."""
    return re.sub(r"[\s/&()-]+", "-", name.casefold())


def _field_has(fields: Iterable[bytes], words: re.Pattern[str], reading: Reading) -> bool:
    return any(words.search(value) for name in fields for value in reading.field(name))


def _text_has(words: re.Pattern[str], reading: Reading) -> bool:
    return _field_has((b"subject", b"from", b"to", b"cc"), words, reading) or any(map(words.search, reading.bodies))


def _attachments(reading: Reading) -> list[str]:
    return [
        part.filename.lower()
        for part in reading.root.walk(into_messages=False)
        if part.disposition == "attachment" or (part.filename and not part.is_multipart)
    ]


def _has(value: str) -> Holds:
    if value != "attachment":
        raise BadSyntaxError(f"has:{value[:20]!a} is not known here, has:attachment is")
    return lambda reading: bool(_attachments(reading))


def _filename(value: str) -> Holds:
    return lambda reading: any(name == value or name.endswith(f".{value.lstrip('.')}") for name in _attachments(reading))


def _size(compare: Callable[[int, int], bool], value: str) -> Holds:
    match = _SIZE.fullmatch(value)
    if match is None:
        raise BadSyntaxError(f"{value[:20]!a} is no size, as 5M is")
    limit = int(match[1]) * _UNITS[match[2]]
    return lambda reading: compare(reading.stored.size, limit)


def _since(wanted: bool, value: str) -> Holds:
    """Whether the message came on that day or later."""
    match = _DAY.fullmatch(value)
    try:
        day = date(int(match[1]), int(match[2]), int(match[3])) if match is not None else None
        start = timegm(day.timetuple()) if day is not None else int(value)
    except ValueError:
        raise BadSyntaxError(f"{value[:20]!a} is no day, as 2026/11/30 is") from None
    return lambda reading: (reading.stored.internal_date >= start) is wanted


def _younger(wanted: bool, value: str) -> Holds:
    match = _AGE.fullmatch(value)
    if match is None:
        raise BadSyntaxError(f"{value[:20]!a} is no age, as 2d, 3m or 1y are")
    age = timedelta(days=int(match[1]) * _DAYS[match[2]]).total_seconds()
    return lambda reading: (reading.view.now() - reading.stored.internal_date < age) is wanted


def _message_id(value: str) -> Holds:
    wanted = f"<{value.strip('<>')}>"
    return lambda reading: wanted in [one.strip() for one in reading.field(b"message-id")]


_STATES: dict[str, Holds] = {
    "unread": lambda reading: SEEN not in reading.stored.flags,
    "read": lambda reading: SEEN in reading.stored.flags,
    "starred": lambda reading: FLAGGED in reading.stored.flags,
    "anywhere": lambda _reading: True,
    "all": lambda _reading: True,
}
_OPERATORS: dict[str, Callable[[str], Holds]] = {
    "has": _has,
    "filename": _filename,
    "larger": partial(_size, lambda size, limit: size > limit),
    "size": partial(_size, lambda size, limit: size > limit),
    "smaller": partial(_size, lambda size, limit: size < limit),
    "after": partial(_since, True),
    "newer": partial(_since, True),
    "before": partial(_since, False),
    "older": partial(_since, False),
    "newer_than": partial(_younger, True),
    "older_than": partial(_younger, False),
    "rfc822msgid": _message_id,
}

"""The tokens of IMAP (RFC 3501 §9): atoms, strings, numbers, flags, dates, read off a command that has arrived whole.

A command is a list of segments: text, literal, text, literal, ..., text. Literals are never copied into the text.
"""

import re
from calendar import timegm
from datetime import date

from mailharness.errors import RemoteProtocolError
from mailharness.imap.numbers import MAX_NUMBER, SequenceSet

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTH_NUMBER = {month.lower().encode(): number for number, month in enumerate(MONTHS, 1)}
ASTRING = re.compile(rb"[^(){ %*\"\\\x00-\x1f\x7f-\xff]+")
"""What may stand for a string without quotes."""
LITERAL_MARK = re.compile(rb"\{(\d{1,20})(\+?)\}\Z")

_ATOM = re.compile(rb"[^(){ %*\"\\\]\x00-\x1f\x7f-\xff]+")
_LIST_NAME = re.compile(rb"[^(){ \"\\\x00-\x1f\x7f-\xff]+")
_QUOTED = re.compile(rb'"((?:[^"\\\r\n\x00\x80-\xff]|\\["\\])*+)"')
_QUOTED_UTF8 = re.compile(rb'"((?:[^"\\\r\n\x00]|\\["\\])*+)"')
_ESCAPED = re.compile(rb"\\(.)")
_NUMBER = re.compile(rb"\d{1,10}")
_MODSEQ = re.compile(rb"\d{1,19}")
_SEQUENCE = re.compile(rb"[\d*:,]+|\$")
_FLAG = re.compile(rb"\\?[^(){ %*\"\\\]\x00-\x1f\x7f-\xff]+")
_WORD = re.compile(rb"[A-Za-z0-9.-]+")
_DATE = re.compile(rb"(\d{1,2})-([A-Za-z]{3})-(\d{4})")
_DATE_TIME = re.compile(rb"([ \d]\d)-([A-Za-z]{3})-(\d{4}) ([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60) ([+-])(\d\d)(\d\d)")


class BadSyntaxError(RemoteProtocolError):
    """The command is not of the grammar; its text stands behind ``BAD``."""


class Cursor:
    """Reads one command's tokens in order. Every method raises BadSyntaxError where its token does not stand.

    ``utf8`` says that the client speaks it, in quoted strings and mailbox names (RFC 9051 §4.3, RFC 6855 §3); ``charsets``
    that it may name others for its searches, ``numbers`` that it may use message numbers, ``labels`` that it may speak of
    Gmail's.
    """

    def __init__(
        self,
        segments: list[bytes],
        position: int = 0,
        *,
        utf8: bool = False,
        charsets: bool = True,
        numbers: bool = True,
        labels: bool = False,
    ) -> None:
        self._numbers = numbers
        self.utf8 = utf8
        self.charsets = charsets
        self.labels = labels
        self._segments = segments
        self._index = 0
        self._text = segments[0]
        self._position = position

    def _match(self, pattern: re.Pattern[bytes], what: str) -> re.Match[bytes]:
        match = pattern.match(self._text, self._position)
        if match is None:
            raise BadSyntaxError(f"{what} is expected {self._where()}")
        self._position = match.end()
        return match

    def _where(self) -> str:
        rest = self._text[self._position : self._position + 20].decode("latin-1")
        return f"at {rest!a}" if rest else "at the end"

    # -- punctuation ----

    def space(self) -> None:
        if not self.take(b" "):
            raise BadSyntaxError(f"a space is expected {self._where()}")

    def take(self, octets: bytes) -> bool:
        """Step over ``octets`` if they stand here."""
        found = self._text.startswith(octets, self._position)
        if found:
            self._position += len(octets)
        return found

    def expect(self, octets: bytes) -> None:
        if not self.take(octets):
            raise BadSyntaxError(f"{octets.decode()} is expected {self._where()}")

    def take_word(self, word: bytes) -> bool:
        """Step over the keyword ``word`` (upper case) if it is the one that stands here."""
        match = _WORD.match(self._text, self._position)
        found = match is not None and match[0].upper() == word
        if match is not None and found:
            self._position = match.end()
        return found

    def optional(self, pattern: re.Pattern[bytes]) -> bytes:
        """What of ``pattern`` stands here; nothing if it does not."""
        match = pattern.match(self._text, self._position)
        if match is None:
            return b""
        self._position = match.end()
        return match[0]

    def at(self, octets: bytes) -> bool:
        return self._text.startswith(octets, self._position)

    @property
    def at_end(self) -> bool:
        return self._position == len(self._text) and self._index == len(self._segments) - 1

    def end(self) -> None:
        if not self.at_end:
            raise BadSyntaxError(f"nothing more is expected {self._where()}")

    # -- words, strings, numbers ----

    def word(self) -> str:
        """A keyword of the grammar, in upper case."""
        return self._match(_WORD, "a keyword")[0].decode("ascii").upper()

    def atom(self) -> bytes:
        return self._match(_ATOM, "an atom")[0]

    def string(self) -> bytes:
        """A quoted string or a literal, its content."""
        if self.at(b'"'):
            content = self._quoted_utf8() if self.utf8 else self._match(_QUOTED, "a quoted string of 7-bit characters")[1]
            return _ESCAPED.sub(rb"\1", content) if b"\\" in content else content
        return self.literal()

    def _quoted_utf8(self) -> bytes:
        content = self._match(_QUOTED_UTF8, "a quoted string")[1]
        try:
            content.decode()
        except UnicodeDecodeError:
            raise BadSyntaxError("a quoted string is in UTF-8") from None
        return content

    def literal8(self) -> bytes:
        """A literal, perhaps one that may hold NUL (RFC 3516 §4.4)."""
        return self.literal(nul=True) if self.take(b"~") else self.literal()

    def literal(self, *, nul: bool = False) -> bytes:
        mark = LITERAL_MARK.match(self._text, self._position)
        if mark is None or self._index + 2 >= len(self._segments):
            raise BadSyntaxError(f"a string is expected {self._where()}")
        content = self._segments[self._index + 1]
        if b"\x00" in content and not nul:
            raise BadSyntaxError("a literal holds no NUL")  # RFC 3501 §4.3: CHAR8
        self._index += 2
        self._text = self._segments[self._index]
        self._position = 0
        return content

    def _string_or(self, pattern: re.Pattern[bytes], what: str) -> bytes:
        return self.string() if self.at(b'"') or self.at(b"{") else self._match(pattern, what)[0]

    def astring(self) -> bytes:
        return self._string_or(ASTRING, "an astring")

    def list_name(self) -> bytes:
        """A mailbox name in which ``%`` and ``*`` may stand."""
        return self._string_or(_LIST_NAME, "a mailbox name")

    def nstring(self) -> bytes | None:
        if self.at(b'"') or self.at(b"{"):
            return self.string()
        if self.word() != "NIL":
            raise BadSyntaxError("a string or NIL is expected")
        return None

    def number(self) -> int:
        number = int(self._match(_NUMBER, "a number")[0])
        if number > MAX_NUMBER:
            raise BadSyntaxError("a number has 32 bits")
        return number

    def modseq(self) -> int:
        """A mod-sequence value, 63 bits (RFC 7162 §7)."""
        modseq = int(self._match(_MODSEQ, "a mod-sequence")[0])
        if modseq >> 63:
            raise BadSyntaxError("a mod-sequence has 63 bits")
        return modseq

    def sequence_set(self) -> SequenceSet:
        text = self._match(_SEQUENCE, "a sequence set")[0]
        numbers = SequenceSet.parse(text)
        if numbers is None:
            raise BadSyntaxError(f"no sequence set: {text[:40].decode()}")
        return numbers

    def require_numbers(self) -> None:
        """Raise BadSyntaxError where the client has sworn off message numbers (RFC 9586 §3)."""
        if not self._numbers:
            raise BadSyntaxError("[UIDREQUIRED] only UIDs mean anything here")

    @property
    def at_number(self) -> bool:
        """Whether a sequence set may begin here."""
        return self._text[self._position : self._position + 1] in _SET_STARTS

    # -- flags, dates ----

    def flag(self) -> str:
        return self._match(_FLAG, "a flag")[0].decode("ascii")

    def flags(self) -> list[str]:
        """A parenthesised list of flags, maybe empty."""
        self.expect(b"(")
        flags: list[str] = []
        while not self.take(b")"):
            if flags:
                self.space()
            flags.append(self.flag())
        return flags

    def day(self) -> date:
        """A date, quoted or not."""
        quoted = self.take(b'"')
        match = self._match(_DATE, "a date such as 1-Feb-1994")
        if quoted:
            self.expect(b'"')
        try:
            return date(int(match[3]), MONTH_NUMBER[match[2].lower()], int(match[1]))
        except (KeyError, ValueError):
            raise BadSyntaxError("there is no such day") from None

    def moment(self) -> float:
        """A quoted date-time, in seconds since the epoch."""
        self.expect(b'"')
        match = self._match(_DATE_TIME, 'a date-time such as " 1-Feb-1994 21:52:25 -0800"')
        self.expect(b'"')
        day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = match.groups()
        try:
            number = MONTH_NUMBER[month.lower()]
            date(int(year), number, int(day))
        except (KeyError, ValueError):
            raise BadSyntaxError("there is no such day") from None
        if not 1 < int(year) < 9999:  # a zone's hours lead into the year before or after
            raise BadSyntaxError("there was no mail in that year")
        zone = (int(zone_hours) * 60 + int(zone_minutes)) * (60 if sign == b"+" else -60)
        return float(timegm((int(year), number, int(day), int(hour), int(minute), int(second))) - zone)


_SET_STARTS = frozenset(bytes([octet]) for octet in b"0123456789*")

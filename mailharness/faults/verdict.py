"""Verdicts: what shall become of an event. The protocol's own floor carries them out."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from types import EllipsisType

from mailharness.errors import MisuseError
from mailharness.trace.events import CERTIFICATES, RCODES

_SHOWN = 60
"""How many characters of a record's data, or octets of a line, are told."""


class Verdict:
    """What shall become of an event."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Pass(Verdict):
    """Let it happen."""

    def __str__(self) -> str:
        return "pass"


@dataclass(frozen=True, slots=True)
class Answer(Verdict):
    """Answer this instead of doing it: an SMTP reply, an IMAP or POP3 status line, or the name of an rcode."""

    text: str

    def __str__(self) -> str:
        return f"answer {self.text!r}"


@dataclass(frozen=True, slots=True)
class Delay(Verdict):
    """Let it happen ``seconds`` later, on the world's clock. Raises MisuseError for a time that never comes."""

    seconds: float

    def __post_init__(self) -> None:
        if not 0 <= self.seconds < math.inf:
            raise MisuseError(f"Delay({self.seconds}): wait a finite number of seconds, 0 or more; Drop() is for ever")

    def __str__(self) -> str:
        return f"delay by {self.seconds} s"


@dataclass(frozen=True, slots=True)
class Drop(Verdict):
    """Let it vanish: no effect, no answer, the connection stays."""

    def __str__(self) -> str:
        return "drop"


@dataclass(frozen=True, slots=True)
class Cut(Verdict):
    """End the connection at once, by a reset or ``gently`` by a close; before there is one, refuse it."""

    gently: bool = False

    def __str__(self) -> str:
        return "cut, by a close" if self.gently else "cut"


@dataclass(frozen=True, slots=True)
class Alter(Verdict):
    """Say these octets instead, whatever they are; with nothing that ends a line the session is stuck behind them."""

    octets: bytes

    @property
    def is_whole(self) -> bool:
        """Whether a peer can take them for one whole line or reply (RFC 5321 §4.2.1)."""
        last = self.octets.rstrip(b"\r\n").rpartition(b"\n")[2]
        return self.octets.endswith(b"\n") and last[3:4] != b"-"

    def __str__(self) -> str:
        return f"say {self.octets[:_SHOWN]!r} instead" if self.is_whole else f"drop all but {self.octets[:_SHOWN]!r}"


@dataclass(frozen=True, slots=True)
class Hide(Verdict):
    """Say the answer to EHLO without the lines of these extensions."""

    extensions: tuple[str, ...]

    def __str__(self) -> str:
        return f"hide {', '.join(self.extensions)}"


@dataclass(frozen=True, slots=True)
class Pace(Verdict):
    """Let it cross at so many octets a second of the world's clock. Raises MisuseError for a pace that never ends."""

    octets_per_second: float

    def __post_init__(self) -> None:
        if not 0 < self.octets_per_second < math.inf:
            raise MisuseError(f"Pace({self.octets_per_second}): more than 0 octets a second, and a finite number of them")

    def __str__(self) -> str:
        return f"pace of {self.octets_per_second:g} octets a second"


@dataclass(frozen=True, slots=True)
class Midway(Verdict):
    """Let it begin, and give ``verdict`` once so many ``octets`` of what follows have crossed, or all of them."""

    verdict: Verdict
    octets: int

    def __post_init__(self) -> None:
        if self.octets < 0:
            raise MisuseError(f"{self.octets} octets: write a number of octets that can have crossed, 0 or more")

    def __str__(self) -> str:
        return f"{self.verdict} after {self.octets} octets"


@dataclass(frozen=True, slots=True)
class After(Verdict):
    """Let it begin, and give ``verdict`` ``seconds`` later, on the world's clock."""

    verdict: Verdict
    seconds: float

    def __post_init__(self) -> None:
        Delay(self.seconds)

    def __str__(self) -> str:
        return f"{self.verdict} after {self.seconds:g} s"


@dataclass(frozen=True, slots=True)
class Edit(Verdict):
    """Say it with ``new`` in the place of ``old``, wherever that stands in it."""

    old: bytes
    new: bytes

    def __str__(self) -> str:
        return f"say {self.new[:_SHOWN]!r} for {self.old[:_SHOWN]!r}"


@dataclass(frozen=True, slots=True)
class Shorten(Verdict):
    """Let the first literal bring so many ``octets`` fewer than it announces; all of them where it has not so many."""

    octets: int

    def __post_init__(self) -> None:
        if self.octets < 1:
            raise MisuseError(f"{self.octets} octets: a literal is too short by 1 or more")

    def __str__(self) -> str:
        return f"a literal short by {self.octets} octets"


@dataclass(frozen=True, slots=True)
class Renumber(Verdict):
    """Open the mailbox under another UIDVALIDITY (``validity``), with other UIDs for its messages (``uids``), or both."""

    validity: bool = True
    uids: bool = True

    def __str__(self) -> str:
        return " and ".join(filter(None, ("another UIDVALIDITY" * self.validity, "other UIDs" * self.uids)))


@dataclass(frozen=True, slots=True)
class Show(Verdict):
    """Show this certificate instead. Raises MisuseError for one that nobody can make."""

    certificate: str

    def __post_init__(self) -> None:
        if self.certificate not in CERTIFICATES:
            raise MisuseError.unknown("kind of certificate", self.certificate, CERTIFICATES)

    def __str__(self) -> str:
        return f"show a certificate: {self.certificate}"


Row = tuple[str, str, int, str]
"""One record as plain text: name, type, TTL in seconds, data as a master file has it."""
Section = tuple[Row | EllipsisType, ...]
"""One section of a response: its records, among which ``...`` stands for the true ones."""


@dataclass(frozen=True, slots=True)
class Forged(Verdict):
    """Answer a question to a name server with something else than the truth; what is None is as the truth is.

    Raises MisuseError for an rcode that is none.
    """

    rcode: str | None = None
    aa: bool | None = None
    tc: bool | None = None
    answer: Section | None = None
    authority: Section | None = None
    additional: Section | None = None
    other_id: bool = False
    """Under a number that nobody asked with."""
    other_question: str = ""
    """As if this name had been asked for."""

    def __post_init__(self) -> None:
        if self.rcode is not None and self.rcode not in RCODES:
            raise MisuseError.unknown("rcode", self.rcode, RCODES)

    @classmethod
    def without_records(cls, rcode: str, *, aa: bool | None = None, tc: bool | None = None) -> "Forged":
        """The rcode, and three empty sections."""
        return cls(rcode, aa, tc, (), (), ())

    def __str__(self) -> str:
        return f"forge {', '.join(self._words()) or 'nothing'}"

    def _words(self) -> Iterator[str]:
        if self.other_id:
            yield "another ID"
        if self.other_question:
            yield f"another question ({self.other_question})"
        yield from filter(None, (self.rcode, self.tc and "TC", self.aa is False and "no authority"))
        for section in ("answer", "authority", "additional"):
            rows: Section = getattr(self, section) or ()
            yield from (f"{section} {_shown(row)}" for row in rows if not isinstance(row, EllipsisType))


def _shown(row: Row) -> str:
    name, rrtype, _, data = row
    return f"{name} {rrtype} {data if len(data) <= _SHOWN else data[:_SHOWN] + '...'}"


PASS = Pass()

"""What a filter may say of a letter that arrives: accept it, refuse it, tag it, or hold it in quarantine."""

import re
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from mailharness.errors import MisuseError
from mailharness.mail import Reply

REFUSAL = "550 5.7.1 Message refused by a filter"
"""The reply of a refusal that names none of its own (RFC 3463 §3.8)."""
_FIELD_NAME = re.compile(r"[!-9;-~]{1,76}")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Accept:
    """Nothing against it; the next filter is asked. A filter that returns None says the same."""

    word: ClassVar[str] = "accept"
    reason: str = ""


@dataclass(frozen=True, slots=True, init=False)
class Refuse:
    """Not taken: ``reply`` goes to the peer, and no filter after this one is asked.

    Raises MisuseError where ``reply`` is no SMTP reply of the 4xx or 5xx kind (RFC 5321 §4.2.1).
    """

    word: ClassVar[str] = "refuse"
    reply: Reply
    reason: str

    def __init__(self, reply: str | Reply = REFUSAL, reason: str = "") -> None:
        parsed = Reply.parse(reply)
        if parsed.code < 400:
            raise MisuseError(f"Refuse({str(parsed)!r}): a refusal is answered 4xx or 5xx, as in {REFUSAL!r}")
        object.__setattr__(self, "reply", parsed)
        object.__setattr__(self, "reason", reason or parsed.text)


@dataclass(frozen=True, slots=True)
class Tag:
    """One header field is added to the letter, and the next filter is asked.

    Raises MisuseError where ``header`` is no field name (RFC 5322 §2.2) or ``value`` has control characters in it.
    """

    word: ClassVar[str] = "tag"
    header: str
    value: str

    def __post_init__(self) -> None:
        if not _FIELD_NAME.fullmatch(self.header):
            raise MisuseError(f"Tag({self.header!r}, ...): a field name is visible ASCII without a colon, as in 'X-Filter'")
        if _CONTROL.search(self.value):
            raise MisuseError(f"Tag({self.header!r}, {self.value!r}): a value is one line without control characters")

    @property
    def reason(self) -> str:
        return f"{self.header}: {self.value}"

    def __bytes__(self) -> bytes:
        """The whole field with its CRLF: folded, and in encoded words where it is not ASCII (RFC 2047 §2)."""
        from email.header import Header

        charset = "us-ascii" if self.value.isascii() else "utf-8"
        text = self.value.encode("utf-8", "replace").decode("utf-8")
        folded = Header(text, charset, header_name=self.header).encode(linesep="\r\n")
        return f"{self.header}: {folded}\r\n".encode("ascii")


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Taken, but held and not passed on; no filter after this one is asked."""

    word: ClassVar[str] = "quarantine"
    reason: str


FilterVerdict: TypeAlias = Accept | Refuse | Tag | Quarantine

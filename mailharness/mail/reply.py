"""SMTP replies: three digits, perhaps an enhanced status code, and text (RFC 5321 §4.2, RFC 2034)."""

import re
from dataclasses import dataclass

from mailharness.errors import MisuseError

_REPLY = re.compile(
    r"(?P<code>[2-5][0-9]{2})(?:[ -](?P<status>[245]\.[0-9]{1,3}\.[0-9]{1,3})(?= |$))?(?:[ -]?(?P<text>.*))?", re.DOTALL
)
_WIRE_LINES = re.compile(r"(?P<code>[2-5][0-9]{2})-[^\n]*\n(?:(?P=code)-[^\n]*\n)*(?P=code)(?: [^\n]*)?")
"""All lines but the last with a hyphen behind the code (RFC 5321 §4.2.1)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply: ``code`` 200-599, ``status`` such as "4.7.1" or "", ``text`` with ``\\n`` between lines."""

    code: int
    text: str = ""
    status: str = ""

    @classmethod
    def parse(cls, line: "str | Reply") -> "Reply":
        """``"451 4.7.1 greylisted"`` as a Reply; several lines as plain text, or each with its code as on the wire.

        Raises MisuseError for what is no SMTP reply.
        """
        if isinstance(line, Reply):
            return line
        if _WIRE_LINES.fullmatch(line):
            replies = [cls.parse(one) for one in line.split("\n")]
            return cls(replies[0].code, "\n".join(one.text for one in replies), replies[-1].status)
        match = _REPLY.fullmatch(line)
        if match is None:
            raise MisuseError(
                f"{line!r} is not an SMTP reply: write three digits (200-599) and text, as in '451 4.7.1 greylisted'"
            )
        if match["status"] and match["status"][0] != match["code"][0]:
            raise MisuseError(
                f"{line!r}: the enhanced code's class {match['status'][0]} contradicts {match['code']} (RFC 2034 §4)"
            )
        return cls(int(match["code"]), (match["text"] or "").strip(), match["status"] or "")

    @property
    def is_positive(self) -> bool:
        return 200 <= self.code < 400

    @property
    def is_transient(self) -> bool:
        return 400 <= self.code < 500

    @property
    def is_permanent(self) -> bool:
        return self.code >= 500

    def lines(self) -> list[str]:
        """The lines as they go on the wire, without CRLF: all but the last with a hyphen (RFC 5321 §4.2.1)."""
        texts = self.text.split("\n")
        status = f"{self.status} " if self.status else ""
        return [f"{self.code}{'-' if n < len(texts) - 1 else ' '}{status}{text}".rstrip() for n, text in enumerate(texts)]

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def __bytes__(self) -> bytes:
        return "".join(f"{line}\r\n" for line in self.lines()).encode("utf-8")

"""A session of IMAP as a test holds it: whole responses, in the form in which two servers may be compared.

What a server is free in is taken out: the words for people, UIDVALIDITY, mod-sequences, identifiers, and the order of
flags and of responses that do not number messages anew.
"""

import re
import socket
from collections.abc import Iterable

PATIENCE = 20
"""Real seconds after which a server that says nothing has failed."""
_LITERAL = re.compile(rb"\{(\d+)\}\r\n$")
_FLAGS = re.compile(r"(FLAGS) \(([^)]*)\)")
_NUMBERS = (
    (re.compile(r"\b(UIDVALIDITY|HIGHESTMODSEQ|APPENDUID|COPYUID) \d+"), r"\1 #"),
    (re.compile(r"\bMODSEQ (\(?)\d+"), r"MODSEQ \1#"),
)
_WORDS = re.compile(r"(?P<status>OK|NO|BAD|BYE|PREAUTH)(?: \[(?P<code>[^]]*)\])?.*", re.DOTALL)
_MAY_BE_LEFT_OUT = re.compile(
    "CLOSED|UNSEEN|MAILBOXID|NOMODSEQ|HIGHESTMODSEQ|PARSE|ALERT|CAPABILITY|NONEXISTENT|CANNOT|BADCHARSET|ALREADYEXISTS|TRYCREATE"
)
"""Codes that a server need not send."""
_LISTING = re.compile(r"\* (LIST|LSUB|STATUS|QUOTA|QUOTAROOT|ACL|MYRIGHTS|LISTRIGHTS|METADATA) ")
_PLAIN_NAME = re.compile(r'(?<=[ (])"([A-Za-z0-9/$._-]+)"')
_FETCHED = re.compile(r"(\* \d+ FETCH) \((.*)\)", re.DOTALL)
_ITEM = re.compile(r'(?P<open>\()|(?P<close>\))|"(?:[^"\\]|\\.)*"|\[[^]]*\]|[^()"[ ]+|(?P<blank> )', re.DOTALL)
_EXPUNGED = re.compile(r"\* (\d+) EXPUNGE")


class Session:
    """One connection; ``say`` is a whole exchange."""

    def __init__(self, where: tuple[str, int], user: str = "", password: str = "secret") -> None:
        self._sock = socket.create_connection(where, timeout=PATIENCE)
        self._file = self._sock.makefile("rb")
        self._tags = 0
        self._waiting = ""
        self.greeting = self._response()
        if user:
            assert self.say(f"LOGIN {user} {password}")[-1].startswith("OK")

    def close(self) -> None:
        self._file.close()
        self._sock.close()

    def say(self, command: str) -> list[str]:
        """The responses to ``command`` as they came, the last one without its tag; ``|`` is a line end.

        ``DONE`` ends an ``IDLE``, which itself is answered as soon as the server waits.
        """
        tag = self._waiting or self._next_tag()
        line = command if self._waiting else f"{tag} {command}"
        self._sock.sendall(line.replace("|", "\r\n").encode() + b"\r\n")
        self._waiting = tag if command == "IDLE" else ""
        told = []
        while True:
            response = self._response()
            told.append(response.removeprefix(f"{tag} "))
            if response.startswith(f"{tag} ") or (self._waiting and response.startswith("+")):
                return told

    def hear(self, number: int) -> list[str]:
        """So many responses that come unasked, and that count where servers are compared."""
        told: list[str] = []
        while len(unasked(told)) < number:
            told.append(self._response())
        return told

    def _next_tag(self) -> str:
        self._tags += 1
        return f"t{self._tags}"

    def _response(self) -> str:
        """A response with its literals as quoted strings, their line ends as ``|``."""
        parts = [self._line()]
        while found := _LITERAL.search(parts[-1]):
            parts[-1] = parts[-1][: found.start()]
            parts += [b'"' + self._file.read(int(found[1])).replace(b"\r\n", b"|") + b'"', self._line()]
        return b"".join(parts).decode("utf-8", "replace").removesuffix("\r\n")

    def _line(self) -> bytes:
        line: bytes = self._file.readline()
        assert line.endswith(b"\n"), f"the server hung up after {line!r}"
        return line


def compared(command: str, told: Iterable[str]) -> list[str]:
    """The responses as two servers must agree on them: sorted, then the end of the command."""
    *untagged, end = told
    return [*_untagged(command, untagged), _ending(end)]


def unasked(told: Iterable[str]) -> list[str]:
    """The same of responses that come without a command."""
    return _untagged("", list(told))


def _untagged(command: str, told: list[str]) -> list[str]:
    gone = _gone([int(found[1]) for one in told if (found := _EXPUNGED.fullmatch(one))])
    lines = [_line(command.upper(), one) for one in told if not _EXPUNGED.fullmatch(one)]
    return [*gone, *sorted(filter(None, lines))]


def _gone(numbers: list[int]) -> list[str]:
    """Which messages were expunged, by the numbers that they had before the first was: the order is free."""
    before: list[int] = []
    for number in numbers:
        for other in sorted(before):
            number += other <= number
        before.append(number)
    return [f"gone: {' '.join(map(str, sorted(before)))}"] if before else []


def _line(command: str, response: str) -> str:
    if response.startswith("* OK"):
        code = _code(response.removeprefix("* "))
        return f"* OK [{code}]" if code else ""
    if response.endswith(" RECENT") and not command.startswith(("SELECT", "EXAMINE")):
        return ""  # RFC 9051 has no such thing, and RFC 3501 leaves open when it is told
    line = _free(response).rstrip().replace('~"', '"')
    if found := _FETCHED.fullmatch(line):
        return f"{found[1]} ({' '.join(_items(found[2], with_uid='UID' in command))})"
    if line.startswith(("* LIST (", "* LSUB (")):
        line = re.sub(r"\(([^)]*)\)", lambda one: f"({' '.join(sorted(one[1].split()))})", line, count=1)
    return _PLAIN_NAME.sub(r"\1", line) if _LISTING.match(line) else line


def _items(text: str, *, with_uid: bool) -> list[str]:
    """``name value`` for each item of a FETCH, sorted; the UID only where it was asked for."""
    parts, depth = [""], 0
    for token in _ITEM.finditer(text):
        depth += bool(token["open"]) - bool(token["close"])
        if token["blank"] and not depth:
            parts.append("")
        else:
            parts[-1] += token[0]
    pairs = [f"{name} {value}" for name, value in zip(parts[::2], parts[1::2], strict=True)]
    return sorted(pair for pair in pairs if with_uid or not pair.startswith("UID "))


def _ending(end: str) -> str:
    if end.startswith("+"):
        return "+"
    status, code = end.partition(" ")[0], _code(end)
    return f"{status} [{code}]" if code and status != "BAD" else status


def _code(text: str) -> str:
    found = _WORDS.fullmatch(text)
    assert found, text
    code = _free(found["code"] or "")
    return "" if _MAY_BE_LEFT_OUT.match(code) else code


def _free(text: str) -> str:
    for pattern, instead in _NUMBERS:
        text = pattern.sub(instead, text)
    return _FLAGS.sub(lambda found: f"{found[1]} ({' '.join(sorted(found[2].split()))})", text)

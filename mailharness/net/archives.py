"""Archives: a mailbox as Maildir or mbox on disk, as other programs keep them, with its flags and dates.

Both keep lines ended by LF alone, and so does what is written here; what is read back has CRLF again. In mbox a line that
could be taken for the start of a message is quoted so that the quoting can be undone.
"""

import os
import re
from calendar import timegm
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from mailharness.errors import MisuseError

FORMATS = ("maildir", "mbox")
_INFO = {"D": "\\Draft", "F": "\\Flagged", "P": "$Forwarded", "R": "\\Answered", "S": "\\Seen", "T": "\\Deleted"}
"""The letters behind a Maildir file's name."""
_STATUS = {"R": "\\Seen"}
_X_STATUS = {"A": "\\Answered", "D": "\\Deleted", "F": "\\Flagged", "T": "\\Draft"}
_KEYWORDS = "dovecot-keywords"
"""The file beside a Maildir's folders that says what the letters from "a" on stand for."""
_START = re.compile(rb"(?:\A|(?<=\n\n))From (?P<sender>\S*) +(?P<date>[^\n]*)\n")
_FROM = re.compile(rb"^(>*From )", re.MULTILINE)
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_FIELD = re.compile(rb"^(Status|X-Status|X-Keywords):[ \t]*([^\n]*)\n", re.MULTILINE | re.IGNORECASE)
_DATE = "%a %b %d %H:%M:%S %Y"


class Archived(NamedTuple):
    """One message as an archive has it: octets with CRLF, flags as IMAP calls them, ``date`` in seconds since the epoch."""

    octets: bytes
    flags: frozenset[str]
    date: float


def write_archive(path: Path, form: str, messages: Iterable[Archived]) -> None:
    """Write ``messages`` to ``path``, as "maildir" or "mbox".

    Raises MisuseError for another format, where something is there already, and where nothing can be written.
    """
    if form not in FORMATS:
        raise MisuseError.unknown("format of an archive", form, FORMATS)
    if path.exists():
        raise MisuseError(f"{str(path)!r} is there already; name a new file or folder")
    try:
        (_write_maildir if form == "maildir" else _write_mbox)(path, messages)
    except OSError as error:
        raise MisuseError(f"{str(path)!r}: {error}; name a new file or folder in one that may be written to") from None


def read_archive(path: Path) -> list[Archived]:
    """What is in the Maildir (a folder) or mbox (a file) at ``path``, oldest first. Raises MisuseError where neither is."""
    try:
        if (path / "cur").is_dir():
            return list(_read_maildir(path))
        octets = path.read_bytes()
    except OSError as error:
        raise MisuseError(f"{str(path)!r}: {error}; name a Maildir, which is a folder with cur in it, or an mbox") from None
    if octets and not _START.match(octets):
        raise MisuseError(f"{str(path)!r} is no mbox, which starts with 'From '; a Maildir is a folder with cur in it")
    return list(_read_mbox(octets)) if octets else []


def _unix(octets: bytes) -> bytes:
    return octets.replace(b"\r\n", b"\n")


def _wire(octets: bytes) -> bytes:
    return _unix(octets).replace(b"\n", b"\r\n")


def _letters(flags: Iterable[str], table: Mapping[str, str]) -> str:
    return "".join(letter for letter, flag in table.items() if flag in flags)


def _flags(letters: str, table: Mapping[str, str]) -> set[str]:
    return {table[letter] for letter in letters if letter in table}


# -- Maildir ----


def _write_maildir(path: Path, messages: Iterable[Archived]) -> None:
    for folder in ("cur", "new", "tmp"):
        (path / folder).mkdir(parents=True)
    table, own = dict(_INFO), dict[str, str]()
    for number, one in enumerate(messages, 1):
        for keyword in sorted(one.flags - set(table.values())):
            if not keyword.startswith("\\") and len(own) < 26:
                letter = chr(ord("a") + len(own))
                own[letter] = table[letter] = keyword
        file = path / "cur" / f"{int(one.date)}.M{number:06}.mailharness:2,{_letters(one.flags, table)}"
        file.write_bytes(_unix(one.octets))
        os.utime(file, (one.date, one.date))
    if own:
        lines = (f"{number} {keyword}\n" for number, keyword in enumerate(own.values()))
        (path / _KEYWORDS).write_text("".join(lines), encoding="utf-8")


def _read_maildir(path: Path) -> Iterator[Archived]:
    """In the order of their names, which begin with a second and go on as their writer likes."""
    known = path / _KEYWORDS
    lines = known.read_text(encoding="utf-8").splitlines() if known.exists() else []
    pairs = (line.split(" ", 1) for line in lines if " " in line)
    table = _INFO | {chr(ord("a") + int(number)): keyword for number, keyword in pairs if number.isdigit()}
    files = [file for folder in ("cur", "new") if (path / folder).is_dir() for file in (path / folder).iterdir()]
    for file in sorted(files, key=lambda file: (_second(file.name), file.name)):
        letters = file.name.partition(":2,")[2]
        yield Archived(_wire(file.read_bytes()), frozenset(_flags(letters, table)), file.stat().st_mtime)


def _second(name: str) -> int:
    first = name.partition(".")[0]
    return int(first) if first.isdigit() else 0


# -- mbox ----


def _write_mbox(path: Path, messages: Iterable[Archived]) -> None:
    with path.open("wb") as file:
        for one in messages:
            date = datetime.fromtimestamp(one.date, UTC).strftime(_DATE)
            keywords = " ".join(sorted(flag for flag in one.flags if not flag.startswith("\\")))
            fields = f"Status: {_letters(one.flags, _STATUS)}O\nX-Status: {_letters(one.flags, _X_STATUS)}\n"
            fields += f"X-Keywords: {keywords}\n" if keywords else ""
            octets = _FROM.sub(rb">\1", _unix(one.octets))
            end = b"\n" if octets.endswith(b"\n") else b"\n\n"
            file.write(f"From MAILER-DAEMON {date}\n{fields}".encode() + octets + end)


def _read_mbox(octets: bytes) -> Iterator[Archived]:
    starts = list(_START.finditer(octets))
    ends = [*(start.start() for start in starts[1:]), len(octets)]
    for start, end in zip(starts, ends, strict=True):
        header, empty, body = octets[start.end() : end].removesuffix(b"\n").partition(b"\n\n")
        header += b"\n" if empty else b""
        told = {name.lower(): value.decode("utf-8", "replace") for name, value in _FIELD.findall(header)}
        flags = _flags(told.get(b"status", ""), _STATUS) | _flags(told.get(b"x-status", ""), _X_STATUS)
        flags |= set(told.get(b"x-keywords", "").split())
        message = _QUOTED.sub(rb"\1", _FIELD.sub(b"", header) + (b"\n" if empty else b"") + body)
        yield Archived(_wire(message), frozenset(flags), _moment(start["date"]))


def _moment(date: bytes) -> float:
    """The moment in a From line; the epoch where it says none that can be read."""
    try:
        return float(timegm(datetime.strptime(date.decode("ascii", "replace").strip(), _DATE).timetuple()))
    except ValueError:
        return 0.0

"""A filter by what is attached: the declared type, the file name, and for programs what the octets themselves say."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import ClassVar, NamedTuple

from mailharness.agents.filters.action import Action, checked_action, checked_strings, take
from mailharness.agents.filters.arrival import Arrival
from mailharness.agents.filters.reading import plain
from mailharness.agents.filters.verdict import FilterVerdict
from mailharness.errors import MisuseError
from mailharness.mail.mime import Part

_REPLY = "550 5.7.1 An attachment of this type may not be sent"
_FOLDER = re.compile(r"[/\\]")


class Program(NamedTuple):
    """One kind of executable: its names as a media type, and the usual end of its file name."""

    label: str
    types: tuple[str, ...]
    ending: str


_WINDOWS = Program(
    "a Windows program",
    (
        "application/x-msdownload",
        "application/vnd.microsoft.portable-executable",
        "application/x-dosexec",
        "application/x-msdos-program",
        "application/x-executable",
    ),
    ".exe",
)
_ELF = Program("an ELF program", ("application/x-executable", "application/x-elf", "application/x-sharedlib"), ".elf")
EXECUTABLES = (
    *_WINDOWS.types,
    *_ELF.types,
    *"*.exe *.com *.scr *.pif *.bat *.cmd *.msi *.dll *.vbs *.js *.jar *.elf".split(),
)
"""What ``attachment_types()`` denies where it is not told otherwise."""


@dataclass(frozen=True, slots=True)
class AttachmentTypes:
    """Finds parts that one of the patterns ``deny``, in lower case, fits."""

    name: ClassVar[str] = "attachment_types"
    deny: tuple[str, ...]
    action: Action

    def __call__(self, arrival: Arrival) -> FilterVerdict | None:
        for part in arrival.part.walk():
            for kind, description in _kinds(part):
                pattern = next((each for each in self.deny if _fits(each, kind)), None)
                if pattern:
                    return take(self.action, self.name, f"{description} is denied by {pattern!r}", _REPLY)
        return None


def attachment_types(deny: Iterable[str] = EXECUTABLES, action: Action = "refuse") -> AttachmentTypes:
    """A filter for parts of some types, at any depth and in forwarded messages too.

    A pattern with a slash is for the media type (``image/*``), any other for the file name (``*.exe``); case does not
    matter. What begins as a Windows or ELF program counts as one under any declared type and name.
    Raises MisuseError for a pattern that is neither, such as ``exe``.
    """
    patterns = checked_strings("attachment_types", "deny", deny)
    for each in patterns:
        if not re.search(r"[/.*?\[]", each):
            raise MisuseError(
                f"attachment_types([{each!r}]): write '*.{each}' for a file name, or a type such as 'image/*'"
            )
    return AttachmentTypes(
        tuple(plain(each).strip().lower() for each in patterns), checked_action("attachment_types", action)
    )


def program_in(octets: bytes) -> Program | None:
    """The kind of program that ``octets`` begin as; a text that happens to begin with MZ is none."""
    if octets.startswith(b"\x7fELF"):
        return _ELF
    return _WINDOWS if octets.startswith(b"MZ") and b"\0" in octets[:64] else None


def file_name(name: str) -> str:
    """``name`` as a reader's system will take it: without folders, final dots and blanks, invisible letters and case."""
    return _FOLDER.split(plain(name))[-1].rstrip(". \t\r\n").lower()


def _fits(pattern: str, kind: str) -> bool:
    """Whether the pattern is for this kind; only media types have a slash."""
    return ("/" in pattern) == ("/" in kind) and fnmatchcase(kind, pattern)


def _kinds(part: Part) -> Iterator[tuple[str, str]]:
    """All that a pattern may fit in ``part``, each with words for the reason: type, name, and those of a program."""
    yield part.media_type, f"the type {part.media_type}"
    for name in filter(None, dict.fromkeys((part.filename, part.parameters.get("name", "")))):
        yield file_name(name), f"the file {name!r}"
    program = program_in(part.decoded())
    if program:
        for kind in (*program.types, f"x{program.ending}"):
            yield kind, program.label

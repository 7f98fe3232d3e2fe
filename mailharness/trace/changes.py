"""What hosts changed in a letter: each copy beside the one that it was made of."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from mailharness.mail import Message
from mailharness.trace.copies import CopyStory

_TRACE_FIELDS = ("received", "return-path", "delivered-to")
"""What every host adds and nobody calls a change (RFC 5321 §4.4)."""
LINES = 400
"""How many lines a diff has at the most."""


@dataclass(frozen=True, slots=True)
class Change:
    """``host`` made ``after`` of ``before``; its own trace fields are no change."""

    host: str
    before: Message
    after: Message

    @property
    def added(self) -> tuple[str, ...]:
        """The header fields that stand in front now, as ``X-Filter: words``, trace fields left out."""
        old = list(self.before.fields)
        new = [field for field in self.after.fields if field[0].lower() not in _TRACE_FIELDS]
        for field in old:
            if field in new:
                new.remove(field)
        return tuple(f"{name}: {value.decode('utf-8', 'replace')}" for name, value in new)

    @property
    def diff(self) -> str:
        """The octets before and after as a unified diff, unreadable ones replaced, of at most 400 lines."""
        lines = difflib.unified_diff(
            _lines(self.before), _lines(self.after), "before", f"after {self.host}", n=2, lineterm=""
        )
        shown = list(islice(lines, LINES + 1))
        return "\n".join([*shown[:LINES], *["..."] * (len(shown) > LINES)])

    @property
    def summary(self) -> tuple[str, ...]:
        """The change in a few short lines: what was added to the header, and whether more than that is different."""
        more = bytes(self.after).partition(b"\r\n\r\n")[2] != bytes(self.before).partition(b"\r\n\r\n")[2]
        return (*(f"+ {field}" for field in self.added), *["the body is another"] * more)

    def __str__(self) -> str:
        return f"{self.host} changed it:\n{self.diff}"


def changes(copies: Mapping[int, CopyStory]) -> Iterator[tuple[int, Change]]:
    """In the order of the copies, with the serial of the event by which the host accepted what it had made."""
    for story in copies.values():
        parent = copies.get(story.of.parent)
        if story.accepted is None or parent is None or parent.accepted is None:
            continue
        change = Change(story.host, parent.accepted.message, story.accepted.message)
        if _differs(change):
            yield story.accepted.serial, change


def _differs(change: Change) -> bool:
    before, after = bytes(change.before), bytes(change.after)
    if not after.endswith(before):
        return True
    return any(name.lower() not in _TRACE_FIELDS for name, _ in Message(after[: len(after) - len(before)]).fields)


def _lines(message: Message) -> list[str]:
    return bytes(message).decode("utf-8", "replace").splitlines()

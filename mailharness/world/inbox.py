"""An inbox as a test looks at it: what lay there at one moment, to be searched by what a person would say of a message."""

import re
from collections.abc import Iterable, Iterator, Sequence
from types import NoneType
from typing import overload

from mailharness.errors import ExpectationError
from mailharness.mail import Message
from mailharness.trace.claims import To
from mailharness.trace.values import Subjects
from mailharness.world.checks import check, kind
from mailharness.world.letter import Wanted, address_of, fits

_TEXT = kind(str, re.Pattern, NoneType, cure="all of it, or a pattern for a part: re.compile('Welcome')")
_DESCRIPTION = {
    "subject": _TEXT,
    "body": kind(str, re.Pattern, NoneType, cure="a part of it, or a pattern: re.compile(r'\\d{6}')"),
}


class Inbox(Sequence[Message]):
    """What lay in a user's INBOX at one moment, oldest first: a direct look at the store, which marks nothing as read."""

    def __init__(self, owner: str, messages: Iterable[Message]) -> None:
        self._owner = owner
        self._messages = tuple(messages)

    @property
    def subjects(self) -> list[str]:
        """The subjects, decoded, oldest first."""
        return Subjects(self._owner, (message.subject for message in self._messages))

    def matching(self, *, subject: Wanted = None, body: Wanted = None, sender: To = None) -> "Inbox":
        """Those that fit in all that is said: the whole ``subject``, a part of the ``body`` (its text, or its HTML if it
        has no other), or a compiled pattern for either; ``sender`` is an address of the From field, or a user.

        Raises MisuseError for what can be none of these.
        """
        check("matching", _DESCRIPTION, subject=subject, body=body)
        author = address_of(sender)
        found = (one for one in self._messages if fits(subject, one.subject) and _holds(body, one.text))
        return Inbox(self._owner, (one for one in found if author is None or author.folded in one.authors))

    def only(self, *, subject: Wanted = None, body: Wanted = None, sender: To = None) -> Message:
        """The one that fits as with ``matching``, or the only one there is. Raises ExpectationError for none or several."""
        found = self.matching(subject=subject, body=body, sender=sender)
        if len(found) != 1:
            said = {"subject": subject, "body": body, "sender": None if sender is None else str(sender)}
            told = ", ".join(f"{name}={value!r}" for name, value in said.items() if value is not None)
            count = f"{len(found)} of {len(self)}" if told else str(len(self))
            raise ExpectationError(
                f"expected exactly one message{f' ({told})' if told else ''} in the inbox of {self._owner}; "
                f"{count} fit{'s' * (len(found) == 1)}:\n{self._listed()}"
            )
        return found[0]

    def _listed(self) -> str:
        lines = [f"  from {message.header('From') or '<>'}, subject {message.subject!r}" for message in self._messages]
        return "\n".join(lines) or "  it is empty"

    @overload
    def __getitem__(self, index: int) -> Message: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Message]: ...
    def __getitem__(self, index: int | slice) -> Message | Sequence[Message]:
        return self._messages[index]

    def __len__(self) -> int:
        return len(self._messages)

    def __iter__(self) -> Iterator[Message]:
        return iter(self._messages)

    def __repr__(self) -> str:
        return f"<Inbox of {self._owner}: {self.subjects}>"


def _holds(wanted: Wanted, text: str) -> bool:
    return wanted is None or (wanted in text if isinstance(wanted, str) else bool(wanted.search(text)))

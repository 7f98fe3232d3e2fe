"""Conversations: which messages belong together, told by what they refer to, else by their subjects.

Unlike RFC 5256's threads they are found as messages come in and stay as they are: a conversation keeps its number
whatever becomes of the message that began it.
"""

import re
from typing import NamedTuple

from mailharness.mail import Message
from mailharness.mail.subjects import Subject, base_subject

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,998}>")
MAX_REFERENCES = 100
"""Of one message; those that are nearest to it count (RFC 5322 §3.6.4: they stand last)."""


class Known(NamedTuple):
    """The conversation that a Message-ID belongs to, and what it is about."""

    number: int
    subject: str


class Conversations:
    """The conversations of one account."""

    def __init__(self) -> None:
        self._by_id: dict[str, Known] = {}
        self._by_subject: dict[str, int] = {}

    def join(self, message: Message, number: int) -> int:
        """The conversation of a message that is new: one that it refers to under the same subject, for an answer that
        refers to nothing the last one about its subject; else its own, called ``number``."""
        names, subject = _names(message), base_subject(message.subject)
        found = self._find(names, subject)
        return self.learn(message, number if found is None else found)

    def learn(self, message: Message, number: int) -> int:
        """``message`` is of the conversation called ``number``, which is returned."""
        subject = base_subject(message.subject).base
        for name in _names(message):
            known = self._by_id.get(name)
            if known is None or known.subject != subject:
                self._by_id[name] = Known(number, subject)
        self._by_subject[subject] = number
        return number

    def _find(self, names: list[str], subject: Subject) -> int | None:
        for name in names:
            known = self._by_id.get(name)
            if known is not None and known.subject == subject.base:
                return known.number
        return self._by_subject.get(subject.base) if subject.is_reply and subject.base and len(names) < 2 else None


def _names(message: Message) -> list[str]:
    """The message's own Message-ID, then those that it refers to, the nearest first."""
    own, refers = (_ids(message, name) for name in ("Message-ID", "References"))
    found = [*own[:1], *reversed(refers), *_ids(message, "In-Reply-To")]
    return list(dict.fromkeys(found))[:MAX_REFERENCES]


def _ids(message: Message, name: str) -> list[str]:
    return _MESSAGE_ID.findall(message.header(name) or "")

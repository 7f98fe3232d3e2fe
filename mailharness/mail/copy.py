"""Which branch of which letter: the identity that travels beside the bytes, never in them."""

import itertools
from enum import StrEnum
from typing import NamedTuple


class Cause(StrEnum):
    """Why a copy came to be."""

    SUBMISSION = "submission"
    RELAY = "relay"
    ALIAS = "alias"
    LIST = "list"
    FORWARD = "forward"
    DSN = "dsn"
    AUTO_REPLY = "auto-reply"
    COMPLAINT = "complaint"
    RULE = "rule"
    APPEND = "append"


class Copy(NamedTuple):
    """One server's responsibility for one letter: taken at a 250 (RFC 5321 §4.2.5), passed on by the next one.

    ``letter`` is the same for all that one submission led to; ``copy`` is unique in a world; ``parent`` is the copy it
    was made from (0 for none) and ``cause`` says how. A letter's bounce is a letter of its own whose parent is the copy
    that failed.
    """

    letter: int
    copy: int
    parent: int = 0
    cause: Cause = Cause.SUBMISSION

    def __str__(self) -> str:
        return f"letter {self.letter}, copy {self.copy}"


_REMEMBERED = 10_000
"""Letters whose expansions are counted at a time."""
NO_COPY = Copy(0, 0)
"""The identity of what belongs to no letter: a greeting, a login, a stranger's DNS query."""


class Numbering:
    """One world's numbers for letters, copies and sessions, handed out in order so that runs can be compared."""

    def __init__(self) -> None:
        self._letters = itertools.count(1)
        self._copies = itertools.count(1)
        self._sessions = itertools.count(1)
        self._about: dict[int, int] = {}
        self._expansions: dict[int, int] = {}

    def letter(self) -> int:
        return next(self._letters)

    def session(self) -> int:
        return next(self._sessions)

    def first_copy(self, cause: Cause = Cause.SUBMISSION, *, letter: int = 0, parent: int = 0) -> Copy:
        """The first copy of a letter: of a new one, or of ``letter``, whose number was handed out before."""
        return Copy(letter or next(self._letters), next(self._copies), parent, cause)

    def child(self, parent: Copy, cause: Cause) -> Copy:
        """A copy of the same letter, made from ``parent``."""
        return Copy(parent.letter, next(self._copies), parent.copy, cause)

    def report(self, of: Copy, cause: Cause) -> Copy:
        """The first copy of a letter that tells of another, or answers it; its parent is the copy ``of`` which it tells."""
        own = self.first_copy(cause, parent=of.copy)
        if self._expansions:
            _remember(self._about, own.letter, self._about.get(of.letter, of.letter))
        return own

    def expansions(self, copy: Copy) -> int:
        """Count one more expansion of this letter: how many there have been, with those of all letters that tell of it."""
        letter = self._about.get(copy.letter, copy.letter)
        count = self._expansions.get(letter, 0) + 1
        _remember(self._expansions, letter, count)
        return count


def _remember(numbers: dict[int, int], letter: int, number: int) -> None:
    numbers[letter] = number
    if len(numbers) > _REMEMBERED:
        del numbers[next(iter(numbers))]

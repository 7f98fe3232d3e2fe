"""Commands out of octets: lines and the literals inside them, in any slicing and in bounded memory (RFC 3501 §4.3)."""

from collections.abc import Callable
from enum import Enum, auto
from typing import NamedTuple

from mailharness.imap.grammar import LITERAL_MARK

LINE_LIMIT = 65_536
"""Octets of a command outside its literals; a longer one is skipped and answered BAD."""
MAX_LITERALS = 1_000


class Problem(Enum):
    """Why a command could not be taken."""

    NONE = auto()
    TOO_LONG = auto()
    TOO_BIG = auto()


class Command(NamedTuple):
    """A command's segments: text, literal, text, ..., text; or what was wrong, with how the command began."""

    segments: list[bytes]
    problem: Problem = Problem.NONE


class Framer:
    """Hands out one command at a time.

    ``limit_for(segments)`` says how many octets of literal the command that began so may bring in all; ``go_ahead()`` is
    called when a synchronising literal is welcome. One that is too big is refused before its octets are read; a
    non-synchronising one (RFC 7888 §4) is skipped.
    """

    def __init__(self, *, limit_for: Callable[[list[bytes]], int], go_ahead: Callable[[], None]) -> None:
        self._limit_for = limit_for
        self._go_ahead = go_ahead
        self.unasked_limit: int | None = None
        """Octets of a non-synchronising literal (None: as many as of any)."""
        self._buffer = bytearray()
        self._searched = 0
        self._start_command()

    def _start_command(self) -> None:
        self._segments: list[bytes] = []
        self._text_octets = 0
        self._literal_octets = 0
        self._pieces: list[bytes] = []
        self._missing = -1
        self._skipping = False
        self._problem = Problem.NONE

    def feed(self, octets: bytes) -> None:
        self._buffer += octets

    def __len__(self) -> int:
        """How many octets are here that are in no segment yet."""
        return len(self._buffer)

    def drain(self) -> bytes:
        """Give back what has arrived behind the last command."""
        rest = bytes(self._buffer)
        self.clear()
        return rest

    def clear(self) -> None:
        """Forget what has arrived."""
        self._buffer.clear()
        self._searched = 0
        self._start_command()

    def next_line(self) -> bytes | None:
        """One line without its end, for a continuation; None until it is there."""
        line = self._line()
        self._segments = []
        self._text_octets = 0
        self._problem, problem = Problem.NONE, self._problem
        return b"" if problem is not Problem.NONE and line is not None else line

    def next(self) -> Command | None:
        """The next command, or None until more octets arrive."""
        while True:
            if self._missing >= 0 and not self._read_literal():
                return None
            line = self._line()
            if line is None:
                return None
            done = self._take(line)
            if done is not None:
                return done

    # -- lines ----

    def _line(self) -> bytes | None:
        """A line without its end; of one that is too long its beginning, once all of it has arrived."""
        end = self._buffer.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._buffer)
            if self._text_octets + self._searched > LINE_LIMIT:
                self._keep_beginning(bytes(self._buffer[:1024]))
                self._buffer.clear()
                self._searched = 0
            return None
        line = bytes(self._buffer[:end]).removesuffix(b"\r")
        del self._buffer[: end + 1]
        self._searched = 0
        self._text_octets += len(line)
        if self._text_octets > LINE_LIMIT:
            self._keep_beginning(line[:1024])
        return line

    def _keep_beginning(self, beginning: bytes) -> None:
        if self._problem is Problem.NONE:
            self._problem = Problem.TOO_LONG
        if not self._segments:
            self._segments = [beginning]

    def _take(self, line: bytes) -> Command | None:
        """Put a line to the command; the command if it is over."""
        mark = LITERAL_MARK.search(line) if line.endswith(b"}") else None
        if self._problem is Problem.NONE:
            self._segments.append(line)
        if mark is None:
            return self._finish()
        return self._announced(int(mark[1]), synchronising=not mark[2])

    def _finish(self) -> Command:
        command = Command(self._segments, self._problem)
        self._start_command()
        return command

    # -- literals ----

    def _announced(self, octets: int, *, synchronising: bool) -> Command | None:
        too_many = len(self._segments) >= 2 * MAX_LITERALS
        if not synchronising and self.unasked_limit is not None:
            too_many = too_many or octets > self.unasked_limit
        if self._problem is Problem.NONE and (too_many or self._literal_octets + octets > self._limit_for(self._segments)):
            self._problem = Problem.TOO_BIG
        if self._problem is not Problem.NONE:
            if synchronising:
                return self._finish()
            self._skipping = True
        elif synchronising:
            self._go_ahead()
        self._literal_octets += octets
        self._missing = octets
        return None

    def _read_literal(self) -> bool:
        """Take what is there of the literal; True when it is complete."""
        taken = min(self._missing, len(self._buffer))
        if taken and not self._skipping:
            self._pieces.append(bytes(self._buffer[:taken]))
        del self._buffer[:taken]
        self._missing -= taken
        if self._missing:
            return False
        if not self._skipping:
            self._segments.append(b"".join(self._pieces))
        self._pieces = []
        self._missing = -1
        return True

"""What a search returns: the old line of numbers, or one ESEARCH response (RFC 4731, RFC 5182, RFC 5267 §4.4, RFC 9394).

SEARCH RETURN (MIN COUNT SAVE) UNSEEN   ->   * ESEARCH (TAG "a") MIN 4 COUNT 12
"""

from collections.abc import Sequence
from typing import NamedTuple

from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.numbers import compact
from mailharness.imap.responses import string
from mailharness.imap.visit import Visit
from mailharness.mailbox import StoredMessage

Found = Sequence[tuple[int, StoredMessage]]
"""Number and message of each that was found, in the order to tell them."""
_RESULTS = frozenset({"MIN", "MAX", "ALL", "COUNT"})
_OPTIONS = _RESULTS | {"SAVE", "UPDATE", "CONTEXT"}


class Wanted(NamedTuple):
    """The options behind RETURN; ``part`` is the window of PARTIAL, counted from 1, or from the end where negative."""

    options: frozenset[str] = frozenset()
    part: tuple[int, int] | None = None

    @property
    def saves(self) -> bool:
        return "SAVE" in self.options

    @property
    def updates(self) -> bool:
        """Whether the client wants to hear of what changes (RFC 5267 §4.3); CONTEXT is a hint that needs no answer."""
        return "UPDATE" in self.options

    @property
    def named(self) -> frozenset[str]:
        """The results that were named."""
        return self.options & _RESULTS

    @property
    def tells(self) -> frozenset[str]:
        """What is told: ALL where nothing was named (RFC 4731 §3.1); nothing where it is only to be saved."""
        return self.named if self.named or self.part or self.saves else frozenset({"ALL"})


def parse_wanted(cursor: Cursor) -> Wanted | None:
    """``RETURN (...) `` if it stands here."""
    if not cursor.take_word(b"RETURN"):
        return None
    cursor.space()
    cursor.expect(b"(")
    options: set[str] = set()
    part = None
    while not cursor.take(b")"):
        if options or part:
            cursor.space()
        word = cursor.word()
        if word == "PARTIAL" and part is None:
            part = _parse_part(cursor)
        elif word in _OPTIONS:
            options.add(word)
        else:
            raise BadSyntaxError(f"{word} cannot be returned")
    cursor.space()
    if part and "ALL" in options:
        raise BadSyntaxError("it is either ALL or PARTIAL")  # RFC 9394 §3.1
    return Wanted(frozenset(options), part)


def _parse_part(cursor: Cursor) -> tuple[int, int]:
    """``1:500``, or ``-1:-500`` from the end (RFC 9394 §3.1); the lower end first."""
    cursor.space()
    from_end = cursor.take(b"-")
    first = cursor.number()
    cursor.expect(b":-" if from_end else b":")
    last = cursor.number()
    if not first or not last:
        raise BadSyntaxError("a part is counted from 1")
    low, high = sorted((first, last))
    return (-low, -high) if from_end else (low, high)


def part_of(found: Found, part: tuple[int, int]) -> Found:
    """The window itself; empty where it lies behind the end."""
    first, last = part
    if first > 0:
        return found[first - 1 : last]
    return found[max(0, len(found) + last) : len(found) + first + 1]


def extended(visit: Visit, found: Found, wanted: Wanted, *, by_uid: bool, uses_modseq: bool) -> bytes:
    """The ESEARCH response; MIN and MAX are the first and the last of what was found, in its order (RFC 5267 §3)."""
    numbers = [stored.uid if by_uid else number for number, stored in found]
    tells = wanted.tells
    told: list[bytes] = []
    if numbers:
        told += [b"MIN %d" % numbers[0]] * ("MIN" in tells) + [b"MAX %d" % numbers[-1]] * ("MAX" in tells)
        told += [b"ALL " + compact(numbers).encode()] * ("ALL" in tells)
    if wanted.part:
        some = [stored.uid if by_uid else number for number, stored in part_of(found, wanted.part)]
        told.append(b"PARTIAL (%d:%d %s)" % (*wanted.part, compact(some).encode() if some else b"NIL"))
    told += [b"COUNT %d" % len(numbers)] * ("COUNT" in tells)
    if uses_modseq and found:
        told.append(b"MODSEQ %d" % _highest(found, wanted))
    head = b"* ESEARCH (TAG %s)%s" % (string(visit.tag.encode()), b" UID" * by_uid)
    return b" ".join([head, *told]) + b"\r\n"


def _highest(found: Found, wanted: Wanted) -> int:
    """The highest mod-sequence of the messages that are told (RFC 4731 §3.2)."""
    return max(stored.modseq for _, stored in kept(found, wanted, tells=wanted.tells))


def kept(found: Found, wanted: Wanted, *, tells: frozenset[str]) -> Found:
    """The messages that the options speak of: only the ends where only MIN and MAX are wanted (RFC 5182 §2.1)."""
    if wanted.part or not tells or not tells <= {"MIN", "MAX"}:
        return found
    return [*found[:1]] * ("MIN" in tells) + [*found[-1:]] * ("MAX" in tells)

"""Reading a claim: which ends of a letter it is about, what was answered there, and how a false one is told."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import NoReturn, Protocol, TypeAlias, runtime_checkable

from mailharness.errors import ExpectationError, MisuseError
from mailharness.mail import Address, Reply
from mailharness.mail.address import ascii_form
from mailharness.trace.breakdowns import breakdown
from mailharness.trace.copies import named
from mailharness.trace.events import Attempted, Bounced, Event, Queued, Refused
from mailharness.trace.leaves import Leaf
from mailharness.trace.reading import Reading
from mailharness.trace.stop import Stop
from mailharness.trace.wording import reply_line

Claim = int | str | Reply


@runtime_checkable
class Addressee(Protocol):
    """Someone with an address, such as a user; its text is that address."""

    @property
    def address(self) -> Address: ...


To: TypeAlias = str | Address | Addressee | None
"""Which recipient a claim is about; None: whichever."""


def judged(reading: Reading, to: To) -> list[Leaf]:
    """The leaves of a claim, once no filter of the test's own has failed on any: else it would hold by accident."""
    leaves = leaves_of(reading, to)
    for leaf in leaves:
        if breakdown(reading.events, leaf):
            fail(reading, f"is held up{to_whom(leaf, leaves)} by a filter that failed", reading.stop(leaf))
    return leaves


def leaves_of(reading: Reading, to: To) -> list[Leaf]:
    if to is None or not reading.leaves:  # what was refused before its recipients were named is refused for all
        return list(reading.leaves.values())
    name = str(to)
    if name.lower() in reading.branches.stands_for and name not in reading.leaves:
        return [reading.leaves[one] for one in reading.branches.stands_for[name.lower()]]
    return [reading.leaves[name]]


def for_whom(to: To) -> str:
    return "" if to is None else f" for {to}"


def to_whom(leaf: Leaf, leaves: list[Leaf]) -> str:
    return f" to {leaf.recipient}" if len(leaves) > 1 else ""


def cause_of(reading: Reading, leaf: Leaf) -> Reply | None:
    """The reply because of which the leaf is queued or given up: as the outcome says, else what the last attempt heard."""
    if isinstance(leaf.outcome, Queued | Bounced) and leaf.outcome.reply:
        return leaf.outcome.reply
    attempt = reading.branches.last(Attempted, leaf)
    return attempt.reply if attempt else None


def refusals(reading: Reading, leaves: list[Leaf], *, all_of_it: bool) -> list[tuple[str, Reply]]:
    """Who refused the letter, and how; or, not ``all_of_it``, who refused it for these leaves."""
    if all_of_it:
        return [one for event in reading.events if (one := _refusal(event))]
    found = [
        one
        for leaf in leaves
        for event in reading.events
        # An attempt for several may tell another recipient's reply; what each heard is in the leaf's own outcome.
        if (one := _refusal(event)) and (named(event) in ((), (leaf.recipient,)))
    ]
    for leaf in leaves:
        heard, attempt = cause_of(reading, leaf), reading.branches.last(Attempted, leaf)
        found += [(attempt.to, heard)] if attempt and heard and not heard.is_positive else []
    return found


def _refusal(event: Event) -> tuple[str, Reply] | None:
    """Who refused, and how: told by the host itself, or by the one that heard it."""
    if isinstance(event, Refused):
        return event.host, event.reply
    if isinstance(event, Attempted) and event.reply and not event.reply.is_positive:
        return event.to, event.reply
    return None


def answers(heard: Reply | None, claim: Claim) -> bool:
    if heard is None:
        return False
    if isinstance(claim, int):
        return heard.code == claim
    if isinstance(claim, str):
        return reply_line(heard).startswith(claim) or _in_one(heard).startswith(claim)
    return heard == claim


def _in_one(reply: Reply) -> str:
    """A reply of several lines as if it had been one, which says the codes but once."""
    return str(replace(reply, text=" ".join(reply.text.split("\n"))))


def check_hosts(reading: Reading, named: Iterable[str | None]) -> None:
    """Raise MisuseError, with the nearest, for the name of a host that there is not: a claim about it would say nothing."""
    known = [*reading.journal.hosts(), *dict.fromkeys(event.host for event in reading.events)]
    folded = {name.lower() for name in known}
    for name in named:
        if name is not None and not isinstance(name, str):
            raise MisuseError(f"{name!r} is no host: write its name, as in 'mx1.globex.test'")
        if reading.journal.hosts() and name is not None and ascii_form(name).lower() not in folded:
            raise MisuseError.unknown("host", name, known)


def seconds(argument: str, span: float | timedelta | None) -> float | None:
    """A span of the world's clock in seconds. Raises MisuseError."""
    if span is None:
        return None
    if isinstance(span, timedelta):
        return span.total_seconds()
    if isinstance(span, bool) or not isinstance(span, int | float):
        raise MisuseError(f"{argument}={span!r}: write seconds, or a timedelta, as in {argument}=timedelta(minutes=5)")
    return float(span)


def expected(reading: Reading, what: str, stop: Stop | None = None) -> NoReturn:
    """Raise ExpectationError: ``expected delivery to bob@b.test; stopped at ...``, and the story."""
    where = f"; {stop.text}" if stop else ""
    raise ExpectationError(f"expected {what}{where}{_stopped(reading)}\n\n{reading.story(stop)}")


def fail_by_stop(reading: Reading, what: str) -> NoReturn:
    fail(reading, what, *reading.stops[:1])


def fail(reading: Reading, what: str, stop: Stop | None = None) -> NoReturn:
    where = f": {stop.text}" if stop else ": it arrived" if reading.delivered else ""
    raise ExpectationError(f"{reading.subject} {what}{where}{_stopped(reading)}\n\n{reading.story(stop)}")


def _stopped(reading: Reading) -> str:
    """What becomes of nothing any more is told."""
    return (
        " (its world was stopped, and nothing more happens)" if reading.journal.is_closed and not reading.delivered else ""
    )

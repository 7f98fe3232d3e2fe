"""The look-ups of a letter: each with what the name servers were asked on its behalf."""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass

from mailharness.trace.events import Event, LookedUp, Queried, Responded
from mailharness.trace.journal import Journal
from mailharness.trace.wording import same_name


@dataclass(frozen=True, slots=True)
class Lookup:
    """One look-up: its outcome, and the questions and answers that led to it (none where the cache knew)."""

    event: LookedUp
    exchange: tuple[Queried | Responded, ...] = ()

    @property
    def host(self) -> str:
        return self.event.host

    @property
    def name(self) -> str:
        return self.event.name

    @property
    def rrtype(self) -> str:
        return self.event.rrtype

    @property
    def rcode(self) -> str:
        return self.event.rcode

    @property
    def answers(self) -> tuple[str, ...]:
        return self.event.answers

    @property
    def asked(self) -> tuple[str, ...]:
        return self.event.asked

    @property
    def cached(self) -> bool:
        return self.event.cached

    @property
    def failed(self) -> bool:
        """No answer, or none that tells where to go."""
        return bool(self.event.problem) or self.event.rcode != "NOERROR"

    @property
    def outcome(self) -> str:
        """The answers, or why there are none; on one line."""
        if self.failed:
            return ": ".join(filter(None, (self.event.rcode, self.event.problem)))
        return ", ".join(self.event.answers) or "no such records"

    @property
    def steps(self) -> tuple[str, ...]:
        """Each question to a name server and what it answered, a line each; else what the resolver says it asked."""
        return tuple(_steps(self.exchange)) or self.event.asked


def lookups(journal: Journal, events: list[Event]) -> tuple[Lookup, ...]:
    """The look-ups among a letter's events. The questions asked for it count to the next look-up of the same name, else
    to the next one at all; questions that carry no letter are found by name and by when they were asked."""
    found = [event for event in events if isinstance(event, LookedUp)]
    exchanges: dict[int, list[Queried | Responded]] = {event.serial: [] for event in found}
    serials = list(exchanges)
    of_question: dict[tuple[str, str], list[int]] = {}
    for one in found:
        of_question.setdefault(_question(one), []).append(one.serial)
    for event in events:
        if isinstance(event, Queried | Responded):
            end = _next(of_question.get(_question(event), []), event.serial) or _next(serials, event.serial)
            if end:
                exchanges[end].append(event)
    return tuple(Lookup(one, tuple(exchanges[one.serial] or _unclaimed(journal, events, one))) for one in found)


def _next(serials: list[int], after: int) -> int:
    """The first that comes after, 0 if none does."""
    at = bisect(serials, after)
    return serials[at] if at < len(serials) else 0


def _question(event: LookedUp | Queried | Responded) -> tuple[str, str]:
    return event.name.rstrip(".").lower(), event.rrtype


def _asked_by(one: LookedUp, other: Queried | Responded) -> bool:
    """Not what an application, or the resolver that it uses, has asked in the same words at the same time."""
    return _question(one) == _question(other) and same_name(one.host, other.by)


def _unclaimed(journal: Journal, events: list[Event], one: LookedUp) -> Iterator[Queried | Responded]:
    if one.cached:
        return
    before = [event.serial for event in events if event.serial < one.serial and event.host == one.host]
    for event in journal.between(before[-1] if before else 0, one.serial):
        if isinstance(event, Queried | Responded) and not event.letter and _asked_by(one, event):
            yield event


def _steps(exchange: tuple[Queried | Responded, ...]) -> Iterator[str]:
    open_questions: list[Queried] = []
    for event in exchange:
        if isinstance(event, Queried):
            open_questions.append(event)
            continue
        asked = [
            one for one in open_questions if (one.host, one.name, one.rrtype) == (event.host, event.name, event.rrtype)
        ]
        if asked:
            open_questions.remove(asked[0])
        yield f"{event.host}: {event.name} {event.rrtype}? -> {_answer(event)}"
    for question in open_questions:
        yield f"{question.host}: {question.name} {question.rrtype}? -> no answer"


def _answer(event: Responded) -> str:
    return _sent(event) + (f" ({event.forged})" if event.forged else "")


def _sent(event: Responded) -> str:
    if event.truncated:
        return "truncated"
    if event.referral:
        return f"referral to {event.referral}"
    if event.rcode != "NOERROR":
        return event.rcode
    return ", ".join(event.answers) or "no such records"

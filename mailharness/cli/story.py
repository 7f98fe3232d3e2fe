"""The story of one letter, read from the journal: one function a kind of event, each telling what really happened.

Nothing here knows what should have happened. A step's time is that between two events of the journal; what no event
says is not told.
"""

from collections.abc import Callable, Sequence
from typing import Any

from mailharness.cli.dialogue import dialed, dialogue, exchange, preference, questions, security
from mailharness.cli.page import Page
from mailharness.trace.events import (
    Accepted,
    Attempted,
    Bounced,
    Delivered,
    Event,
    Filtered,
    LookedUp,
    Opened,
    Quarantined,
    Queued,
    Replied,
)
from mailharness.trace.wording import duration, names, reply_line
from mailharness.world import World

Before = Sequence[Event]
"""A letter's events up to the one that is told."""


class Story:
    """Tells what the journal of ``world`` knows on ``page``."""

    def __init__(self, world: World, page: Page) -> None:
        self._world = world
        self._journal = world.journal
        self._page = page

    def tell_letter(self, number: int) -> None:
        """Every step of the letter of that number, in the order in which they began."""
        self._world.settle()
        events = self._journal.of_letter(number)
        for event in sorted(events, key=lambda one: _begin(one, events).serial):
            if type(event) in _REMARKS:
                label, words = _REMARKS[type(event)]
                self._page.step(label, words(event), colour="bad")
            elif type(event) in _TELL:
                _TELL[type(event)](self, event, [one for one in events if one.serial < event.serial])

    def tell_session(self, number: int, label: str, client: str) -> None:
        """One session of a ``client`` program: where it connected, and what was said."""
        events = self._journal.of_session(number)
        self._page.step(label, f"{client} -> {self._place(events[0].host)}", events[-1].real - events[0].real)
        self._lines(events)

    def _place(self, host: str) -> str:
        return f"{host} ({self._world.host(host).address})"

    def _lines(self, events: Sequence[Event]) -> None:
        for said, answered, seconds in dialogue(events):
            self._page.detail(f"{said:<40} {answered}", seconds)

    # -- the steps ----

    def _accepted(self, event: Accepted, before: Before) -> None:
        if any(isinstance(one, Accepted) for one in before):
            return  # by a relay: the attempt of the host that passed it on tells
        session = self._journal.of_session(event.session)
        end = next((one for one in session if isinstance(one, Replied) and one.serial > event.serial), event)
        spoken = [one for one in session if one.serial <= end.serial]
        opened = next(one for one in spoken if isinstance(one, Opened))
        self._page.step(
            "submission", f"{opened.peer} -> {self._place(event.host)} over SMTP", spoken[-1].real - opened.real
        )
        self._lines(spoken)
        known = f"logged in as {event.user}" if event.user else "no password asked, as from a trusted network"
        self._page.detail(f"{security(spoken)}; {known}")

    def _looked_up(self, event: LookedUp, before: Before) -> None:
        asked = exchange(before)
        start = asked[0] if asked else before[-1]
        cached = ": cached" if event.cached else ""
        self._page.step("DNS", f"{event.host} asks for {event.rrtype} {event.name}{cached}", event.real - start.real)
        for question, answer, seconds in questions(asked):
            self._page.detail(f"{self._place(question.host)}: {answer}", seconds)
        outcome = f"{event.rcode}: {event.problem}" if event.problem else ", ".join(event.answers) or event.rcode
        self._page.detail(f"= {outcome}", colour="bad" if event.problem else "good")

    def _attempted(self, event: Attempted, before: Before) -> None:
        if not event.address:
            return  # no host was found to try, and the look-up has told why
        self._page.step("MX", f"{event.to}{preference(event.to, before)}")
        start = _begin(event, before)
        own = [one for one in self._journal.of_session(event.session) if one.serial < event.serial and event.session]
        kept = bool(own) and own[0].serial < start.serial
        how = ", over the connection kept from before" if kept else ""
        self._page.step("SMTP", f"{event.host} -> {event.to} ({event.address}){how}", event.real - start.real)
        self._lines([one for one in own if one.serial > start.serial or one is start])
        if own:
            self._page.detail(security(own))
        if event.problem:
            self._page.detail(f"= {event.problem}", colour="bad")

    def _delivered(self, event: Delivered, before: Before) -> None:
        taken = [one for one in before if isinstance(one, Accepted) and one.host == event.host]
        text = f"{event.host} writes it into {event.account}/{event.mailbox} under UID {event.uid}"
        self._page.step("MDA", text, event.real - (taken or before)[-1].real, colour="good")


def _begin(event: Event, events: Sequence[Event]) -> Event:
    """The event with which the step that ``event`` ends began."""
    if not isinstance(event, Attempted):
        return event
    earlier = [one for one in events if one.serial < event.serial]
    last = max((one.serial for one in earlier if isinstance(one, Attempted) and one.host == event.host), default=0)
    ours = [one for one in earlier if one.serial > last]
    call = dialed(event.to, ours)
    if call is not None:
        return call
    return next((one for one in ours if event.session and one.session == event.session), event)


def _queued(event: Queued) -> str:
    why = reply_line(event.reply) if event.reply else event.reason
    return f"{event.host} keeps it and tries again in {duration(event.due - event.at)} of the world's time: {why}"


def _bounced(event: Bounced) -> str:
    why = reply_line(event.reply) if event.reply else event.reason
    return f"{event.host} gives up on {event.recipient}, {event.status}: {why}"


_REMARKS: dict[type[Event], tuple[str, Callable[[Any], str]]] = {
    Queued: ("queue", _queued),
    Bounced: ("bounce", _bounced),
    Filtered: ("gateway", lambda event: f"{event.host}, {event.filter}: {event.verdict} {event.reason}".rstrip()),
    Quarantined: ("quarantine", lambda event: f"{event.host} holds it for {names(event.recipients)}: {event.reason}"),
}
"""Steps that are one line each."""

_TELL: dict[type[Event], Callable[[Story, Any, Before], None]] = {
    Accepted: Story._accepted,
    LookedUp: Story._looked_up,
    Attempted: Story._attempted,
    Delivered: Story._delivered,
}

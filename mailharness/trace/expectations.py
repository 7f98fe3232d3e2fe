"""What a test may claim of a trace. A claim that does not hold says where the letter stopped, then tells its story."""

from collections.abc import Sequence
from typing import NoReturn

from mailharness.errors import ExpectationError
from mailharness.mail import Address, Reply
from mailharness.trace.events import Attempted, Bounced, Event, Quarantined, Queued, Refused
from mailharness.trace.leaves import Leaf
from mailharness.trace.reading import Reading
from mailharness.trace.stop import Stop
from mailharness.trace.wording import reply_line, same_name

Claim = int | str | Reply


class Expectations:
    """The claims, mixed into the trace. Each reads once; hosts and addresses are compared without case. A ``reply`` is
    a code (451), the beginning of a line ("451 4.7.1") or a Reply."""

    def _read(self) -> Reading:
        raise NotImplementedError

    def assert_delivered(
        self, to: str | Address | None = None, via: str | Sequence[str] | None = None, attempts: int | None = None
    ) -> None:
        """It arrived at every recipient (or at ``to``), through the hosts ``via``, and the host that tried most often made
        ``attempts`` attempts. Raises ExpectationError, or MisuseError for a recipient that the letter does not have."""
        reading = self._read()
        leaves = _leaves(reading, to)
        for leaf in leaves:
            if not leaf.delivered:
                _fail(reading, f"was not delivered{_to(leaf, leaves)}", reading.stop(leaf))
        if not leaves:
            _fail(reading, "was not delivered", *reading.stops[:1])
        for host in [via] if isinstance(via, str) else via or ():
            _check_via(reading, leaves, host)
        made = _most_attempts(reading, leaves)
        if attempts is not None and made != attempts:
            _fail(reading, f"was delivered after {made} attempts, not {attempts}")

    def assert_not_delivered(self, to: str | Address | None = None) -> None:
        """It arrived at no recipient (or not at ``to``). Raises ExpectationError."""
        reading = self._read()
        for leaf in _leaves(reading, to):
            if leaf.delivered:
                _fail(reading, f"was delivered: it is in {leaf.where}")

    def assert_queued(self, at: str | None = None, reply: Claim | None = None) -> None:
        """A copy waits for its next attempt (at host ``at``, because of ``reply``). Raises ExpectationError."""
        reading = self._read()
        waiting = [leaf for leaf in reading.leaves.values() if isinstance(leaf.outcome, Queued)]
        if not waiting:
            _fail_by_stop(reading, "is not queued")
        placed = [leaf for leaf in waiting if at is None or same_name(leaf.outcome.host if leaf.outcome else "", at)]
        if not placed:
            _fail(reading, f"is queued at {waiting[0].host}, not at {at}", reading.stop(waiting[0]))
        if reply is not None and not any(_answers(_cause(reading, leaf), reply) for leaf in placed):
            heard = _cause(reading, placed[0])
            why = f"because of {reply_line(heard)}" if heard else "without a reply"
            _fail(reading, f"is queued at {placed[0].host} {why}, not because of {reply}", reading.stop(placed[0]))

    def assert_refused(self, at: str | None = None, reply: Claim | None = None) -> None:
        """A host (``at``) would not take it and said so (by ``reply``). Raises ExpectationError."""
        reading = self._read()
        found = [one for event in reading.events if (one := _refusal(event))]
        if not found:
            _fail_by_stop(reading, "was refused by nobody")
        placed = [one for one in found if at is None or same_name(one[0], at)]
        if not placed:
            _fail_by_stop(reading, f"was refused at {found[-1][0]}, not at {at}")
        if reply is not None and not any(_answers(heard, reply) for _, heard in placed):
            _fail_by_stop(reading, f"was refused at {placed[-1][0]} by {reply_line(placed[-1][1])}, not by {reply}")

    def assert_bounced(self, status: str | None = None) -> None:
        """A host gave up on a recipient (with the enhanced status code ``status``). Raises ExpectationError."""
        reading = self._read()
        bounces = [event for event in reading.events if isinstance(event, Bounced)]
        if not bounces:
            _fail_by_stop(reading, "did not bounce")
        if status is not None and all(event.status != status for event in bounces):
            _fail_by_stop(reading, f"bounced with {bounces[-1].status}, not {status}")

    def assert_quarantined(self, at: str | None = None) -> None:
        """A gateway (``at``) holds a copy. Raises ExpectationError."""
        reading = self._read()
        held = [leaf.outcome for leaf in reading.leaves.values() if isinstance(leaf.outcome, Quarantined)]
        if not held:
            _fail_by_stop(reading, "is not in quarantine")
        if at is not None and not any(same_name(event.host, at) for event in held):
            _fail_by_stop(reading, f"is in quarantine at {held[0].host}, not at {at}")


def _leaves(reading: Reading, to: str | Address | None) -> list[Leaf]:
    if to is None or not reading.leaves:  # what was refused before its recipients were named is refused for all
        return list(reading.leaves.values())
    if str(to).lower() in reading.branches.stands_for and to not in reading.leaves:
        return [reading.leaves[name] for name in reading.branches.stands_for[str(to).lower()]]
    return [reading.leaves[to]]


def _to(leaf: Leaf, leaves: list[Leaf]) -> str:
    return f" to {leaf.recipient}" if len(leaves) > 1 else ""


def _check_via(reading: Reading, leaves: list[Leaf], host: str) -> None:
    for leaf in leaves:
        if not any(same_name(one, host) for one in leaf.hosts):
            _fail(reading, f"was delivered{_to(leaf, leaves)} via {', '.join(leaf.hosts)}, not via {host}")


def _most_attempts(reading: Reading, leaves: list[Leaf]) -> int:
    recipients = {leaf.recipient.folded for leaf in leaves}
    ours = [
        event
        for event in reading.events
        if isinstance(event, Attempted) and recipients & {one.folded for one in event.recipients}
    ]
    return max((event.attempt for event in ours), default=0)


def _cause(reading: Reading, leaf: Leaf) -> Reply | None:
    """The reply because of which the leaf is queued: as the queue says, else what the last attempt heard."""
    if isinstance(leaf.outcome, Queued) and leaf.outcome.reply:
        return leaf.outcome.reply
    attempt = reading.branches.last(Attempted, leaf)
    return attempt.reply if attempt else None


def _refusal(event: Event) -> tuple[str, Reply] | None:
    """Who refused, and how: told by the host itself, or by the one that heard it."""
    if isinstance(event, Refused):
        return event.host, event.reply
    if isinstance(event, Attempted) and event.reply and not event.reply.is_positive:
        return event.to, event.reply
    return None


def _answers(heard: Reply | None, claim: Claim) -> bool:
    if heard is None:
        return False
    if isinstance(claim, int):
        return heard.code == claim
    return reply_line(heard).startswith(str(claim)) if isinstance(claim, str) else heard == claim


def _fail_by_stop(reading: Reading, what: str) -> NoReturn:
    _fail(reading, what, *reading.stops[:1])


def _fail(reading: Reading, what: str, stop: Stop | None = None) -> NoReturn:
    where = f": {stop.text}" if stop else ": it arrived" if reading.delivered else ""
    raise ExpectationError(f"{reading.subject} {what}{where}\n\n{reading.story(stop)}")

"""What a test may claim of a trace. A claim that does not hold says where the letter stopped, then tells its story."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn, Protocol, TypeAlias, runtime_checkable

from mailharness.errors import ExpectationError
from mailharness.mail import Address, Reply
from mailharness.trace.breakdowns import breakdown
from mailharness.trace.copies import named
from mailharness.trace.events import Attempted, Bounced, Event, Quarantined, Queued, Refused
from mailharness.trace.leaves import Leaf
from mailharness.trace.reading import Reading
from mailharness.trace.stop import Stop
from mailharness.trace.wording import reply_line, same_name

Claim = int | str | Reply


@runtime_checkable
class Addressee(Protocol):
    """Someone with an address, such as a user; its text is that address."""

    @property
    def address(self) -> Address: ...


To: TypeAlias = str | Address | Addressee | None
"""Which recipient a claim is about; None: whichever."""


class Expectations:
    """The claims, mixed into the trace. Each reads once; hosts and addresses are compared without case. A ``reply`` is
    a code (451), the beginning of a line ("451 4.7.1") or a Reply. ``to`` is one recipient: an address, or a user.

    Where a filter of the test's own failed on the letter, no claim but that of a delivery holds."""

    def _read(self) -> Reading:
        raise NotImplementedError

    def assert_delivered(self, to: To = None, via: str | Sequence[str] | None = None, attempts: int | None = None) -> None:
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

    def assert_not_delivered(self, to: To = None) -> None:
        """It arrived at no recipient (or not at ``to``). Raises ExpectationError."""
        reading = self._read()
        for leaf in _judged(reading, to):
            if leaf.delivered:
                _fail(reading, f"was delivered: it is in {leaf.where}")

    def assert_queued(self, at: str | None = None, reply: Claim | None = None, to: To = None) -> None:
        """A copy waits for its next attempt (at host ``at``, because of ``reply``, for ``to``). Raises ExpectationError."""
        reading = self._read()
        waiting = [leaf for leaf in _judged(reading, to) if isinstance(leaf.outcome, Queued)]
        if not waiting:
            _fail_by_stop(reading, f"is not queued{_for(to)}")
        placed = [leaf for leaf in waiting if at is None or same_name(leaf.outcome.host if leaf.outcome else "", at)]
        if not placed:
            _fail(reading, f"is queued at {waiting[0].host}, not at {at}", reading.stop(waiting[0]))
        if reply is not None and not any(_answers(_cause(reading, leaf), reply) for leaf in placed):
            heard = _cause(reading, placed[0])
            why = f"because of {reply_line(heard)}" if heard else "without a reply"
            _fail(reading, f"is queued at {placed[0].host} {why}, not because of {reply}", reading.stop(placed[0]))

    def assert_refused(self, at: str | None = None, reply: Claim | None = None, to: To = None) -> None:
        """A host (``at``) would not take it (for ``to``) and said so (by ``reply``). Raises ExpectationError."""
        reading = self._read()
        found = _refusals(reading, _judged(reading, to), all_of_it=to is None)
        if not found:
            _fail_by_stop(reading, f"was refused by nobody{_for(to)}")
        placed = [one for one in found if at is None or same_name(one[0], at)]
        if not placed:
            _fail_by_stop(reading, f"was refused at {found[-1][0]}, not at {at}")
        if reply is not None and not any(_answers(heard, reply) for _, heard in placed):
            _fail_by_stop(reading, f"was refused at {placed[-1][0]} by {reply_line(placed[-1][1])}, not by {reply}")

    def assert_bounced(self, status: str | None = None, to: To = None) -> None:
        """A host gave up on a recipient (on ``to``; with the enhanced status code ``status``). Raises ExpectationError."""
        reading = self._read()
        meant = {leaf.recipient.folded for leaf in _judged(reading, to)}
        bounces = [
            one for one in reading.events if isinstance(one, Bounced) and (to is None or one.recipient.folded in meant)
        ]
        if not bounces:
            _fail_by_stop(reading, f"did not bounce{_for(to)}")
        if status is not None and all(event.status != status for event in bounces):
            _fail_by_stop(reading, f"bounced with {bounces[-1].status}, not {status}")

    def assert_quarantined(self, at: str | None = None, to: To = None) -> None:
        """A gateway (``at``) holds a copy (for ``to``). Raises ExpectationError."""
        reading = self._read()
        held = [leaf.outcome for leaf in _judged(reading, to) if isinstance(leaf.outcome, Quarantined)]
        if not held:
            _fail_by_stop(reading, f"is not in quarantine{_for(to)}")
        if at is not None and not any(same_name(event.host, at) for event in held):
            _fail_by_stop(reading, f"is in quarantine at {held[0].host}, not at {at}")


def _judged(reading: Reading, to: To) -> list[Leaf]:
    """The leaves of a claim, once no filter of the test's own has failed on any: else it would hold by accident."""
    leaves = _leaves(reading, to)
    for leaf in leaves:
        if breakdown(reading.events, leaf):
            _fail(reading, f"is held up{_to(leaf, leaves)} by a filter that failed", reading.stop(leaf))
    return leaves


def _leaves(reading: Reading, to: To) -> list[Leaf]:
    if to is None or not reading.leaves:  # what was refused before its recipients were named is refused for all
        return list(reading.leaves.values())
    name = str(to)
    if name.lower() in reading.branches.stands_for and name not in reading.leaves:
        return [reading.leaves[one] for one in reading.branches.stands_for[name.lower()]]
    return [reading.leaves[name]]


def _for(to: To) -> str:
    return "" if to is None else f" for {to}"


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
    """The reply because of which the leaf is queued or given up: as the outcome says, else what the last attempt heard."""
    if isinstance(leaf.outcome, Queued | Bounced) and leaf.outcome.reply:
        return leaf.outcome.reply
    attempt = reading.branches.last(Attempted, leaf)
    return attempt.reply if attempt else None


def _refusals(reading: Reading, leaves: list[Leaf], *, all_of_it: bool) -> list[tuple[str, Reply]]:
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
        heard, attempt = _cause(reading, leaf), reading.branches.last(Attempted, leaf)
        found += [(attempt.to, heard)] if attempt and heard and not heard.is_positive else []
    return found


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
    if isinstance(claim, str):
        return reply_line(heard).startswith(claim) or _in_one(heard).startswith(claim)
    return heard == claim


def _in_one(reply: Reply) -> str:
    """A reply of several lines as if it had been one, which says the codes but once."""
    return str(replace(reply, text=" ".join(reply.text.split("\n"))))


def _fail_by_stop(reading: Reading, what: str) -> NoReturn:
    _fail(reading, what, *reading.stops[:1])


def _fail(reading: Reading, what: str, stop: Stop | None = None) -> NoReturn:
    where = f": {stop.text}" if stop else ": it arrived" if reading.delivered else ""
    raise ExpectationError(f"{reading.subject} {what}{where}\n\n{reading.story(stop)}")

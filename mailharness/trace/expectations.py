"""What a test may claim of a trace. A claim that does not hold says where the letter stopped, then tells its story."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from mailharness.errors import MisuseError
from mailharness.trace.claims import (
    Claim,
    To,
    answers,
    cause_of,
    check_hosts,
    expected,
    fail,
    fail_by_stop,
    for_whom,
    judged,
    leaves_of,
    refusals,
    seconds,
    to_whom,
)
from mailharness.trace.events import Attempted, Bounced, Delayed, Delivered, Quarantined, Queued
from mailharness.trace.leaves import Leaf
from mailharness.trace.reading import Reading
from mailharness.trace.wording import duration, reply_line, same_name


class Expectations:
    """The claims, mixed into the trace. Each reads once; hosts and addresses are compared without case. A ``reply`` is
    a code (451), the beginning of a line ("451 4.7.1") or a Reply. ``to`` is one recipient: an address, or a user.

    Where a filter of the test's own failed on the letter, no claim but that of a delivery holds."""

    def _read(self) -> Reading:
        raise NotImplementedError

    def assert_delivered(
        self,
        to: To = None,
        via: str | Sequence[str] | None = None,
        attempts: int | None = None,
        *,
        folder: str | None = None,
        within: float | timedelta | None = None,
    ) -> None:
        """It arrived at every recipient (or at ``to``), through the hosts ``via``, in the mailbox ``folder``, ``within`` so
        many seconds of the world's clock since it was submitted, and the host that tried most often made ``attempts``
        attempts. Raises ExpectationError, or MisuseError for a recipient or a host that there is not."""
        reading = self._read()
        hosts: list[str] = (
            [] if via is None else [via] if isinstance(via, str) or not isinstance(via, Sequence) else list(via)
        )
        check_hosts(reading, hosts)
        leaves = leaves_of(reading, to)
        for leaf in leaves:
            if not leaf.delivered:
                expected(reading, f"delivery to {leaf.recipient}", reading.stop(leaf))
        if not leaves:
            expected(reading, f"delivery of {reading.subject}", *reading.stops[:1])
        for host in hosts:
            _check_via(reading, leaves, host)
        for leaf in leaves:
            _check_folder(reading, leaf, folder)
            _check_time(reading, leaf, within)
        made = _most_attempts(reading, leaves)
        if attempts is not None and made != attempts:
            fail(reading, f"was delivered after {made} attempts, not {attempts}")

    def assert_delivered_once(self, to: To = None) -> None:
        """It lies in each recipient's mailbox (in that of ``to``) once: no lost reply, no alias and no list brought it a
        second time. Raises ExpectationError."""
        self.assert_delivered(to)
        reading = self._read()
        leaves = leaves_of(reading, to)
        accounts = Counter(event.account for event in reading.events if isinstance(event, Delivered))
        for leaf in leaves:
            if (often := accounts[leaf.end[0]]) != 1:
                fail(reading, f"was delivered {often} times{to_whom(leaf, leaves)}, not once")

    def assert_not_delivered(self, to: To = None) -> None:
        """It arrived at no recipient (or not at ``to``). Raises ExpectationError."""
        reading = self._read()
        for leaf in judged(reading, to):
            if leaf.delivered:
                fail(reading, f"was delivered: it is in {leaf.where}")

    def assert_queued(
        self,
        at: str | None = None,
        reply: Claim | None = None,
        to: To = None,
        *,
        next_attempt: float | timedelta | None = None,
    ) -> None:
        """A copy waits for its next attempt (at host ``at``, because of ``reply``, for ``to``), which is due in
        ``next_attempt`` seconds of the world's clock, give or take one. Raises ExpectationError."""
        reading = self._read()
        check_hosts(reading, [at])
        waiting = [leaf for leaf in judged(reading, to) if isinstance(leaf.outcome, Queued)]
        if not waiting:
            fail_by_stop(reading, f"is not queued{for_whom(to)}")
        placed = [leaf for leaf in waiting if at is None or same_name(leaf.outcome.host if leaf.outcome else "", at)]
        if not placed:
            fail(reading, f"is queued at {waiting[0].host}, not at {at}", reading.stop(waiting[0]))
        if reply is not None and not any(answers(cause_of(reading, leaf), reply) for leaf in placed):
            heard = cause_of(reading, placed[0])
            why = f"because of {reply_line(heard)}" if heard else "without a reply"
            fail(reading, f"is queued at {placed[0].host} {why}, not because of {reply}", reading.stop(placed[0]))
        waits = [leaf.outcome.due - reading.journal.clock.now() for leaf in placed if isinstance(leaf.outcome, Queued)]
        wanted = seconds("next_attempt", next_attempt)
        if wanted is not None and not any(abs(wait - wanted) <= 1 for wait in waits):
            fail(reading, f"is attempted next in {duration(waits[0])}, not in {duration(wanted)}", reading.stop(placed[0]))

    def assert_refused(self, at: str | None = None, reply: Claim | None = None, to: To = None) -> None:
        """A host (``at``) would not take it (for ``to``) and said so (by ``reply``). Raises ExpectationError."""
        reading = self._read()
        check_hosts(reading, [at])
        found = refusals(reading, judged(reading, to), all_of_it=to is None)
        if not found:
            fail_by_stop(reading, f"was refused by nobody{for_whom(to)}")
        placed = [one for one in found if at is None or same_name(one[0], at)]
        if not placed:
            fail_by_stop(reading, f"was refused at {found[-1][0]}, not at {at}")
        if reply is not None and not any(answers(heard, reply) for _, heard in placed):
            fail_by_stop(reading, f"was refused at {placed[-1][0]} by {reply_line(placed[-1][1])}, not by {reply}")

    def assert_bounced(
        self, status: str | None = None, to: To = None, *, action: str = "failed", by: str | None = None
    ) -> None:
        """A host (``by``) gave up on a recipient (on ``to``; with the enhanced status code ``status``), or with
        ``action="delayed"`` told the sender that it has to wait (RFC 3464 §2.3.3). Raises ExpectationError."""
        reading = self._read()
        check_hosts(reading, [by])
        if action not in _REPORTS:
            raise MisuseError.unknown("action of a report", action, _REPORTS)
        kind, verb, otherwise = _REPORTS[action]
        meant = {leaf.recipient.folded for leaf in judged(reading, to)}
        found = [one for one in reading.events if isinstance(one, kind) and (to is None or one.recipient.folded in meant)]
        if not found:
            fail_by_stop(reading, f"{otherwise}{for_whom(to)}")
        placed = [event for event in found if by is None or same_name(event.host, by)]
        if not placed:
            fail_by_stop(reading, f"{verb} at {found[-1].host}, not at {by}")
        if status is not None and all(event.status != status for event in placed):
            fail_by_stop(reading, f"{verb} with {placed[-1].status}, not {status}")

    def assert_quarantined(self, at: str | None = None, to: To = None) -> None:
        """A gateway (``at``) holds a copy (for ``to``). Raises ExpectationError."""
        reading = self._read()
        check_hosts(reading, [at])
        held = [leaf.outcome for leaf in judged(reading, to) if isinstance(leaf.outcome, Quarantined)]
        if not held:
            fail_by_stop(reading, f"is not in quarantine{for_whom(to)}")
        if at is not None and not any(same_name(event.host, at) for event in held):
            fail_by_stop(reading, f"is in quarantine at {held[0].host}, not at {at}")


_REPORTS: dict[str, tuple[type[Bounced | Delayed], str, str]] = {
    "failed": (Bounced, "bounced", "did not bounce"),
    "delayed": (Delayed, "was reported as delayed", "was not reported as delayed"),
}


def _check_folder(reading: Reading, leaf: Leaf, folder: str | None) -> None:
    mailbox = leaf.outcome.mailbox if isinstance(leaf.outcome, Delivered) else ""
    if folder is not None and mailbox != (mailbox if folder.upper() == mailbox == "INBOX" else folder):
        fail(reading, f"was delivered into {leaf.where}, not into {folder}")


def _check_time(reading: Reading, leaf: Leaf, within: float | timedelta | None) -> None:
    wanted = seconds("within", within)
    if wanted is None or leaf.outcome is None:
        return
    took = leaf.outcome.at - reading.events[0].at
    if took > wanted:
        fail(reading, f"was delivered to {leaf.recipient} after {duration(took)}, not within {duration(wanted)}")


def _check_via(reading: Reading, leaves: list[Leaf], host: str) -> None:
    for leaf in leaves:
        if not any(same_name(one, host) for one in leaf.hosts):
            fail(reading, f"was delivered{to_whom(leaf, leaves)} via {', '.join(leaf.hosts)}, not via {host}")


def _most_attempts(reading: Reading, leaves: list[Leaf]) -> int:
    recipients = {leaf.recipient.folded for leaf in leaves}
    ours = [
        event
        for event in reading.events
        if isinstance(event, Attempted) and recipients & {one.folded for one in event.recipients}
    ]
    return max((event.attempt for event in ours), default=0)

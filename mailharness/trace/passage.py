"""What a test may claim of a letter's way: which hosts it passed, how it was protected, who has read it."""

from mailharness.errors import MisuseError
from mailharness.trace.claims import To, check_hosts, expected, fail, fail_by_stop, for_whom, judged, leaves_of
from mailharness.trace.events import Quarantined, Released
from mailharness.trace.protection import crossings
from mailharness.trace.readers import Read
from mailharness.trace.reading import Reading
from mailharness.trace.wording import same_name

_PROTOCOLS = ("imap", "pop3")


class Passage:
    """The claims, mixed into the trace. Each reads once; hosts and addresses are compared without case. All raise
    ExpectationError where they do not hold, and MisuseError for a host or recipient that there is not."""

    def _read(self) -> Reading:
        raise NotImplementedError

    def assert_passed_through(self, *hosts: str, to: To = None) -> None:
        """These hosts had it (on its way to ``to``), in this order; others may have had it between them."""
        reading = self._read()
        check_hosts(reading, hosts)
        for leaf in leaves_of(reading, to):
            passed = iter(leaf.hosts)
            for host in hosts:
                if not any(same_name(one, host) for one in passed):
                    way = ", ".join(leaf.hosts) or "no host"
                    fail(reading, f"did not pass through {', '.join(hosts)}, but through {way}")
        if not reading.leaves:
            expected(reading, f"{reading.subject} to pass through {', '.join(hosts)}", *reading.stops[:1])

    def assert_never_passed_through(self, *hosts: str) -> None:
        """None of these hosts ever took a copy of it, on whatever branch."""
        reading = self._read()
        check_hosts(reading, hosts)
        judged(reading, None)
        for host in hosts:
            if any(same_name(one, host) for one in (*reading.branches.via, *(h for leaf in _all(reading) for h in leaf))):
                fail(reading, f"passed through {host}")

    def assert_encrypted(self, *, verified: bool = False) -> None:
        """Whenever it crossed, from its submission on, it crossed over TLS, and with ``verified`` to a host whose
        certificate the sender had checked, as far as the sender is one of ours."""
        reading = self._read()
        found = crossings(reading.journal, reading.events)
        if not found:
            expected(reading, f"{reading.subject} to be encrypted all the way", *reading.stops[:1])
        for crossing in found:
            if not crossing.encrypted or (verified and crossing.verified is False):
                fail(reading, f"was not encrypted all the way: {crossing}")

    def assert_read(self, by: To = None, over: str | None = None, *, kept: bool | None = None) -> None:
        """Somebody (the user ``by``) fetched it (``over`` "imap" or "pop3"), and a copy stayed on the server, or with
        ``kept=False`` did not."""
        reading, found = self._readers(by, over)
        if not found:
            told = "; ".join(map(str, reading.readers))
            fail_by_stop(reading, f"was not read{_by(by)}{_over(over)}{f', but {told}' if told else ''}")
        if kept is not None and all(read.kept is not kept for read in found):
            fail(reading, f"was {found[-1]}")

    def assert_not_read(self, by: To = None, over: str | None = None) -> None:
        """Nobody (not the user ``by``) fetched it (``over`` "imap" or "pop3"); a look into ``user.inbox`` is none."""
        reading, found = self._readers(by, over)
        if found:
            fail(reading, f"was {found[0]}")

    def _readers(self, by: To, over: str | None) -> tuple[Reading, list[Read]]:
        if over is not None and over not in _PROTOCOLS:
            raise MisuseError.unknown("protocol to read mail by", over, _PROTOCOLS)
        reading = self._read()
        whom = None if by is None else str(by).lower()
        found = [one for one in reading.readers if whom in (None, one.user.lower()) and over in (None, one.protocol)]
        return reading, found

    def assert_released(self, at: str | None = None, to: To = None) -> None:
        """A gateway (``at``) held it (for ``to``) in quarantine, and somebody let it go on."""
        reading = self._read()
        check_hosts(reading, [at])
        wanted = {leaf.recipient.folded for leaf in judged(reading, to)}
        held = {event.copy for event in reading.events if isinstance(event, Quarantined)}
        released = [
            event
            for event in reading.events
            if isinstance(event, Released) and event.copy in held and wanted & {one.folded for one in event.recipients}
        ]
        if not released:
            fail_by_stop(reading, f"was not released from quarantine{for_whom(to)}")
        if at is not None and not any(same_name(event.host, at) for event in released):
            fail(reading, f"was released at {released[0].host}, not at {at}")


def _all(reading: Reading) -> list[tuple[str, ...]]:
    return [leaf.hosts for leaf in reading.leaves.values()]


def _by(by: To) -> str:
    return "" if by is None else f" by {by}"


def _over(over: str | None) -> str:
    return "" if over is None else f" over {over.upper()}"

"""Faults of the network: what can go wrong before a word is spoken."""

from mailharness.faults.fault import PASS, Cut, Fault, Verdict
from mailharness.trace.events import Dialed, Event, Opened


def refuse(host: str, *, times: int | None = None, optional: bool = False) -> Fault:
    """Nobody listens at ``host``: our own hosts get "connection refused"; a foreign client is reset as it connects.

    Both ends are judged, since a host of ours is turned away where it dials and a foreign client where it arrives.
    """
    name = host.lower()

    def judge(event: Event) -> Verdict:
        if isinstance(event, Dialed) and event.to.lower() == name:
            return Cut()
        if isinstance(event, Opened) and event.host.lower() == name:
            return Cut()
        return PASS

    return Fault(f"refuse {host}", judge, times, (host,), optional)

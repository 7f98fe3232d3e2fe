"""IDLE: a client that waits is told what happens as it happens (RFC 2177)."""

from mailharness.imap.visit import Continue, Status, Visit


def idle(_visit: Visit) -> Continue:
    """RFC 2177 §3: tell what happens as it happens, until the client says DONE."""
    return Continue("+ idling", _done, idles=True)


def _done(line: bytes) -> Status:
    return Status("OK idled") if line.strip().upper() == b"DONE" else Status("BAD only DONE ends IDLE")

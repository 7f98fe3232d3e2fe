"""Faults of TLS: STARTTLS that is hidden, refused or fails, and certificates that nobody should trust.

OpenSSL judges by the real clock, so a certificate that has expired is expired on every clock.
"""

from typing import Unpack

from mailharness.faults import smtp
from mailharness.faults.fault import Fault
from mailharness.faults.selection import Which
from mailharness.faults.spec import breaking, told
from mailharness.faults.verdict import PASS, Cut, Show, Verdict
from mailharness.trace.events import Event, Handshaking


@told("tls")
def strip_starttls(host: str, **which: Unpack[Which]) -> Fault:
    """A man in the middle takes STARTTLS out of what ``host`` announces, and its command away (RFC 3207 §6)."""
    return smtp.hide(host, "STARTTLS", **which)


@told("tls")
def refuse_starttls(
    host: str, text: str = "454 4.7.0 TLS not available due to temporary reason", **which: Unpack[Which]
) -> Fault:
    """``host`` announces STARTTLS and answers it with ``text`` (RFC 3207 §4)."""
    return smtp.reply(host, "STARTTLS", text, **which)


@told("tls")
def fail_handshake(host: str, **which: Unpack[Which]) -> Fault:
    """No TLS handshake with ``host`` succeeds, at whichever door (SMTP, IMAP, POP3)."""
    return _in_handshake(f"fail the handshake at {host}", host, Cut(), **which)


@told("tls")
def certificate(host: str, kind: str, **which: Unpack[Which]) -> Fault:
    """``host`` shows a certificate that is "expired", "not yet valid", for the "wrong name", by an "unknown ca" or
    "self-signed", at whichever door. Raises MisuseError for another kind."""
    return _in_handshake(f"certificate at {host}: {kind}", host, Show(kind), **which)


def _in_handshake(does: str, host: str, verdict: Verdict, **which: Unpack[Which]) -> Fault:
    name = host.lower()

    def judge(event: Event) -> Verdict:
        return verdict if isinstance(event, Handshaking) and event.host.lower() == name else PASS

    return breaking(does, judge, host, **which)

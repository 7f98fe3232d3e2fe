"""Certificates that nobody should trust, at each door, and handshakes that fail: what a careful client finds."""

import imaplib
import poplib
import smtplib
import ssl
from collections.abc import Callable

import pytest

from mailharness import World, faults
from mailharness.faults import Fault
from mailharness.trace.events import Handshaking, Judged, Secured
from tests.scenarios.stage import cast, playing

HOST = "mail.globex.test"
WHY = {"expired": 10, "not yet valid": 9, "wrong name": 64, "unknown ca": 20, "self-signed": 18}
"""What OpenSSL calls each (X509_V_ERR_...); the name that a client connects to is an address here."""


def starttls(world: World) -> None:
    with smtplib.SMTP(*world["globex.test"].smtp) as client:
        client.starttls(context=world.ssl_context())
        assert client.ehlo("me.test")[0] == 250


def submissions(world: World) -> None:
    with smtplib.SMTP_SSL(*world["globex.test"].submissions, context=world.ssl_context()) as client:
        assert client.noop()[0] == 250


def imaps(world: World) -> None:
    with imaplib.IMAP4_SSL(*world["globex.test"].imaps, ssl_context=world.ssl_context()) as client:
        assert client.noop()[0] == "OK"


def imap_starttls(world: World) -> None:
    client = imaplib.IMAP4(*world["globex.test"].imap)
    try:
        client.starttls(ssl_context=world.ssl_context())
    except OSError:
        client.file.close()  # the socket itself is closed by then
        raise
    assert client.logout()[0] == "BYE"


def pop3s(world: World) -> None:
    client = poplib.POP3_SSL(*world["globex.test"].pop3s, context=world.ssl_context())
    try:
        assert client.quit().startswith(b"+OK")
    finally:
        client.close()


DOORS = [starttls, submissions, imaps, imap_starttls, pop3s]


@pytest.mark.parametrize("kind", WHY)
@pytest.mark.parametrize("visit", DOORS, ids=lambda visit: visit.__name__)
def test_a_careful_client_refuses_the_certificate_and_takes_the_true_one(visit: Callable[[World], None], kind: str) -> None:
    with playing() as world:
        with world.fault(faults.tls.certificate(HOST, kind)), pytest.raises(ssl.SSLCertVerificationError) as refusal:
            visit(world)
        assert refusal.value.verify_code == WHY[kind]
        assert [event.verdict for event in world.journal.of_kind(Judged)] == [f"show a certificate: {kind}"]
        visit(world)


@pytest.mark.parametrize("visit", DOORS, ids=lambda visit: visit.__name__)
def test_a_handshake_fails_and_the_next_one_does_not(visit: Callable[[World], None]) -> None:
    with playing() as world:
        with world.fault(faults.tls.fail_handshake(HOST, times=1)), pytest.raises((ssl.SSLError, ConnectionError)):
            visit(world)
        visit(world)
        assert len(world.journal.of_kind(Handshaking)) == 2


@pytest.mark.parametrize(
    ("fault", "secured"),
    [
        (faults.tls.strip_starttls(HOST), False),
        (faults.tls.refuse_starttls(HOST), False),
        (faults.tls.fail_handshake(HOST), False),
        (faults.tls.certificate(HOST, "expired"), True),
        (faults.tls.certificate(HOST, "self-signed"), True),
    ],
    ids=str,
)
def test_between_hosts_that_take_tls_as_they_find_it_the_letter_crosses_all_the_same(fault: Fault, secured: bool) -> None:
    """RFC 7435: better some protection than none, and better the letter than neither."""
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(fault):
            alice.send(to=bob).trace.assert_delivered(attempts=1)
        assert any(event.host == HOST for event in world.journal.of_kind(Secured)) is secured

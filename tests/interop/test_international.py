"""Addresses in UTF-8 from one end to the other (RFC 6531): the mailbox itself has a name that is not ASCII."""

import imaplib
import poplib
import smtplib
from collections.abc import Callable
from email.headerregistry import Address
from email.message import EmailMessage

import pytest

from mailharness import World
from mailharness.trace.events import LoggedIn
from tests.interop.running import run

FROM, TO = "jürgen@exampleA.tst", "李@exampleB.tst"


@pytest.fixture
def written() -> EmailMessage:
    message = EmailMessage()
    message["From"] = Address("Jürgen Müller", "jürgen", "exampleA.tst")
    message["To"] = Address("李小龙", "李", "exampleB.tst")
    message["Subject"] = "Grüße 🦉"
    message.set_content("漢字かな交じり文\n", cte="8bit")
    return message


def test_smtplib_sends_what_every_reader_reads(story: World, written: EmailMessage, program: Callable[[str], str]) -> None:
    with smtplib.SMTP(*story["exampleA.tst"].submission, timeout=10) as client:
        client.send_message(written)
    (stored,) = story.user(TO).inbox
    assert stored.subject == "Grüße 🦉"
    assert f"Return-Path: <{FROM}>\r\n".encode() in bytes(stored)
    assert bytes(stored).count(b"with UTF8SMTP") == 2
    read_by_imaplib(story, bytes(stored))
    read_by_poplib(story, bytes(stored))
    read_by_curl(story, bytes(stored), program("curl"))


def read_by_imaplib(world: World, octets: bytes) -> None:
    """LOGIN is ASCII in imaplib; AUTHENTICATE is not."""
    with imaplib.IMAP4(*world["exampleB.tst"].imap, timeout=10) as client:
        client.authenticate("PLAIN", lambda _: f"\0{TO}\0secret".encode())
        client.select(readonly=True)
        assert client.fetch("1", "(BODY[])")[1][0][1] == octets
        envelope = client.fetch("1", "(ENVELOPE)")[1]
        assert "李".encode() in b"".join(line if isinstance(line, bytes) else b"".join(line) for line in envelope)


def read_by_poplib(world: World, octets: bytes) -> None:
    client = poplib.POP3(*world["exampleB.tst"].pop3, timeout=10)
    client.user("李")
    client.pass_("secret")
    assert b"".join(line + b"\r\n" for line in client.retr(1)[1]) == octets
    client.quit()


def read_by_curl(world: World, octets: bytes, curl: str) -> None:
    for scheme, path in (("imap", "INBOX;UID=1"), ("pop3", "1")):
        host, port = getattr(world["exampleB.tst"], scheme)
        assert run(curl, "-sS", "--user", f"{TO}:secret", f"{scheme}://{host}:{port}/{path}") == octets


def test_without_smtputf8_such_a_recipient_is_refused(story: World) -> None:
    with smtplib.SMTP(*story["exampleA.tst"].submission, timeout=10) as client:
        client.ehlo()
        client.docmd("MAIL", "FROM:<userA@exampleA.tst>")
        client.command_encoding = "utf-8"
        assert client.docmd("RCPT", f"TO:<{TO}>")[0] == 553


def test_a_submission_proves_a_name_of_any_script(story: World, program: Callable[[str], str]) -> None:
    """smtplib encodes what it proves in ASCII; curl does not."""
    host, port = story["exampleA.tst"].submission
    login = ("--user", "jürgen:secret", "--login-options", "AUTH=PLAIN", "--request", "NOOP")
    assert run(program("curl"), "-sS", *login, f"smtp://{host}:{port}/desk").startswith(b"250 ")
    assert [event.user for event in story.journal.of_kind(LoggedIn) if event.protocol == "smtp"] == [FROM]

"""Five programs that fetch the first letter of a mailbox, octet for octet."""

import imaplib
import poplib
from collections.abc import Callable
from dataclasses import dataclass

from imapclient import IMAPClient

from mailharness.world import Site
from tests.interop.running import run


@dataclass(frozen=True)
class Mailbox:
    """Whose letters, and where they are to be had."""

    site: Site
    login: str
    program: Callable[[str], str]
    password: str = "secret"


def by_imaplib(mailbox: Mailbox) -> bytes:
    with imaplib.IMAP4(*mailbox.site.imap, timeout=30) as client:
        client.login(mailbox.login, mailbox.password)
        assert client.select("INBOX", readonly=True) == ("OK", [b"1"])
        status, ((_, octets), _) = client.fetch("1", "(BODY.PEEK[])")
        assert status == "OK"
        return octets


def by_imapclient(mailbox: Mailbox) -> bytes:
    with IMAPClient(*mailbox.site.imap, ssl=False, timeout=30) as client:
        client.login(mailbox.login, mailbox.password)
        client.select_folder("INBOX", readonly=True)
        (uid,) = client.search()
        return client.fetch([uid], ["RFC822"])[uid][b"RFC822"]


def by_poplib(mailbox: Mailbox) -> bytes:
    """poplib gives lines without their ends; POP3 knows one end only (RFC 1939 §3)."""
    client = poplib.POP3(*mailbox.site.pop3, timeout=30)
    try:
        client.user(mailbox.login)
        client.pass_(mailbox.password)
        lines = client.retr(1)[1]
        client.quit()
    finally:
        client.close()
    return b"".join(line + b"\r\n" for line in lines)


def by_curl_imap(mailbox: Mailbox) -> bytes:
    host, port = mailbox.site.imap
    url = f"imap://{host}:{port}/INBOX;UID=1"
    return run(mailbox.program("curl"), "-sS", "--user", f"{mailbox.login}:{mailbox.password}", url)


def by_curl_pop3(mailbox: Mailbox) -> bytes:
    host, port = mailbox.site.pop3
    url = f"pop3://{host}:{port}/1"
    return run(mailbox.program("curl"), "-sS", "--user", f"{mailbox.login}:{mailbox.password}", url)


READERS: dict[str, Callable[[Mailbox], bytes]] = {
    "imaplib": by_imaplib,
    "imapclient": by_imapclient,
    "poplib": by_poplib,
    "curl-imap": by_curl_imap,
    "curl-pop3": by_curl_pop3,
}
"""Each fetches message 1 of the INBOX."""

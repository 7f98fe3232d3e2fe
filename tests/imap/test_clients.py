"""The clients of others, unchanged: imaplib and imapclient talk to a session through a socket pair, without a thread."""

import imaplib
import socket
import ssl
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from imapclient import SEEN, IMAPClient, SocketTimeout
from imapclient.imap4 import IMAP4WithTimeout

from mailharness.imap import ImapSession
from tests.imap.stage import LETTERS, Stage

PATIENCE = 5.0
"""Seconds after which a silent session is a failure, not a hang."""


class Bridge:
    """A client's socket whose other end is a session: what is sent has been answered before ``send`` returns."""

    def __init__(self, session: ImapSession) -> None:
        self.client, self._server = socket.socketpair()
        self.client.settimeout(PATIENCE)
        self._session = session
        session.on_output = self.flush
        self.flush()

    def send(self, data: bytes) -> None:
        self._session.receive(data)
        self.flush()

    def flush(self) -> None:
        self._server.sendall(self._session.take_output())
        if self._session.closed:
            self._server.close()

    def close(self) -> None:
        self.client.close()
        self._server.close()


class Imaplib(imaplib.IMAP4):
    """The standard library's client on a bridge."""

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge
        super().__init__("imap.b.tst")

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self.bridge.client

    def send(self, data: bytes) -> None:
        self.bridge.send(data)


class _Imap4OnBridge(IMAP4WithTimeout):  # type: ignore[misc]
    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge
        super().__init__("imap.b.tst", 143, None)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        return self.bridge.client

    def send(self, data: bytes) -> None:
        self.bridge.send(data)


class Imapclient(IMAPClient):  # type: ignore[misc]
    """imapclient on a bridge."""

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge
        super().__init__("imap.b.tst", ssl=False, timeout=SocketTimeout(PATIENCE, PATIENCE))

    def _create_IMAP4(self) -> Any:  # noqa: N802 - imapclient's name
        return _Imap4OnBridge(self.bridge)


@pytest.fixture
def stage() -> Stage:
    return Stage(*LETTERS)


@pytest.fixture
def bridge(stage: Stage) -> Iterator[Bridge]:
    bridge = Bridge(stage.enter())
    yield bridge
    bridge.close()


def test_imaplib_reads_marks_and_removes(stage: Stage, bridge: Bridge) -> None:
    client = Imaplib(bridge)
    assert "IDLE" in client.capabilities
    assert client.login("bob@b.tst", "open sesame")[0] == "OK"
    assert client.select("INBOX") == ("OK", [b"3"])
    assert client.search(None, "SUBJECT", '"second"') == ("OK", [b"2"])
    status, ((head, octets), tail) = client.fetch("2", "(UID BODY[])")
    assert (status, head, octets, tail) == ("OK", b"2 (UID 2 BODY[] {49}", LETTERS[1], b" FLAGS (\\Recent \\Seen))")
    assert client.store("1", "+FLAGS", r"(\Deleted)") == ("OK", [rb"1 (FLAGS (\Deleted \Recent))"])
    assert client.expunge() == ("OK", [b"1"])
    assert client.uid("FETCH", "1:*", "(FLAGS)") == (
        "OK",
        [rb"1 (UID 2 FLAGS (\Recent \Seen))", rb"2 (UID 3 FLAGS (\Recent))"],
    )
    assert client.close()[0] == "OK"
    assert client.logout()[0] == "BYE"
    assert [stored.uid for stored in stage.bob.inbox.messages] == [2, 3]


def test_imaplib_fills_and_moves_between_mailboxes(stage: Stage, bridge: Bridge) -> None:
    client = Imaplib(bridge)
    client.authenticate("PLAIN", lambda _challenge: b"\0bob\0open sesame")
    assert client.create("Archive/2023")[0] == "OK"
    date = imaplib.Time2Internaldate(86_400.0)
    assert client.append("Archive/2023", r"(\Flagged)", date, LETTERS[0])[0] == "OK"
    assert client.list()[1] == [
        rb'(\HasNoChildren) "/" INBOX',
        rb'(\HasChildren) "/" Archive',
        rb'(\HasNoChildren) "/" Archive/2023',
        rb'(\HasNoChildren \Sent) "/" Sent',
    ]
    assert client.status("Archive/2023", "(MESSAGES UNSEEN)")[1] == [b"Archive/2023 (MESSAGES 1 UNSEEN 1)"]
    client.select("Archive/2023", readonly=True)
    assert client.fetch("1", "INTERNALDATE")[1] == [b'1 (INTERNALDATE "02-Jan-1970 00:00:00 +0000")']
    assert client.namespace()[1] == [b'(("" "/")) NIL NIL']
    assert client.unselect()[0] == "OK"
    client.logout()
    (kept,) = stage.bob.get("Archive/2023").messages
    assert (bytes(kept.message), kept.flags, kept.internal_date) == (LETTERS[0], {"\\Flagged"}, 86_400.0)


def test_imaplib_is_refused_without_tls(stage: Stage) -> None:
    bridge = Bridge(stage.enter(require_tls=True))
    client = Imaplib(bridge)
    assert {"STARTTLS", "LOGINDISABLED"} <= set(client.capabilities)
    with pytest.raises(imaplib.IMAP4.error, match="PRIVACYREQUIRED"):
        client.login("bob", "open sesame")
    client.logout()
    bridge.close()


def test_imapclient_reads(stage: Stage, bridge: Bridge) -> None:
    with Imapclient(bridge) as client:
        client.login("bob", "open sesame")
        assert client.select_folder("INBOX")[b"EXISTS"] == 3
        assert client.search(["SUBJECT", "first"]) == [1]
        assert client.search(["TEXT", "größe"], charset="UTF-8") == []
        fetched = client.fetch([1, 2, 3], ["ENVELOPE", "BODYSTRUCTURE", "INTERNALDATE", "BODY.PEEK[]", "RFC822.SIZE"])
        assert [fetched[uid][b"BODY[]"] for uid in (1, 2, 3)] == list(LETTERS)
        first = fetched[1]
        assert first[b"ENVELOPE"].subject == b"first"
        assert str(first[b"ENVELOPE"].from_[0]) == "Alice <alice@a.tst>"
        assert first[b"BODYSTRUCTURE"][:2] == (b"text", b"plain")
        assert first[b"RFC822.SIZE"] == len(LETTERS[0])
        assert isinstance(first[b"INTERNALDATE"], datetime)
        assert client.get_flags([1])[1] == (b"\\Recent",)
        assert client.add_flags([1], [SEEN])[1] == (b"\\Recent", b"\\Seen")
    assert stage.bob.inbox.messages[0].flags == {"\\Seen"}


def test_imapclient_keeps_folders_of_any_name(stage: Stage, bridge: Bridge) -> None:
    with Imapclient(bridge) as client:
        client.login("bob", "open sesame")
        for name in ("Entwürfe & Notizen", "台北/日本語", 'a "quoted" name'):
            client.create_folder(name)
            client.subscribe_folder(name)
        names = [name for _flags, _separator, name in client.list_folders()]
        assert names == ["INBOX", "Entwürfe & Notizen", "Sent", 'a "quoted" name', "台北", "台北/日本語"]
        assert "台北/日本語" in [name for _flags, _separator, name in client.list_sub_folders()]
        client.rename_folder("台北/日本語", "台北/中文")
        client.append("台北/中文", LETTERS[0], flags=[SEEN])
        assert client.folder_status("台北/中文", ["MESSAGES"]) == {b"MESSAGES": 1}
        client.select_folder("台北/中文")
        client.copy([1], "INBOX")
        client.delete_messages([1])
        client.uid_expunge([1])
        assert client.search() == []
    assert len(stage.bob.inbox) == 4


def test_imapclient_idles(stage: Stage, bridge: Bridge) -> None:
    with Imapclient(bridge) as client:
        client.login("bob", "open sesame")
        client.select_folder("INBOX")
        client.idle()
        stage.deliver(b"Subject: news\r\n\r\n")
        assert client.idle_check(timeout=PATIENCE) == [(4, b"EXISTS"), (4, b"RECENT")]
        stage.bob.inbox.expunge([1])
        assert client.idle_check(timeout=PATIENCE) == [(1, b"EXPUNGE")]
        assert client.idle_done()[0] == b"idled"
        assert client.search() == [2, 3, 4]


def test_what_follows_starttls_in_the_clear_is_not_obeyed(stage: Stage, bridge: Bridge) -> None:
    session = stage.enter()
    session.receive(b'a STARTTLS\r\nb LOGIN bob "open sesame"\r\n')
    assert session.take_output().endswith(b"a OK begin TLS\r\n")
    assert session.wants_tls
    session.receive(b'c LOGIN bob "open sesame"\r\n')
    session.secured(ssl.TLSVersion.TLSv1_3.name, "TLS_AES_256_GCM_SHA384")
    assert session.take_output() == b""
    session.receive(b"d CAPABILITY\r\n")
    assert b"STARTTLS" not in session.take_output()

"""imaplib and imapclient, over sockets and without a workaround: a session each, as a program would hold it."""

import imaplib
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from imapclient import ANSWERED, DELETED, FLAGGED, SEEN, IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from mailharness import Domain, World
from mailharness.world import Site
from tests import corpus

LETTERS = ("plain", "related", "names", "attachments")


@pytest.fixture
def world() -> Iterator[World]:
    """userB has four letters in the INBOX."""
    with World(Domain("exampleA.tst", users=["userA"]), Domain("exampleB.tst", users=["userB", "李"])) as world:
        for name in LETTERS:
            world.user("userA@exampleA.tst").send(to="userB@exampleB.tst", message=octets(name))
        world.settle()
        yield world
        world.assert_conserved()


@pytest.fixture
def site(world: World) -> Site:
    return world["exampleB.tst"]


@pytest.fixture
def plain(site: Site) -> Iterator[imaplib.IMAP4]:
    with imaplib.IMAP4(*site.imap, timeout=10) as client:
        client.login("userB", "secret")
        client.select()
        yield client


@pytest.fixture
def client(site: Site) -> Iterator[IMAPClient]:
    with IMAPClient(*site.imap, ssl=False, timeout=10) as client:
        client.login("userB", "secret")
        client.select_folder("INBOX")
        yield client


def octets(name: str) -> bytes:
    return corpus.read(name)


# -- imaplib ----


def test_imaplib_reads(plain: imaplib.IMAP4) -> None:
    assert plain.search(None, "ALL") == ("OK", [b"1 2 3 4"])
    assert plain.search(None, "FROM", '"alice"', "UNSEEN") == ("OK", [b"1"])
    plain.literal = "grüße aus köln – 日本語".encode()
    assert plain.search("UTF-8", "SUBJECT") == ("OK", [b"3"])
    _, ((head, text), end) = plain.fetch("1", "(BODY.PEEK[TEXT] FLAGS)")
    assert text == octets("plain").partition(b"\r\n\r\n")[2]
    assert head.startswith(b"1 (BODY[TEXT] {")
    assert end.startswith(b" FLAGS (")
    _, ((_, part), _) = plain.fetch("2", "(BODY.PEEK[2.2.MIME])")
    assert b"Content-ID: <logo@exampleA.tst>" in part
    _, ((_, field), _) = plain.fetch("3", "(BODY.PEEK[HEADER.FIELDS (Subject)]<0.40>)")
    assert field == b"Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe_aus_K"
    assert plain.fetch("1", "(FLAGS)")[1][0].count(b"Seen") == 0
    plain.fetch("1", "(RFC822.TEXT)")
    assert plain.fetch("1", "(FLAGS)")[1][0].count(b"Seen") == 1


def test_imaplib_marks_copies_and_removes(plain: imaplib.IMAP4) -> None:
    assert plain.create("Archive")[0] == "OK"
    assert plain.store("1:2", "+FLAGS", r"(\Flagged kept)")[0] == "OK"
    assert plain.copy("1:2", "Archive")[0] == "OK"
    assert plain.store("1", "FLAGS.SILENT", r"(\Deleted)") == ("OK", [None])
    assert plain.expunge() == ("OK", [b"1"])
    assert plain.noop() == ("OK", [b"done"])
    assert plain.status("Archive", "(MESSAGES RECENT UNSEEN)") == ("OK", [b"Archive (MESSAGES 2 RECENT 2 UNSEEN 2)"])
    assert plain.select("Archive")[1] == [b"2"]
    assert b"kept" in plain.fetch("2", "(FLAGS)")[1][0]
    assert plain.close()[0] == "OK"
    assert plain.state == "AUTH"


def test_imaplib_works_by_uid(plain: imaplib.IMAP4) -> None:
    uids = plain.uid("SEARCH", "ALL")[1][0].split()
    _, ((head, text), _) = plain.uid("FETCH", uids[3].decode(), "(BODY.PEEK[1])")
    assert head.startswith(b"4 (UID " + uids[3])
    assert text == b"Here is what I was sent, and the table with our figures.\r\n"
    plain.create("Later")
    assert plain.uid("COPY", uids[1].decode(), "Later")[0] == "OK"
    assert plain.uid("STORE", uids[1].decode(), "+FLAGS", r"(\Deleted)")[0] == "OK"
    assert plain.uid("EXPUNGE", uids[1].decode())[0] == "OK"
    assert plain.uid("SEARCH", "ALL")[1][0].split() == [uids[0], uids[2], uids[3]]


def test_imaplib_keeps_mailboxes(plain: imaplib.IMAP4) -> None:
    assert plain.create("Work/2026")[0] == "OK"
    assert plain.subscribe("Work/2026")[0] == "OK"
    assert plain.lsub()[1][-1].endswith(b" Work/2026")
    assert plain.rename("Work/2026", "Work/2027")[0] == "OK"
    assert plain.unsubscribe("Work/2026")[0] == "OK"
    assert [line for line in plain.list("Work", "*")[1] if line.endswith(b"2026")] == []
    assert plain.delete("Work/2027")[0] == "OK"
    assert plain.delete("INBOX")[0] == "NO"
    assert plain.select("nowhere")[0] == "NO"
    assert plain.noop()[0] == "OK"


@pytest.mark.parametrize("name", corpus.NAMES)
def test_imaplib_appends_and_reads_back(world: World, name: str) -> None:
    with imaplib.IMAP4(*world["exampleB.tst"].imap, timeout=30) as client:
        client.login("userB", "secret")
        date = datetime(2026, 3, 2, 8, 15, tzinfo=UTC)
        assert client.append("Sent", r"(\Seen)", imaplib.Time2Internaldate(date), octets(name))[0] == "OK"
        count = client.select("Sent")[1][0].decode()
        _, ((_, stored), rest) = client.fetch(count, "(INTERNALDATE BODY.PEEK[])")
        assert (stored, rest) == (octets(name), b")")
        known = f'INTERNALDATE "02-Mar-2026 08:15:00 +0000" RFC822.SIZE {len(octets(name))} FLAGS (\\Recent \\Seen)'
        assert client.fetch(count, "(INTERNALDATE RFC822.SIZE FLAGS)")[1] == [f"{count} ({known})".encode()]


def test_imaplib_logs_in_by_plain(site: Site) -> None:
    with imaplib.IMAP4(*site.imap, timeout=10) as client:
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            client.login("userB", "wrong")
        assert client.authenticate("PLAIN", lambda _: "\0李\0secret".encode())[0] == "OK"
        assert client.select()[1] == [b"0"]


# -- imapclient ----


def test_imapclient_reads_structures(client: IMAPClient) -> None:
    first, second, third, fourth = client.search("ALL")
    fetched = client.fetch([first, second, third, fourth], ["ENVELOPE", "BODYSTRUCTURE", "FLAGS", "RFC822.SIZE"])
    envelope = fetched[first][b"ENVELOPE"]
    assert (envelope.subject, str(envelope.from_[0])) == (b"Lunch on Thursday?", "Alice Adler <userA@exampleA.tst>")
    assert envelope.message_id == b"<plain.1@exampleA.tst>"
    assert [str(to.mailbox) for to in fetched[third][b"ENVELOPE"].to] == ["b'userB'", "b'bob'"]
    parts, subtype = fetched[second][b"BODYSTRUCTURE"][:2]
    assert (subtype, parts[0][:2], parts[1][1]) == (b"alternative", (b"text", b"plain"), b"related")
    attached = fetched[fourth][b"BODYSTRUCTURE"][0]
    assert [part[:2] for part in attached] == [
        (b"text", b"plain"),
        (b"message", b"rfc822"),
        (b"text", b"csv"),
        (b"application", b"octet-stream"),
    ]
    assert fetched[second][b"RFC822.SIZE"] > len(octets("related"))


def test_imapclient_reads_sections(client: IMAPClient) -> None:
    fourth = client.search("ALL")[3]
    sections = client.fetch([fourth], ["BODY.PEEK[HEADER]", "BODY.PEEK[2]", "BODY[2.HEADER]", "BODY[2.1]", "BODY[]<5.7>"])[
        fourth
    ]
    assert sections[b"BODY[HEADER]"].endswith(octets("attachments").partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
    assert sections[b"BODY[2]"] == sections[b"BODY[2.HEADER]"] + sections[b"BODY[2.1]"]
    assert sections[b"BODY[2.1]"] == b"They are in the table. Please add yours.\r\n"
    assert sections[b"BODY[]<5>"] == b"n-Path:"
    assert client.get_flags([fourth])[fourth].count(SEEN) == 1


def test_imapclient_marks_and_removes(client: IMAPClient) -> None:
    uids = client.search("ALL")
    assert client.add_flags(uids[:2], [ANSWERED, "custom"])[uids[0]].count(b"custom") == 1
    assert client.search(["KEYWORD", "custom", "ANSWERED"]) == uids[:2]
    client.remove_flags(uids[:1], [ANSWERED])
    client.set_flags(uids[1:2], [FLAGGED, DELETED], silent=True)
    assert client.search(["FLAGGED", "NOT", "KEYWORD", "custom"]) == uids[1:2]
    assert client.expunge()[1] == [(2, b"EXPUNGE")]
    client.delete_messages(uids[2:3])
    client.uid_expunge(uids[2:3])
    assert client.search() == [uids[0], uids[3]]


def test_imapclient_names_folders_in_any_script(client: IMAPClient) -> None:
    names = ["Entwürfe & mehr", "受信箱/重要", "папка", 'a "quoted" \\ name', "✉ 🦉", "~peter/mail", "&"]
    for name in names:
        client.create_folder(name)
        client.subscribe_folder(name)
    listed = [name for _flags, _delimiter, name in client.list_folders()]
    assert set(names) <= set(listed)
    assert set(names) <= {name for _flags, _delimiter, name in client.list_sub_folders()}
    assert all(client.folder_exists(name) for name in names)
    client.rename_folder("папка", "письма/старые")
    assert client.folder_exists("письма/старые")
    client.append("✉ 🦉", octets("plain"), [SEEN], datetime(2026, 3, 2, tzinfo=UTC))
    assert client.folder_status("✉ 🦉", ["MESSAGES", "UNSEEN", "UIDNEXT"]) == {b"MESSAGES": 1, b"UNSEEN": 0, b"UIDNEXT": 2}
    client.copy(client.search()[:2], "受信箱/重要")
    assert client.folder_status("受信箱/重要", ["MESSAGES"]) == {b"MESSAGES": 2}
    for name in names:
        client.unsubscribe_folder(name)
    client.delete_folder("✉ 🦉")
    assert not client.folder_exists("✉ 🦉")


def test_imapclient_is_told_of_a_letter_while_it_idles(world: World, client: IMAPClient) -> None:
    client.idle()
    world.user("userA@exampleA.tst").send(to="userB@exampleB.tst", subject="news")
    heard = client.idle_check(timeout=10)
    assert (5, b"EXISTS") in heard
    client.idle_done()
    (newest,) = client.search(["SUBJECT", "news"])
    assert client.fetch([newest], ["ENVELOPE"])[newest][b"ENVELOPE"].subject == b"news"


def test_imapclient_hears_of_what_another_session_does(client: IMAPClient, plain: imaplib.IMAP4) -> None:
    plain.store("2", "+FLAGS", r"(\Flagged)")
    client.noop()
    assert client.search("FLAGGED") == [client.search()[1]]
    plain.store("1", "+FLAGS", r"(\Deleted)")
    plain.expunge()
    assert (1, b"EXPUNGE") in client.noop()[1]


def test_imapclient_is_refused(site: Site) -> None:
    with IMAPClient(*site.imap, ssl=False, timeout=10) as client:
        with pytest.raises(LoginError, match="AUTHENTICATIONFAILED"):
            client.login("userB", "wrong")
        client.plain_login("userB@exampleB.tst", "secret")
        with pytest.raises(IMAPClientError, match=r"NONEXISTENT|no such"):
            client.select_folder("nowhere")
        assert client.capabilities()[0] == b"IMAP4REV1"
        assert client.namespace().personal == (("", "/"),)
        assert client.id_({"name": "a test"})[0] == (b"name", b"mailharness")

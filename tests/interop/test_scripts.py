"""curl and swaks as shell scripts use them, beyond one letter in a file."""

import email
import email.policy
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailharness import Domain, World
from tests import corpus
from tests.interop.running import attempt, run

FROM, TO = "userA@exampleA.tst", "userB@exampleB.tst"
Curl = Callable[..., bytes]


@pytest.fixture
def world() -> Iterator[World]:
    with World(Domain("exampleA.tst", users=["userA"]), Domain("exampleB.tst", users=["userB", "userC"])) as world:
        yield world
        world.assert_conserved()


@pytest.fixture
def submit(world: World, program: Callable[[str], str]) -> Curl:
    host, port = world["exampleA.tst"].submission

    def curl(*options: str, stdin: bytes = b"") -> bytes:
        command = (program("curl"), "-sS", f"smtp://{host}:{port}/desk.exampleA.tst", "--mail-from", FROM, *options)
        return subprocess.run(command, input=stdin, capture_output=True, timeout=30, check=True).stdout

    return curl


@pytest.fixture
def imap(world: World, program: Callable[[str], str]) -> Curl:
    host, port = world["exampleB.tst"].imap

    def curl(path: str, *options: object) -> bytes:
        return run(program("curl"), "-sS", "--user", "userB:secret", *options, f"imap://{host}:{port}/{path}")

    return curl


def test_curl_sends_what_a_pipe_gives_it(world: World, submit: Curl) -> None:
    """The size is not known before, so that MAIL declares none."""
    submit("--mail-rcpt", TO, "--mail-rcpt", "userC@exampleB.tst", "--upload-file", "-", stdin=corpus.read("dots"))
    for address in (TO, "userC@exampleB.tst"):
        (message,) = world.user(address).inbox
        assert bytes(message).endswith(corpus.read("dots"))


def test_curl_turns_line_ends_into_smtps(world: World, submit: Curl) -> None:
    unix = corpus.read("plain").replace(b"\r\n", b"\n")
    submit("--mail-rcpt", TO, "--crlf", "--upload-file", "-", stdin=unix)
    assert bytes(world.user(TO).inbox[0]).endswith(corpus.read("plain"))


def test_curl_sends_nothing_at_all(world: World, submit: Curl) -> None:
    submit("--mail-rcpt", TO, "--upload-file", "-")
    (message,) = world.user(TO).inbox
    assert message.fields[0][0] == "Return-Path"
    assert bytes(message).count(b"\r\nReceived:") == 2


def test_curl_makes_a_multipart_letter(world: World, submit: Curl) -> None:
    fields = ("-H", f"From: {FROM}", "-H", "Subject: a form")
    octets = bytes(range(256))
    submit("--mail-rcpt", TO, *fields, "-F", "=the text", "-F", "file=@-;filename=octets;encoder=base64", stdin=octets)
    message = email.message_from_bytes(bytes(world.user(TO).inbox[0]), policy=email.policy.default)
    text, attached = message.iter_parts()
    assert (message["Subject"], text.get_content(), attached.get_payload(decode=True)) == ("a form", "the text", octets)


def test_swaks_sends_all_its_commands_at_once(world: World, program: Callable[[str], str]) -> None:
    host, port = world["exampleA.tst"].submission
    told = run(
        program("swaks"), "--pipeline", "--server", host, "--port", port, "--from", FROM, "--to", f"{TO},userC@exampleB.tst"
    )
    assert told.index(b" -> DATA") < told.index(b"250 2.1.0 Sender OK")
    assert [len(world.user(address).inbox) for address in (TO, "userC@exampleB.tst")] == [1, 1]


def test_swaks_is_told_that_there_is_no_such_user(world: World, program: Callable[[str], str]) -> None:
    host, port = world["exampleB.tst"].smtp
    ended = attempt(program("swaks"), "--server", host, "--port", port, "--from", FROM, "--to", "nobody@exampleB.tst")
    assert (ended.returncode, b"<** 550 5.1.1" in ended.stdout) == (24, True)


def test_curl_asks_smtp_for_help_and_a_user(world: World, program: Callable[[str], str]) -> None:
    host, port = world["exampleB.tst"].smtp
    assert run(program("curl"), "-sS", f"smtp://{host}:{port}/desk").startswith(b"214")
    assert run(program("curl"), "-sS", f"smtp://{host}:{port}/desk", "--mail-rcpt", "userB").startswith(b"252 ")


def test_curl_works_in_a_mailbox(world: World, imap: Curl) -> None:
    for name in ("plain", "related"):
        world.user(FROM).send(to=TO, message=corpus.read(name))
    world.settle()
    assert imap("") == b'* LIST (\\HasNoChildren) "/" INBOX\r\n* LIST (\\HasNoChildren \\Sent) "/" Sent\r\n'
    assert imap("INBOX?SUBJECT%20logo") == b"* SEARCH 2\r\n"
    assert imap("INBOX;UID=1;SECTION=TEXT") == corpus.read("plain").partition(b"\r\n\r\n")[2]
    assert imap("INBOX;MAILINDEX=2;SECTION=1.MIME") == b"Content-Type: text/plain; charset=us-ascii\r\n\r\n"
    assert b"* 2 EXISTS\r\n" in imap("", "--request", "EXAMINE INBOX")
    assert imap("INBOX", "--request", r"STORE 1 +FLAGS (\Deleted \Flagged)") == (
        b"* 1 FETCH (FLAGS (\\Deleted \\Flagged \\Seen))\r\n"
    )
    assert imap("INBOX", "--request", "EXPUNGE") == b"* 1 EXPUNGE\r\n"
    assert world.user(TO).inbox.subjects == ["The new logo, in place"]


def test_curl_appends(world: World, imap: Curl, tmp_path: Path) -> None:
    path = tmp_path / "letter.eml"
    path.write_bytes(corpus.read("attachments"))
    imap("INBOX", "--upload-file", path)
    assert [bytes(message) for message in world.user(TO).inbox] == [corpus.read("attachments")]
    assert imap("INBOX;UID=1") == corpus.read("attachments")

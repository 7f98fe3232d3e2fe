"""Hosts that receive in ways of their own: what they hide, whom they trust, and what they fall for."""

import contextlib
import smtplib
import socket
import struct
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mailharness import Account, Domain, Host, World, faults
from mailharness.net.proxy import SIGNATURE
from mailharness.smtp.smuggling import VARIANTS
from mailharness.trace.events import Accepted, Closed, Delivered, LoggedIn, Opened, Queued, Refused, Secured
from mailharness.trace.transcript import transcript
from mailharness.world import doors
from tests.scenarios.stage import ACME, cast, playing

LOOPBACK = ["127.0.0.0/8"]
LETTER = b"From: eve@far.test\r\nSubject: hello\r\n\r\nhello\r\n"


def globex(**options: object) -> Domain:
    return Domain("globex.test", users=["bob", Account("tiny", quota=500)], mx=[Host("mx1", **options)])  # type: ignore[arg-type]


@contextmanager
def raw(endpoint: tuple[str, int]) -> Iterator[socket.socket]:
    with socket.create_connection(endpoint, timeout=10) as sock:
        yield sock


def read_all(sock: socket.socket) -> bytes:
    return b"".join(iter(lambda: sock.recv(65536), b""))


SESSION = b"EHLO far.test\r\nMAIL FROM:<eve@far.test>\r\nRCPT TO:<bob@globex.test>\r\nDATA\r\n" + LETTER + b".\r\nQUIT\r\n"


# -- LMTP ----


def delivered(endpoint: tuple[str, int], *recipients: str) -> list[bytes]:
    """What is answered behind the data of a letter of 600 octets, one reply a recipient."""
    commands = [b"LHLO far.test", b"MAIL FROM:<eve@far.test>", *(f"RCPT TO:<{to}>".encode() for to in recipients), b"DATA"]
    with raw(endpoint) as sock:
        sock.sendall(b"\r\n".join([*commands, LETTER + b"x" * 550, b".", b"QUIT", b""]))
        return read_all(sock).split(b"\r\n354 ")[1].split(b"\r\n")[1:-2]


def test_lmtp_tells_of_each_recipient_and_queues_nothing() -> None:
    with playing(ACME, globex()) as world:
        site, bob = world["globex.test"], world.user("bob@globex.test")
        assert site.lmtp == world.host("mx1.globex.test").lmtp
        replies = delivered(site.lmtp, "bob@globex.test", "tiny@globex.test", "bob+x@globex.test")
        assert [reply[:9] for reply in replies] == [b"250 2.0.0", b"452 4.2.2", b"250 2.0.0"]
        assert bob.inbox.subjects == ["hello", "hello"]
        assert b" with LMTP id " in bytes(bob.inbox[0])
        assert [str(event.recipient) for event in world.journal.of_kind(Refused)] == ["tiny@globex.test"]
        assert (len(world.journal.of_kind(Delivered)), world.journal.of_kind(Queued)) == (2, [])


def test_lmtp_relays_for_nobody() -> None:
    with playing(ACME, globex()) as world, smtplib.LMTP(*world["acme.test"].lmtp) as lmtp:
        with pytest.raises(smtplib.SMTPRecipientsRefused, match=r"LMTP delivers to the users of acme\.test only"):
            lmtp.sendmail("alice@acme.test", ["bob@globex.test"], LETTER)
        assert world.journal.of_kind(Accepted) == []


def test_two_names_of_one_mailbox_share_its_room() -> None:
    with playing(ACME, Domain("b.test", users=[Account("bob", quota=1400)])) as world:
        replies = delivered(world["b.test"].lmtp, "bob@b.test", "bob+2@b.test")
        assert [reply[:3] for reply in replies] == [b"250", b"452"]
        assert len(world.user("bob@b.test").inbox) == 1


# -- what is hidden, limited, offered ----


def test_a_host_that_hides_starttls_is_sent_to_in_clear() -> None:
    with playing(ACME, globex(hide=["STARTTLS", "PIPELINING"])) as world:
        alice, bob = cast(world)
        alice.send(to=bob).trace.assert_delivered()
        assert world.journal.of_kind(Secured) == []
        with smtplib.SMTP(*world["globex.test"].smtp) as smtp:
            smtp.ehlo()
            assert [smtp.has_extn(name) for name in ("starttls", "pipelining", "chunking")] == [False, False, True]


def test_limits_are_announced_and_kept() -> None:
    with playing(ACME, globex(limits={"RCPTMAX": 1})) as world, smtplib.SMTP(*world["globex.test"].smtp) as smtp:
        smtp.ehlo()
        assert smtp.esmtp_features["limits"] == "RCPTMAX=1"
        assert list(smtp.sendmail("eve@far.test", ["bob@globex.test", "tiny@globex.test"], LETTER)) == ["tiny@globex.test"]


def test_a_users_token_is_its_password_unless_given() -> None:
    users = ["bob", Account("amy", token="ya29.secret")]
    domain = Domain("b.test", users=users, submission=[Host("out", auth=["OAUTHBEARER"])])
    with playing(ACME, domain) as world:
        for user, token, code in (("bob", "secret", 235), ("amy", "secret", 334), ("amy@b.test", "ya29.secret", 235)):
            with smtplib.SMTP(*world["b.test"].submission) as smtp:
                smtp.ehlo()
                assert smtp.esmtp_features["auth"].split() == ["OAUTHBEARER"]
                response = b64encode(f"n,a={user},\x01auth=Bearer {token}\x01\x01".encode()).decode()
                answer = smtp.docmd("AUTH", f"OAUTHBEARER {response}")
                assert answer[0] == code
                if code == 334:
                    assert smtp.docmd("AQ==")[0] == 535
        assert [event.user for event in world.journal.of_kind(LoggedIn)] == ["bob@b.test", "amy@b.test"]
        assert "ya29" not in "".join(transcript(world.journal, event.session) for event in world.journal.of_kind(Opened))


# -- for whom a client speaks ----


def test_xclient_is_what_received_and_the_trace_say() -> None:
    with playing(ACME, globex(trusted=LOOPBACK)) as world, smtplib.SMTP(*world["globex.test"].smtp) as smtp:
        smtp.ehlo()
        assert smtp.docmd("XCLIENT", "NAME=spike.far.test ADDR=192.0.2.7")[0] == 220
        smtp.ehlo()
        smtp.sendmail("eve@far.test", ["bob@globex.test"], LETTER)
        received = bytes(world.user("bob@globex.test").inbox[0])
        assert b"(spike.far.test [192.0.2.7])" in received


def v2(source: str, port: int) -> bytes:
    addresses = socket.inet_aton(source) + socket.inet_aton("127.0.0.1") + struct.pack("!HH", port, 25)
    return SIGNATURE + struct.pack("!BBH", 0x21, 0x11, len(addresses)) + addresses


PROXIED = {
    "version 1": (b"PROXY TCP4 192.0.2.7 127.0.0.1 4711 25\r\n", "192.0.2.7"),
    "version 2": (v2("192.0.2.7", 4711), "192.0.2.7"),
    "nobody known": (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
}


@pytest.mark.parametrize(("header", "address"), PROXIED.values(), ids=PROXIED.keys())
@pytest.mark.parametrize("dripping", [False, True])
def test_a_proxy_says_whose_connection_it_is(header: bytes, address: str, dripping: bool) -> None:
    with playing(ACME, globex(trusted=LOOPBACK, proxy=True)) as world:
        with raw(world["globex.test"].smtp) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for piece in [header[n : n + 1] for n in range(len(header))] if dripping else [header]:
                sock.sendall(piece)
            sock.sendall(SESSION)
            assert b"\r\n250 2.0.0 Ok" in read_all(sock)
        (opened,) = world.journal.of_kind(Opened)
        assert opened.address == address
        assert f"[{address}]".encode() in bytes(world.user("bob@globex.test").inbox[0])


def test_behind_a_proxy_tls_may_come_first() -> None:
    domain = Domain("b.test", users=["bob"], submission=[Host("out", trusted=LOOPBACK, proxy=True)])
    with playing(ACME, domain) as world, raw(world["b.test"].submissions) as sock:
        sock.sendall(v2("192.0.2.7", 4711))
        with world.ssl_context().wrap_socket(sock, server_hostname="out.b.test") as tls:
            tls.sendall(SESSION.replace(b"bob@globex.test", b"bob@b.test").replace(b"eve@far.test", b"bob@b.test"))
            assert b"\r\n250 2.0.0 Ok" in read_all(tls)
        (opened,) = world.journal.of_kind(Opened)
        assert (opened.address, opened.port, opened.secured) == ("192.0.2.7", 4711, True)


NO_HEADERS = [b"EHLO far.test 123\r\n" * 9, SIGNATURE + b"\x21\x11\xff\xff", b"\0" * 999, b"PROXY TCP4 x\r\n\r\n"]


@pytest.mark.parametrize("octets", NO_HEADERS)
def test_who_does_not_say_it_is_cut(octets: bytes) -> None:
    with playing(ACME, globex(trusted=LOOPBACK, proxy=True)) as world, raw(world["globex.test"].smtp) as sock:
        sock.sendall(octets)
        with contextlib.suppress(ConnectionResetError):
            assert read_all(sock) == b""
        assert [event.how for event in world.journal.of_kind(Closed)] == ["cut"]


def test_a_stranger_may_not_be_a_proxy() -> None:
    with playing(ACME, globex(trusted=["192.0.2.0/24"], proxy=True)) as world, raw(world["globex.test"].smtp) as sock:
        with contextlib.suppress(ConnectionResetError):
            assert read_all(sock) == b""
        assert [event.how for event in world.journal.of_kind(Closed)] == ["cut"]


def test_one_that_thinks_too_long_is_cut() -> None:
    with playing(ACME, globex(trusted=LOOPBACK, proxy=True, timeout=0.05)) as world, raw(world["globex.test"].smtp) as sock:
        sock.sendall(b"PROXY TCP4 ")
        assert read_all(sock) == b""
        assert [event.how for event in world.journal.of_kind(Closed)] == ["cut"]


def test_one_that_still_thinks_when_the_world_stops_is_cut() -> None:
    with World(globex(trusted=LOOPBACK, proxy=True)) as world:
        sock = socket.create_connection(world["globex.test"].smtp, timeout=10)
        sock.sendall(b"PROXY TCP4 ")
        assert world.host("mx1.globex.test").smtp.port == sock.getpeername()[1]
        with raw(world["globex.test"].lmtp) as other:
            other.sendall(b"PROXY UNKNOWN\r\nQUIT\r\n")
            assert b"\r\n221 " in read_all(other)  # by now the first one has been taken too
    with contextlib.suppress(ConnectionResetError):
        assert read_all(sock) == b""
    sock.close()


def test_our_own_hosts_are_no_proxies() -> None:
    with playing(ACME, globex(trusted=LOOPBACK, proxy=True)) as world:
        alice, bob = cast(world)
        alice.send(to=bob).trace.assert_queued(at="mail.acme.test")


# -- smuggling ----


@pytest.mark.parametrize(("smuggling", "letters"), [([], 0), ("bare-lf", 2), (["crlf-cr", "BARE-LF"], 2), (["bare-cr"], 1)])
def test_smuggling_is_seen_in_the_mailbox(smuggling: object, letters: int) -> None:
    hidden = b"MAIL FROM:<admin@globex.test>\r\nRCPT TO:<bob@globex.test>\r\nDATA\r\n" + LETTER.replace(b"hello", b"pay up")
    with playing(ACME, globex(smuggling=smuggling)) as world, raw(world["globex.test"].smtp) as sock:
        sock.sendall(SESSION.replace(b"hello\r\n.\r\n", b"hello" + VARIANTS["bare-lf"] + hidden + b".\r\n"))
        read_all(sock)
        assert world.user("bob@globex.test").inbox.subjects == ["hello", "pay up"][:letters]
        senders = [str(event.envelope.sender) for event in world.journal.of_kind(Accepted)]
        assert senders == ["eve@far.test", "admin@globex.test"][:letters]


# -- time-outs ----


def idled_out(world: World) -> bytes:
    """What a client reads that says nothing for as long as the host has patience."""
    with raw(world["globex.test"].smtp) as sock:
        return read_all(sock)


def test_a_silent_stranger_is_sent_away_where_the_host_says_so() -> None:
    with playing(ACME, globex(timeout=0.05)) as world:
        assert idled_out(world).endswith(b"421 4.4.2 Idle for too long, closing\r\n")


def test_a_silent_stranger_is_sent_away_where_time_is_real(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "IDLE", 0.05)
    with playing(ACME, globex(), clock="wall") as world:
        assert idled_out(world).endswith(b"421 4.4.2 Idle for too long, closing\r\n")


def test_our_own_hosts_keep_their_sessions_for_as_long_as_they_like() -> None:
    with playing(ACME, globex(timeout=0.05)) as world:
        alice, bob = cast(world)
        alice.send(to=bob).trace.assert_delivered()
        idled_out(world)
        idled_out(world)
        kept = [event for event in world.journal.of_kind(Opened) if event.peer == "mail.acme.test"]
        assert [event.session for event in world.journal.of_kind(Closed) if event.session == kept[0].session] == []


# -- what a fault makes of it ----


@pytest.mark.parametrize("reply", ["451 4.3.2 not now", "552 5.3.4 too big"])
def test_a_chunk_that_a_fault_refuses_is_read_all_the_same(reply: str) -> None:
    with playing(ACME, globex()) as world, world.fault(faults.reply("mx1.globex.test", "BDAT", reply)):
        with raw(world["globex.test"].smtp) as sock:
            sock.sendall(SESSION.replace(b"DATA\r\n" + LETTER + b".\r\n", b"BDAT 12 LAST\r\nQUIT\r\nNOOP\r\nNOOP\r\n"))
            said = read_all(sock).split(b"\r\n")
        assert said[-4:] == [reply.encode(), b"250 2.0.0 OK", b"221 2.0.0 Bye", b""]
        assert world.journal.of_kind(Accepted) == []


def test_a_binary_message_rests_as_it_was_sent() -> None:
    octets = LETTER + bytes(range(256)) + b"\n.\r."
    with playing(ACME, globex()) as world, raw(world["globex.test"].smtp) as sock:
        chunk = b"BDAT %d LAST\r\n%s" % (len(octets), octets)
        opening = SESSION.replace(b"<eve@far.test>", b"<eve@far.test> BODY=BINARYMIME")
        sock.sendall(opening.replace(b"DATA\r\n" + LETTER + b".\r\n", chunk))
        assert b"\r\n250 2.0.0 Ok" in read_all(sock)
        (accepted,) = world.journal.of_kind(Accepted)
        assert accepted.envelope.binary
        assert bytes(world.user("bob@globex.test").inbox[0]).endswith(octets)

"""A process in the world: whatever client it uses reaches the world's hosts by name, and nothing of it leaves."""

import asyncio
import imaplib
import os
import poplib
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import aiosmtplib
import dns.asyncresolver
import dns.resolver
import imapclient
import pytest
import trio

from mailharness import Domain, EgressError, MisuseError, World, WorldStoppedError, faults
from mailharness.net.detours import Detours
from mailharness.net.redirect import Redirection

ACME = Domain("acme.test", users=["alice"])
GLOBEX = Domain("globex.test", users=["bob"], mx=["mx1", "mx2"])
LETTER = "Subject: Hello\r\n\r\nHello, Bob\r\n"
WAY = ("alice@acme.test", ["bob@globex.test"], LETTER)


@pytest.fixture
def world() -> Iterator[World]:
    with World(ACME, GLOBEX) as running:
        yield running


@pytest.fixture
def inside(world: World) -> Iterator[Redirection]:
    with world.redirected() as redirection:
        yield redirection


def state() -> list[object]:
    """What a redirected process has replaced, as it is now."""
    own = [vars(owner).get(name) for owner, name, _ in Detours(None, None).each()]  # type: ignore[arg-type]
    return [*own, socket.socket.connect, socket.getaddrinfo, ssl.SSLContext.set_default_verify_paths]


# -- clients ----


def by_smtp() -> None:
    with smtplib.SMTP("mail.acme.test", 587) as smtp:
        smtp.starttls(context=ssl.create_default_context())
        smtp.sendmail(*WAY)


def by_smtps() -> None:
    with smtplib.SMTP_SSL("mail.acme.test", context=ssl.create_default_context()) as smtp:
        smtp.login("alice", "secret")
        smtp.sendmail(*WAY)


def straight_to_the_mx() -> None:
    host = str(dns.resolver.resolve("globex.test", "MX")[0].exchange).rstrip(".")
    with smtplib.SMTP(host) as smtp:
        smtp.sendmail(*WAY)


def by_aiosmtplib() -> None:
    sender, recipients, text = WAY
    # In clear: it ends its TLS connections later than asyncio.run() waits.
    server = {"hostname": "mail.acme.test", "port": 587, "start_tls": False}
    asyncio.run(aiosmtplib.send(text.encode(), sender=sender, recipients=recipients, **server))


async def _by_streams(server: str) -> None:
    reader, writer = await asyncio.open_connection(server, 25)
    lines = ["HELO me", "MAIL FROM:<alice@acme.test>", "RCPT TO:<bob@globex.test>", "DATA", f"{LETTER}.", "QUIT"]
    for line in lines:
        assert (await reader.readline())[:1] in b"23"
        writer.write(f"{line}\r\n".encode())
    await reader.read()
    writer.close()
    await writer.wait_closed()


def by_streams() -> None:
    asyncio.run(_by_streams("mx2.globex.test"))


def by_a_bare_socket() -> None:
    sock = socket.socket()
    sock.connect(("mail.acme.test", 587))  # a name, and not one address of it
    smtp = smtplib.SMTP()
    smtp.sock, smtp._host = sock, "mail.acme.test"  # type: ignore[attr-defined]
    assert smtp.getreply()[0] == 220
    smtp.sendmail(*WAY)
    smtp.quit()


@pytest.mark.parametrize(
    "client",
    [by_smtp, by_smtps, straight_to_the_mx, by_aiosmtplib, by_streams, by_a_bare_socket],
    ids=lambda one: one.__name__,
)
def test_a_letter_goes_in_by_every_client(world: World, inside: Redirection, client: Callable[[], None]) -> None:
    client()
    assert world.user("bob@globex.test").inbox.subjects == ["Hello"]
    assert inside.attempts == []
    world.assert_conserved()


def test_a_letter_is_read_by_every_client(world: World, inside: Redirection) -> None:
    world.user("alice@acme.test").send(to="bob@globex.test", subject="Hello").trace.assert_delivered()
    store = "mail.globex.test"
    trust = ssl.create_default_context()
    imaps: list[imaplib.IMAP4] = [imaplib.IMAP4(store), imaplib.IMAP4_SSL(store, ssl_context=trust)]
    for imap in imaps:
        imap.login("bob@globex.test", "secret")
        assert imap.select("INBOX") == ("OK", [b"1"])
        imap.logout()
    for pop in (poplib.POP3(store), poplib.POP3_SSL(store, context=trust)):
        pop.user("bob@globex.test")
        pop.pass_("secret")
        assert pop.stat()[0] == 1
        pop.quit()
    with imapclient.IMAPClient(store) as client:  # by TLS, its own way
        client.login("bob@globex.test", "secret")
        assert client.select_folder("INBOX")[b"EXISTS"] == 1


async def _connects(way: str) -> None:
    loop = asyncio.get_running_loop()
    if way == "sock_connect":
        sock = socket.socket()
        sock.setblocking(False)
        with sock:
            await loop.sock_connect(sock, ("mail.acme.test", 25))
            assert (await loop.sock_recv(sock, 3)) == b"220"
        return
    reader, writer = await asyncio.open_connection("mail.acme.test", 993, ssl=True)  # by create_connection
    assert (await reader.readline()).endswith(b"mail.acme.test IMAP ready\r\n")
    writer.write(b"a LOGOUT\r\n")
    assert (await reader.read()).endswith(b"a OK bye\r\n")
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("way", ["sock_connect", "streams"])
def test_event_loops_connect(inside: Redirection, way: str) -> None:
    asyncio.run(_connects(way))
    assert inside.attempts == []


def test_a_loop_of_trio_connects(world: World, inside: Redirection) -> None:
    async def greeting() -> bytes:
        stream = await trio.open_tcp_stream("mail.acme.test", 25)
        async with stream:
            return bytes(await stream.receive_some(3))

    assert trio.run(greeting) == b"220"
    assert inside.attempts == []


async def _looks_up_where_nothing_may_block(world: World) -> None:
    with world.redirected():
        assert socket.gethostbyname("mail.acme.test") == world["acme.test"].smtp.host


def test_a_block_in_a_running_loop(world: World) -> None:
    asyncio.run(_looks_up_where_nothing_may_block(world))
    assert Redirection.current is None


@pytest.mark.skipif(not socket.has_ipv6, reason="this Python knows no IPv6")
def test_a_socket_of_both_kinds_connects_too(world: World, inside: Redirection) -> None:
    address, _ = world["acme.test"].smtp
    try:
        sock = socket.socket(socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with sock:
        assert sock.connect_ex((f"::ffff:{address}", 25, 0, 0)) == 0
        assert sock.recv(3) == b"220"


# -- names ----


def test_names_are_looked_up_in_the_world(world: World, inside: Redirection) -> None:
    address, _ = world["acme.test"].smtp
    assert socket.gethostbyname("mail.ACME.test.") == address
    assert socket.gethostbyname_ex("mail.acme.test") == ("mail.acme.test", [], [address])
    assert socket.gethostbyaddr(address) == ("mail.acme.test", [], [address])
    assert socket.getfqdn(address) == "mail.acme.test"
    (found,) = socket.getaddrinfo(b"mail.acme.test", 25, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME)
    assert found == (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "mail.acme.test", (address, 25))


def test_names_that_a_domain_does_not_have_do_not_exist(inside: Redirection) -> None:
    with pytest.raises(socket.gaierror, match=r"no host 'smtp\.acme\.test'; did you mean 'mail\.acme\.test'\?") as caught:
        socket.create_connection(("smtp.acme.test", 25))
    assert caught.value.errno == socket.EAI_NONAME
    with pytest.raises(dns.resolver.NXDOMAIN):
        dns.resolver.resolve("nosuch.acme.test", "A")
    for name in ("nowhere.invalid", f"{'x' * 64}.acme.test", "acme..test"):
        with pytest.raises(OSError):  # noqa: PT011 - gaierror; what cannot be encoded Python refuses itself
            socket.getaddrinfo(name, 25)
    assert inside.attempts == []


def test_dnspython_asks_the_world_whatever_name_server_it_knows(world: World, inside: Redirection) -> None:
    google = dns.resolver.Resolver(configure=False)
    google.nameservers = ["8.8.8.8"]
    assert [str(one) for one in google.resolve("globex.test", "MX")] == ["10 mx1.globex.test.", "20 mx2.globex.test."]
    assert str(google.resolve("acme.test", "MX", tcp=True)[0]) == "10 mail.acme.test."
    answer = asyncio.run(dns.asyncresolver.Resolver.resolve(_asking("192.0.2.53"), "acme.test", "MX"))
    assert str(answer[0]) == "10 mail.acme.test."
    authority = dns.resolver.Resolver(configure=False)
    authority.nameservers = [world["acme.test"].nameserver.host]  # a name server of the world is that one itself
    assert authority.resolve("mail.acme.test", "A").response.flags & 0x0400


def _asking(server: str) -> dns.asyncresolver.Resolver:
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = [server]
    return resolver


def test_a_name_server_that_fails_is_a_temporary_failure(world: World, inside: Redirection) -> None:
    for fault in (faults.dns.servfail("mx1.globex.test"), faults.dns.no_answer("mx1.globex.test")):
        with world.fault(fault), pytest.raises(socket.gaierror) as caught:
            socket.gethostbyname("mx1.globex.test")
        assert caught.value.errno == socket.EAI_AGAIN
        world.clock.advance(hours=1)


def test_a_machine_that_is_off_refuses(world: World, inside: Redirection) -> None:
    world.switch_off("mx1.globex.test")
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP("mx1.globex.test")
    with pytest.raises(ConnectionRefusedError):  # and so does one at a door that it does not have
        imaplib.IMAP4("mx2.globex.test", 110)
    with socket.socket() as sock:
        assert sock.connect_ex((world.host("mx1.globex.test").smtp.host, 25)) != 0


# -- one at a time, and all as it was ----


def test_everything_is_as_it_was_at_the_end(world: World) -> None:
    before = state()
    with world.redirected():
        assert state() != before
    assert all(now is then for now, then in zip(state(), before, strict=True))
    with pytest.raises(ZeroDivisionError), world.redirected():
        1 / 0  # noqa: B018
    assert all(now is then for now, then in zip(state(), before, strict=True))
    assert "connect" not in vars(socket.socket)


def test_a_context_of_the_outside_does_not_trust_the_world(world: World) -> None:
    with world.redirected():
        pass
    host, port = world["acme.test"].imaps
    with pytest.raises(ssl.SSLCertVerificationError):
        imaplib.IMAP4_SSL(host, port, ssl_context=ssl.create_default_context())


def test_it_nests_and_many_threads_may_do_it(world: World) -> None:
    before = state()
    everybody_in = threading.Barrier(4)

    def send() -> None:
        with world.redirected():
            everybody_in.wait(30)
            by_smtp()

    threads = [threading.Thread(target=send) for _ in range(4)]
    with world.redirected() as outer, world.redirected() as inner:
        assert inner is outer
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(world.user("bob@globex.test").inbox) == 4
    assert all(now is then for now, then in zip(state(), before, strict=True))


def test_a_process_is_in_one_world_at_a_time(world: World, inside: Redirection) -> None:
    with World(Domain("other.test")) as other:
        with pytest.raises(MisuseError, match=r"<World of acme\.test, globex\.test, running>: one at a time"):
            other.redirected().__enter__()
        assert Redirection.current is inside


def test_a_world_that_does_not_run_takes_nobody_in(world: World) -> None:
    with pytest.raises(WorldStoppedError):
        World(ACME).redirected()


def test_a_world_that_is_made_as_new_goes_on_taking_in(world: World, inside: Redirection) -> None:
    world.reset()
    by_smtp()
    assert world.user("bob@globex.test").inbox.subjects == ["Hello"]


def test_a_forked_child_is_in_the_world_too(world: World, inside: Redirection) -> None:
    child = os.fork()
    if not child:
        try:
            by_smtp()
            try:
                smtplib.SMTP("far.example")
            except EgressError:
                os._exit(7)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 7
    assert world.user("bob@globex.test").inbox.subjects == ["Hello"]

"""swaks and curl at a receiver's extensions: XCLIENT, PROXY, LMTP, the mechanisms of AUTH, and what is hidden."""

import re
import smtplib
from collections.abc import Callable, Iterator

import pytest

from mailharness import Account, Domain, Host, World
from mailharness.mail import DsnRequest
from mailharness.trace.events import Accepted, LoggedIn, Opened, Replied
from tests.interop.running import attempt, run

EVE, BOB, AMY = "eve@far.test", "bob@b.test", "amy@b.test"
TRUSTED = ["127.0.0.0/8"]
Program = Callable[[str], str]


@pytest.fixture
def world() -> Iterator[World]:
    hosts = [Host("mx1", trusted=TRUSTED), Host("mx2", trusted=TRUSTED, proxy=True), Host("mx3", hide=["STARTTLS"])]
    with World(Domain("b.test", users=["bob", Account("amy", quota=0)], mx=hosts)) as world:
        yield world
        world.assert_conserved()


def at(world: World, host: str, service: str = "smtp") -> tuple[object, ...]:
    address, port = getattr(world.host(f"{host}.b.test"), service)
    return ("--server", address, "--port", port, "--from", EVE, "--to", BOB)


def received(world: World) -> bytes:
    (message,) = world.user(BOB).inbox
    return re.findall(rb"\r\nReceived: (.*?)\r\n(?!\t)", bytes(message), re.DOTALL)[0]


def test_swaks_speaks_for_another_by_xclient(world: World, program: Program) -> None:
    who = ("--xclient-name", "spike.far.test", "--xclient-addr", "192.0.2.7", "--xclient-port", "4711")
    more = ("--xclient-helo", "spike.far.test", "--xclient-proto", "ESMTP", "--xclient-login", AMY)
    told = run(program("swaks"), *at(world, "mx1"), *who, *more)
    assert b" -> XCLIENT " in told
    assert b"(spike.far.test [192.0.2.7])" in received(world)


def test_swaks_is_no_client_that_mx3_trusts(world: World, program: Program) -> None:
    ended = attempt(program("swaks"), *at(world, "mx3"), "--xclient", "NAME=spike.far.test")
    assert ended.returncode != 0
    assert len(world.user(BOB).inbox) == 0


SWAKS_PROXIES = {
    "version 1": ("--proxy-version", 1, "--proxy-family", "TCP4"),
    "version 2": ("--proxy-version", 2, "--proxy-family", "AF_INET"),
}


@pytest.mark.parametrize("version", SWAKS_PROXIES.values(), ids=SWAKS_PROXIES.keys())
def test_swaks_is_a_proxy(world: World, program: Program, version: tuple[object, ...]) -> None:
    source = ("--proxy-source", "192.0.2.7", "--proxy-source-port", 4711)
    dest = ("--proxy-dest", "127.0.0.1", "--proxy-dest-port", 25)
    run(program("swaks"), *at(world, "mx2"), *version, *source, *dest)
    assert b"[192.0.2.7]" in received(world)
    assert [(event.address, event.port) for event in world.journal.of_kind(Opened)] == [("192.0.2.7", 4711)]


def test_curl_is_a_proxy(world: World, program: Program) -> None:
    host, port = world.host("mx2.b.test").smtp
    run(program("curl"), "-sS", "--haproxy-protocol", f"smtp://{host}:{port}/desk", "--mail-rcpt", "bob")
    (opened,) = world.journal.of_kind(Opened)
    assert opened.address == "127.0.0.1"
    assert [event.text[:3] for event in world.journal.of_kind(Replied)][-2:] == ["252", "221"]


def test_who_is_no_proxy_is_cut(world: World, program: Program) -> None:
    assert attempt(program("swaks"), *at(world, "mx2"), "--timeout", 5, "--proxy", "TCP9 far away").returncode != 0
    assert len(world.user(BOB).inbox) == 0


def test_swaks_delivers_by_lmtp(world: World, program: Program) -> None:
    run(program("swaks"), *at(world, "mx1", "lmtp"), "--protocol", "LMTP")
    assert b" with LMTP id " in received(world)


def test_swaks_finds_no_starttls_where_it_is_hidden(world: World, program: Program) -> None:
    assert attempt(program("swaks"), *at(world, "mx3"), "--tls").returncode == 29
    run(program("swaks"), *at(world, "mx1"), "--tls")
    assert b" with ESMTPS id " in received(world)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_swaks_logs_in_by(world: World, program: Program, mechanism: str) -> None:
    host, port = world["b.test"].submission
    mail = ("--server", host, "--port", port, "--from", BOB, "--to", BOB)
    login = ("--auth", mechanism, "--auth-user", BOB, "--auth-password")
    run(program("swaks"), *mail, *login, "secret")
    assert attempt(program("swaks"), *mail, *login, "guess").returncode == 28
    assert [(event.user, event.mechanism) for event in world.journal.of_kind(LoggedIn)] == [(BOB, mechanism)]


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER", "CRAM-MD5", "PLAIN"])
def test_curl_logs_in_by(program: Program, mechanism: str) -> None:
    """It prefers one of the two kinds of bearer, so that each is offered alone."""
    with World(Domain("b.test", users=["bob"], submission=[Host("out", auth=[mechanism])])) as world:
        host, port = world["b.test"].submission
        command = (program("curl"), "-sS", f"smtp://{host}:{port}/desk", "--user")
        mail = ("--mail-from", BOB, "--mail-rcpt", BOB, "--upload-file", "/dev/null")
        bearer = ("--oauth2-bearer",) if "AUTH" in mechanism else ()
        run(*command, f"{BOB}:secret", *bearer, *("secret" for _ in bearer), *mail)
        assert attempt(*command, f"{BOB}:guess", *bearer, *("guess" for _ in bearer), *mail).returncode == 67
        assert [(event.user, event.mechanism) for event in world.journal.of_kind(LoggedIn)] == [(BOB, mechanism)]
        world.assert_conserved()


def test_smtplib_asks_for_reports(world: World) -> None:
    with smtplib.SMTP(*world["b.test"].smtp) as smtp:
        options = ["RET=HDRS", "ENVID=QQ314159", "BODY=8BITMIME"], ["NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;Bob@b.test"]
        smtp.sendmail(EVE, [BOB], b"Subject: x\r\n\r\nx\r\n", *options)
    accepted, *_ = world.journal.of_kind(Accepted)
    asked = accepted.envelope
    assert (asked.ret, asked.envid, asked.eight_bit) == ("HDRS", "QQ314159", True)
    assert asked.request(asked.recipients[0]) == DsnRequest(frozenset({"SUCCESS", "DELAY"}), "rfc822;Bob@b.test")

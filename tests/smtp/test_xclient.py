"""XCLIENT: a trusted client speaks for another one, and the session starts anew."""

from ipaddress import ip_network
from typing import Any

import pytest

from mailharness.smtp.reception import Decision, SmtpSession
from tests.smtp.stage import Desk, Stage, on_stage

LOOPBACK = (ip_network("127.0.0.0/8"),)
EHLO = ("EHLO a.test", "250")


class Counting(Desk):
    """Who is in the house."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def connected(self, session: SmtpSession) -> Decision:
        address = session.peer_address[0]
        self.open.append(address)
        session.on_end.append(lambda: self.open.remove(address))
        return None


def test_one_who_speaks_for_another_is_one_session() -> None:
    desk, seen = Counting(), []

    async def play(stage: Stage) -> None:
        client = await stage.client()
        await client.reply()
        for address in ("192.0.2.7", "192.0.2.8"):
            assert (await client.ask(f"XCLIENT ADDR={address}"))[:3] == "220"
            seen.append(list(desk.open))

    on_stage(play, Stage(desk, trusted=LOOPBACK))
    assert (seen, desk.open) == ([["192.0.2.7"], ["192.0.2.8"]], [])


def told(*lines: tuple[str, str], **options: Any) -> Any:
    """The session as it is when the lines are answered."""

    async def play(stage: Stage) -> None:
        client = await stage.client()
        await client.reply()
        for said, expected in lines:
            reply = await client.ask(said)
            assert reply.startswith(expected), f"{said!r}: {reply!r}"

    stage = on_stage(play, Stage(trusted=LOOPBACK, **options) if "trusted" not in options else Stage(**options))
    assert stage.problems == []
    return stage.receivers[0].session


def test_the_session_is_that_of_the_other_one() -> None:
    session = told(
        EHLO,
        ("MAIL FROM:<a@a.test>", "250"),
        ("XCLIENT NAME=x.test", "503 5.5.1"),
        ("RSET", "250"),
        ("xclient name=spike.test addr=192.0.2.7 port=4711 proto=esmtp helo=spike+2Etest login=bob", "220 mail.b.test"),
        ("XCLIENT DESTADDR=192.0.2.1 DESTPORT=25", "220"),
        EHLO,
        ("MAIL FROM:<a@a.test>", "250"),
    )
    assert (session.peer, session.peer_address) == ("spike.test", ("192.0.2.7", 4711))
    assert (session.helo, session.user) == ("a.test", "")


def test_the_login_and_the_hello_of_the_other_one_hold() -> None:
    session = told(EHLO, ("XCLIENT LOGIN=bob HELO=spike.test PROTO=SMTP", "220"), ("MAIL FROM:<a@a.test>", "250"))
    assert (session.user, session.helo, session.esmtp) == ("bob@b.test", "spike.test", False)


@pytest.mark.parametrize(
    ("attributes", "peer", "address"),
    [
        ("NAME=[UNAVAILABLE] ADDR=192.0.2.7", "192.0.2.7:{port}", "192.0.2.7"),
        ("NAME=[tempunavail] ADDR=IPV6:2001:db8::1", "2001:db8::1:{port}", "2001:db8::1"),
        ("ADDR=[UNAVAILABLE]", "unknown:{port}", "unknown"),
    ],
)
def test_what_nobody_knows(attributes: str, peer: str, address: str) -> None:
    session = told(EHLO, (f"XCLIENT {attributes}", "220"))
    assert session.peer_address[0] == address
    assert session.peer == peer.format(port=session.peer_address[1])


@pytest.mark.parametrize(
    "attributes",
    ["ADDR=nowhere", "ADDR=IPV6:192.0.2", "PORT=99999", "PORT=x", "PROTO=LMTP", "COLOR=red", "NAME", "NAME=a+20b"],
)
def test_what_cannot_be_changes_nothing(attributes: str) -> None:
    session = told(EHLO, (f"XCLIENT NAME=x.test {attributes}", "501 5.5.4"), ("MAIL FROM:<a@a.test>", "250"))
    assert (session.peer_address[0], session.helo) == ("127.0.0.1", "a.test")


@pytest.mark.parametrize("trusted", [(), (ip_network("192.0.2.0/24"), ip_network("2001:db8::/32"))])
def test_nobody_else_may(trusted: Any) -> None:
    session = told(EHLO, ("XCLIENT NAME=x.test", "550 5.7.0"), ("NOOP", "250"), trusted=trusted)
    assert session.peer != "x.test"

"""Stories of what a user asks of a submission, and of hosts on the way that offer less than the letter needs."""

import asyncio
from typing import Any

import pytest

from mailharness import Domain, Host, Letter, MisuseError, World, faults
from mailharness.faults import Fault
from mailharness.trace.events import Commanded, LoggedIn
from tests.scenarios.stage import ACME, cast, playing

HERE, THERE = "mail.acme.test", "mail.globex.test"
SIGNED = (
    b'MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xfc\r\n--b\r\n\r\nsignature\r\n--b--\r\n"
)


def without_esmtp(host: str = THERE) -> Fault:
    """The next host knows no EHLO, and so no extension."""
    return faults.reply(host, "EHLO", "502 5.5.1 HELO is enough")


def said(world: World, verb: str, host: str = THERE) -> list[str]:
    """The command lines of this verb that a host has heard."""
    world.settle()
    commands = (event for event in world.journal.events if isinstance(event, Commanded))
    return [command.line for command in commands if (command.host, command.verb) == (host, verb)]


def receiving(**options: Any) -> Domain:
    """A domain whose one host has these options."""
    return Domain("globex.test", users=["bob", "dave"], host=Host(**options))


# -- hosts that offer less than a letter needs ----


def test_a_letter_in_eight_bits_reaches_a_host_of_seven() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(without_esmtp()):
            alice.send(to=bob, subject="Grüße", text="für dich\n.\n")
        (message,) = bob.inbox
        assert message.text == "für dich\n.\n"
        assert bytes(message).isascii()
        assert said(world, "MAIL", HERE)[0].endswith(" BODY=8BITMIME")
        assert said(world, "MAIL") == ["MAIL FROM:<alice@acme.test>"]


def test_a_letter_in_eight_bits_is_left_alone_where_it_can_be() -> None:
    with playing() as world:
        alice, bob = cast(world)
        alice.send(to=bob, text="für dich\n")
        (message,) = bob.inbox
        assert "für dich\r\n".encode() in bytes(message)
        assert said(world, "MAIL")[0].endswith(" BODY=8BITMIME")


REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "signed content in eight bits": ({"message": SIGNED}, "5.6.3"),
    "a header in eight bits": ({"message": b"Subject: \xfc\r\n\r\n\xfc\r\n"}, "5.6.7"),
    "a name that needs SMTPUTF8": ({"to": "jürgen@globex.test"}, "5.6.7"),
}


def assert_returned_unsent(world: World, letter: Letter, status: str) -> None:
    """The report gives the reason, and blames no other host for it."""
    letter.trace.assert_bounced(status=status)
    assert said(world, "MAIL") == []
    (report,) = world.user("alice@acme.test").inbox
    (dsn,) = report.as_dsn().recipients
    assert (dsn.status, dsn.remote_mta) == (status, "")


@pytest.mark.parametrize(("asked", "status"), REFUSALS.values(), ids=REFUSALS)
def test_what_a_host_without_extensions_cannot_take_comes_back_unsent(asked: dict[str, Any], status: str) -> None:
    with playing(ACME, Domain("globex.test", users=["bob", "jürgen"])) as world:
        alice, bob = cast(world)
        with world.fault(without_esmtp()):
            letter = alice.send(**{"to": bob} | asked)
        assert_returned_unsent(world, letter, status)


def test_a_letter_over_the_size_of_the_next_host_comes_back_unsent() -> None:
    with playing(ACME, Domain("globex.test", users=["bob"], max_size=64_000)) as world:
        alice, bob = cast(world)
        assert_returned_unsent(world, alice.send(to=bob, text="x" * 64_000), "5.3.4")


def test_an_international_domain_needs_no_smtputf8() -> None:
    """Neither in a path nor in a Received field."""
    host = "mail.xn--bcher-kva.test"
    with playing(ACME, Domain("bücher.test", users=["bob"])) as world:
        alice, bob = world.user("alice@acme.test"), world.user("bob@bücher.test")
        with world.fault(without_esmtp(host)):
            alice.send(to=bob, message=b"Subject: Hello\r\n\r\nHello\r\n")
        assert bob.inbox.subjects == ["Hello"]
        assert bob.inbox[0].header_bytes.isascii()
        assert said(world, "RCPT", host) == ["RCPT TO:<bob@xn--bcher-kva.test>"]


def test_recipients_beyond_the_next_hosts_limit_go_in_another_transaction() -> None:
    with playing(ACME, receiving(limits={"RCPTMAX": 1})) as world:
        alice, bob = cast(world)
        dave = world.user("dave@globex.test")
        alice.send(to=[bob, dave], subject="to each his own")
        world.clock.advance(minutes=20)
        assert bob.inbox.subjects == dave.inbox.subjects == ["to each his own"]
        assert said(world, "RCPT") == ["RCPT TO:<bob@globex.test>", "RCPT TO:<dave@globex.test>"]
        assert len(said(world, "MAIL")) == 2


# -- what a user asks ----


def test_what_is_asked_of_reports_goes_all_the_way() -> None:
    with playing() as world:
        alice, bob = cast(world)
        letter = alice.send(to=bob, notify=["SUCCESS", "delay"], ret="hdrs", envid="QQ 314=159")
        assert letter.refused == {}
        for host in (HERE, THERE):
            assert said(world, "MAIL", host)[0].endswith(" RET=HDRS ENVID=QQ+20314+3D159")
            assert said(world, "RCPT", host)[0].endswith("<bob@globex.test> NOTIFY=SUCCESS,DELAY")
        assert len(bob.inbox) == 1


def test_nothing_is_asked_where_nothing_was_said() -> None:
    with playing() as world:
        alice, bob = cast(world)
        alice.send(to=bob)
        for host in (HERE, THERE):
            (mail,), (rcpt,) = said(world, "MAIL", host), said(world, "RCPT", host)
            assert rcpt.upper() == "RCPT TO:<BOB@GLOBEX.TEST>"
            assert [word.partition("=")[0].upper() for word in mail.split()[2:]] == ["SIZE"]


def test_a_letter_that_requires_tls_gets_it_on_every_hop() -> None:
    with playing() as world:
        alice, bob = cast(world)
        before = len(said(world, "STARTTLS"))
        alice.send(to=bob, subject="in clear")
        alice.send(to=bob, subject="sealed", require_tls=True)
        assert bob.inbox.subjects == ["in clear", "sealed"]
        assert [line.endswith(" REQUIRETLS") for line in said(world, "MAIL")] == [False, True]
        assert len(said(world, "STARTTLS")) == before + 2


def test_a_letter_that_requires_tls_does_not_go_to_a_host_without() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.fault(without_esmtp()):
            letter = alice.send(to=bob, require_tls=True)
        assert_returned_unsent(world, letter, "5.7.10")


def test_a_letter_that_requires_tls_does_not_go_to_a_host_that_would_not_pass_that_on() -> None:
    with playing(ACME, receiving(hide=["REQUIRETLS"])) as world:
        alice, bob = cast(world)
        assert_returned_unsent(world, alice.send(to=bob, require_tls=True), "5.7.30")


def test_octets_that_are_no_lines_arrive_as_they_are() -> None:
    octets = b"Content-Transfer-Encoding: binary\r\n\r\n" + bytes(range(256)) + b"\r\n.\r\n\n\r."
    with playing() as world:
        alice, bob = cast(world)
        alice.send(to=bob, message=octets, binary=True)
        (message,) = bob.inbox
        assert bytes(message).endswith(octets)
        for host in (HERE, THERE):
            assert said(world, "MAIL", host)[0].endswith(" BODY=BINARYMIME")
            assert said(world, "BDAT", host)[0].endswith(" LAST")


@pytest.mark.parametrize("mechanism", ["PLAIN", "login", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER"])
def test_a_user_logs_in_by_the_mechanism_they_name(mechanism: str) -> None:
    with playing(Domain("globex.test", users=["bob", "dave"], require_auth=True)) as world:
        bob = world.user("bob@globex.test")
        bob.send(to="dave@globex.test", login=mechanism)
        (login,) = (event for event in world.journal.events if isinstance(event, LoggedIn))
        assert (login.user, login.mechanism) == ("bob@globex.test", mechanism.upper())
        assert len(world.user("dave@globex.test").inbox) == 1


def test_the_twin_takes_the_same_words() -> None:
    async def play(world: World) -> None:
        alice = world.aio.user("alice@acme.test")
        letter = await alice.send(to="bob@globex.test", login="PLAIN", tls=True)
        assert letter.refused == {}
        with pytest.raises(MisuseError, match="no event for notify"):
            await alice.send(to="bob@globex.test", notify=["SUCESS"])
        await world.aio.settle()

    with playing() as world:
        asyncio.run(play(world))
        assert [event.mechanism for event in world.journal.events if isinstance(event, LoggedIn)] == ["PLAIN"]


MISUSE: dict[str, tuple[dict[str, Any], str]] = {
    "a word that nobody knows": ({"notify": ["SUCESS"]}, r"no event for notify: 'SUCESS'; did you mean 'SUCCESS'\?"),
    "a word for a list": ({"notify": "SUCCESS"}, r"write a list of words, as in notify=\['SUCCESS', 'DELAY'\]"),
    "numbers": ({"notify": [1]}, r"send\(notify=\[1\]\): write a list of words"),
    "NEVER and more": ({"notify": ["NEVER", "SUCCESS"]}, r"NEVER stands alone; to ask for nothing, leave notify out"),
    "nothing to be told of": ({"notify": []}, r"NEVER stands alone"),
    "a part that nobody returns": ({"ret": "BODY"}, r"no value for ret: 'BODY'.*\(known: FULL, HDRS\)"),
    "a truth for ret": ({"ret": True}, r"send\(ret=True\): write ret='FULL' or ret='HDRS'"),
    "a name in another script": ({"envid": "ü"}, r"send\(envid='ü'\): write a name of at most 100 ASCII characters"),
    "a long name": ({"envid": "+" * 34}, r"at most 100 ASCII characters"),
    "a word for a demand": ({"require_tls": "yes"}, r"send\(require_tls='yes'\): write True or False"),
    "a word for a kind": ({"binary": 1}, r"send\(binary=1\): write True or False"),
    "an unknown mechanism": ({"login": "CRAM"}, r"no mechanism for login: 'CRAM'; did you mean 'CRAM-MD5'\?"),
    "a number for a mechanism": ({"login": 1}, r"send\(login=1\): write True, or the name of a mechanism"),
}


@pytest.mark.parametrize(("asked", "cure"), MISUSE.values(), ids=MISUSE)
def test_what_cannot_be_asked_is_an_error_at_the_call(asked: dict[str, Any], cure: str) -> None:
    with playing() as world:
        alice, bob = cast(world)
        with pytest.raises(MisuseError, match=cure):
            alice.send(to=bob, **asked)
        assert world.letters == []

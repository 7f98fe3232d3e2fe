"""A real Postfix in a world, as the next hop and as the previous one: what each of us makes of the other's words."""

import re
import smtplib
import subprocess
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailharness import Domain, Host, Message, World, faults
from mailharness.trace.events import Accepted, Commanded, Replied
from tests import corpus
from tests.interop.port53 import at_port_53
from tests.interop.postfix import Postfix, running_postfix
from tests.interop.trace_header import FIELD

PATIENT = 20.0
"""Real seconds in which Postfix hands on what it has."""
DOMAINS = (
    Domain("acme.test", users=["alice", "carol"]),
    Domain("globex.test", users=["bob", "jürgen"]),
    Domain("far.test", mx=[Host("mx", external=True)]),
)
WAYS = ("by our resolver", "by a relayhost")


def name_space(program: Callable[[str], str], world: World, folder: Path) -> list[object]:
    """A command before commands, which see an /etc/resolv.conf that names our resolver."""
    resolv = folder / "resolv.conf"
    resolv.write_text(f"nameserver {world.resolver.endpoint.host}\n")
    folder.chmod(0o755)
    own = [program("unshare"), "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', resolv]
    if subprocess.run([*own, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let us have an /etc/resolv.conf of our own")
    return own


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World(*DOMAINS) as world:
        yield world
        world.assert_conserved()


@pytest.fixture(scope="module", params=WAYS)
def postfix(
    request: pytest.FixtureRequest, world: World, program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Postfix]:
    """far.test's MX, which finds ours by the name system, or is told one host for all."""
    host, users = world.host("mx.far.test"), ["joe", "ann"]
    if request.param == "by a relayhost":
        relayhost = "[{}]:{}".format(*world["globex.test"].smtp)
        with running_postfix(program, host, users, SETTINGS | {"relayhost": relayhost}) as postfix:
            yield postfix
        return
    inside = name_space(program, world, tmp_path_factory.mktemp("names"))
    with at_port_53([world.resolver.endpoint]), running_postfix(program, host, users, SETTINGS, inside=inside) as postfix:
        yield postfix


SETTINGS = {
    "smtpd_reject_unlisted_recipient": "no",
    "virtual_alias_maps": "inline:{ {forward@far.test = bob@globex.test} }",
    "smtpd_recipient_restrictions": "check_recipient_access inline:{ {refused@far.test = 550 5.7.1 not today}, "
    "{later@far.test = 450 4.2.0 come again} }",
}
"""A Postfix that takes letters for whomever, and finds out afterwards; but for two."""


def send_by_postfix(world: World, *recipients: str, sender: str = "joe@far.test", octets: bytes = b"") -> None:
    """Hand a letter to Postfix as its own users do."""
    with smtplib.SMTP(*world.host("mx.far.test").smtp, local_hostname="desk.far.test", timeout=30) as client:
        options = ["SMTPUTF8"] * (not "".join(recipients).isascii()) + ["BODY=8BITMIME"] * (not octets.isascii())
        letter = octets or b"Subject: from afar\r\n\r\nhello\r\n"
        assert client.sendmail(sender, recipients, letter, options) == {}


def report(message: Message | bytes) -> dict[str, str]:
    """What a delivery report says of its first recipient."""
    parsed = message_from_bytes(bytes(message), policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    assert parsed.get_content_type() == "multipart/report"
    (status,) = (part for part in parsed.walk() if part.get_content_type() == "message/delivery-status")
    return {name: str(value) for name, value in status.get_payload()[1].items()}


def heard(world: World, session: int, verb: str) -> list[str]:
    return [event.line for event in world.journal.of_kind(Commanded) if (event.session, event.verb) == (session, verb)]


def below(octets: bytes) -> bytes:
    """A letter without the trace fields in front of it."""
    octets, at = octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), 0
    trace = re.compile(rb"(?:Return-Path|X-Original-To|Delivered-To|Received):", re.IGNORECASE)
    while trace.match(octets, at):
        field = FIELD.match(octets, at)
        assert field
        at = field.end()
    return octets[at:]


# -- the next hop ----


@pytest.mark.parametrize("name", ["plain", "dots", "eight_bit", "attachments", "folded", "long_lines"])
def test_a_letter_of_ours_rests_in_postfix_s_mailbox_unchanged(world: World, postfix: Postfix, name: str) -> None:
    said, there = len(postfix.log), set(postfix.mailbox("ann"))
    letter = world.user("alice@acme.test").send(to="ann@far.test", message=corpus.read(name))
    assert letter.trace.path == ("alice@acme.test", "mail.acme.test", "mx.far.test")
    assert letter.trace.status == {"ann@far.test": "relayed"}
    assert "250 2.0.0 Ok: queued as" in str(letter.trace)
    postfix.wait_for("to=<ann@far.test>.*status=sent", said)
    (new,) = set(postfix.mailbox("ann")) - there
    assert below(new) == corpus.read(name)


def test_its_bounce_comes_back_to_our_user(world: World, postfix: Postfix, request: pytest.FixtureRequest) -> None:
    said, alice = len(postfix.log), world.user("alice@acme.test")
    alice.send(to="nobody@far.test", subject="anybody there?")
    if "relayhost" in request.node.name:  # to whom all is handed, and who does not relay
        assert "Relaying denied" in postfix.wait_for("to=<alice@acme.test>.*status=bounced", said)
        return
    world.wait_for(to="alice@acme.test", subject=re.compile("Undelivered"), timeout=PATIENT)
    bounce = next(one for one in reversed(alice.inbox) if "Undelivered" in one.subject)
    told = report(bounce)
    assert (told["Action"], told["Status"], told["Final-Recipient"]) == ("failed", "5.1.1", "rfc822; nobody@far.test")
    assert bounce.header("Return-Path") == "<>"
    assert "anybody there?" in bytes(bounce).decode()


def test_what_it_refuses_in_the_session_is_ours_to_report(world: World, postfix: Postfix) -> None:
    alice = world.user("alice@acme.test")
    letter = alice.send(to=["refused@far.test", "ann@far.test"])
    assert letter.trace.status == {"refused@far.test": "bounced", "ann@far.test": "relayed"}
    letter.trace.assert_bounced(status="5.7.1", to="refused@far.test")
    assert report(alice.inbox[-1])["Remote-MTA"] == "dns; mx.far.test"


def test_what_it_defers_waits_in_our_queue(world: World, postfix: Postfix) -> None:
    letter = world.user("alice@acme.test").send(to="later@far.test")
    letter.trace.assert_queued(at="mail.acme.test", reply="450 4.2.0")
    world.clock.advance(days=6)
    letter.trace.assert_bounced()


# -- both at once ----


@pytest.mark.parametrize("name", ["dots", "eight_bit", "attachments", "long_lines"])
def test_between_two_of_ours_it_changes_no_octet(world: World, postfix: Postfix, name: str) -> None:
    """It is a letter of its own for us when it comes back: who it was, its header alone tells."""
    first = world.user("alice@acme.test").send(to="forward@far.test", message=corpus.read(name))
    again = world.wait_for(to="bob@globex.test", sender="alice@acme.test", timeout=PATIENT)
    again.trace.assert_delivered()
    assert again.number != first.number
    message = world.user("bob@globex.test").inbox[-1]
    assert below(bytes(message)) == corpus.read(name)
    hosts = [re.findall(r"\bby (\S+)", value)[0] for value in message.headers("Received")]
    assert hosts == ["mail.globex.test", "mx.far.test", "mail.acme.test"]


# -- the previous hop ----


def test_a_letter_of_postfix_arrives(world: World, postfix: Postfix) -> None:
    said = len(postfix.log)
    send_by_postfix(world, "bob@globex.test", octets=b"Subject: arrives\r\n\r\nhello\r\n")
    letter = world.wait_for(to="bob@globex.test", subject="arrives", timeout=PATIENT)
    letter.trace.assert_delivered(via="mail.globex.test")
    assert re.search(r"relay=\S+, .*dsn=2\.0\.0, status=sent \(250 2\.0\.0", postfix.wait_for("status=sent", said))
    received = world.user("bob@globex.test").inbox[-1].header("Received") or ""
    assert received.startswith(f"from mx.far.test (mx.far.test [{world.host('mx.far.test').address}])")


def test_what_is_deferred_waits_in_its_queue(world: World, postfix: Postfix) -> None:
    said = len(postfix.log)
    with world.fault(faults.reply("mail.globex.test", "RCPT", "451 4.7.1 greylisted", times=1)):
        send_by_postfix(world, "bob@globex.test", octets=b"Subject: patience\r\n\r\nhello\r\n")
        line = postfix.wait_for("status=deferred", said)
    assert "dsn=4.7.1" in line
    assert "said: 451 4.7.1 greylisted" in line
    postfix.flush_until("to=<bob@globex.test>.*status=sent", said)
    letter = world.wait_for(to="bob@globex.test", subject="patience", timeout=PATIENT)
    letter.trace.assert_delivered()


def test_what_we_refuse_it_reports_to_its_user(world: World, postfix: Postfix) -> None:
    said, there = len(postfix.log), set(postfix.mailbox("joe"))
    send_by_postfix(world, "nobody@globex.test")
    assert "dsn=5.1.1" in postfix.wait_for("to=<nobody@globex.test>.*status=bounced", said)
    postfix.wait_for("to=<joe@far.test>.*status=sent", said)
    (new,) = set(postfix.mailbox("joe")) - there
    told = report(new)
    assert (told["Action"], told["Status"]) == ("failed", "5.1.1")
    assert "550 5.1.1 No such user here" in " ".join(told["Diagnostic-Code"].split())


def test_many_recipients_come_in_one_transaction(world: World, postfix: Postfix) -> None:
    users = [f"bob+{n}@globex.test" for n in range(20)]
    send_by_postfix(world, *users, octets=b"Subject: many\r\n\r\nhello\r\n")
    letter = world.wait_for(subject="many", timeout=PATIENT)
    assert sorted(letter.trace.status) == sorted(users)
    assert set(letter.trace.status.values()) == {"delivered"}


def test_postfix_uses_what_we_announce_and_nothing_else(world: World, postfix: Postfix) -> None:
    send_by_postfix(world, "jürgen@globex.test", octets="Subject: größer\r\n\r\n8-bit: ü\r\n".encode())
    letter = world.wait_for(to="jürgen@globex.test", timeout=PATIENT)
    letter.trace.assert_delivered()
    session = next(event.session for event in world.journal.of_letter(letter.number) if isinstance(event, Accepted))
    announced = next(
        event.text for event in world.journal.of_kind(Replied) if event.session == session and "\n" in event.text
    )
    (mail,), (rcpt,) = heard(world, session, "MAIL"), heard(world, session, "RCPT")
    for extension, word in (("SIZE", "SIZE="), ("8BITMIME", "BODY=8BITMIME"), ("SMTPUTF8", "SMTPUTF8")):
        assert (word in mail) == (extension in announced), (mail, announced)
    assert ("ORCPT=" in rcpt) == ("DSN" in announced)
    assert bool(heard(world, session, "STARTTLS")) == ("STARTTLS" in announced)

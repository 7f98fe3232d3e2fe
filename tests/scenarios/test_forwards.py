"""Mail that goes on from where it was sent, with and without another envelope sender."""

import re
import smtplib

import pytest

from mailharness import Account, Domain, Forward, World
from mailharness.mail import Cause
from mailharness.trace.events import Accepted
from tests.scenarios.stage import playing

HOME = Domain("home.test", users=["bob", "carol"])
GLOBEX = Domain("globex.test", users=["dave"])
OLD = "bob@acme.test"
NEW = "bob@home.test"


def acme(forward: object, **more: object) -> Domain:
    return Domain("acme.test", users=["alice", Account("bob", forward=forward, **more)])  # type: ignore[arg-type]


def envelope_senders(world: World, letter: int) -> list[str]:
    events = world.journal.of_letter(letter)
    return [event.envelope.reverse_path for event in events if isinstance(event, Accepted)]


@pytest.mark.parametrize(
    ("forward", "arrives"),
    [
        (NEW, [NEW]),
        ([NEW, "carol@home.test"], [NEW, "carol@home.test"]),
        (Forward(NEW, keep=True), [NEW, OLD]),
        (Forward([NEW, "alice@acme.test"], rewrite="own"), [NEW, "alice@acme.test"]),
    ],
)
def test_mail_goes_on_to_all_that_a_forward_names(forward: object, arrives: list[str]) -> None:
    with playing(acme(forward), HOME, GLOBEX) as world:
        letter = world.user("dave@globex.test").send(to=OLD, subject="moved?")
        letter.trace.assert_delivered()
        assert {str(user) for user in world.users if user.inbox.subjects == ["moved?"]} == set(arrives)
        copies = [event for event in world.journal.of_letter(letter.number) if isinstance(event, Accepted)]
        assert {copy.cause for copy in copies} == {Cause.SUBMISSION, Cause.RELAY, Cause.FORWARD}


def test_a_forward_is_told_of_under_the_old_address() -> None:
    with playing(acme(NEW), HOME, GLOBEX) as world:
        letter = world.user("dave@globex.test").send(to=OLD)
        hosts = ("mail.globex.test", "mail.acme.test", "mail.home.test")
        assert letter.trace.paths[OLD] == ("dave@globex.test", *hosts, NEW)


def test_a_forwarded_letter_bears_who_forwarded_it() -> None:
    with playing(acme(Forward(NEW, keep=True)), HOME, GLOBEX) as world:
        world.user("dave@globex.test").send(to=OLD, subject="moved?")
        (kept,), (sent,) = world.user(OLD).inbox, world.user(NEW).inbox
        assert (kept.headers("Delivered-To"), sent.headers("Delivered-To")) == ([OLD], [NEW, OLD])
        assert len(sent.headers("Received")) == len(kept.headers("Received")) + 1


@pytest.mark.parametrize(
    ("rewrite", "path"),
    [
        (None, r"<dave@globex\.test>"),
        ("own", r"<bob@acme\.test>"),
        ("srs", r"<SRS0=[0-9a-f]{4}=[A-Z2-7]{2}=globex\.test=dave@acme\.test>"),
    ],
)
def test_the_envelope_sender_is_whom_the_forward_says(rewrite: object, path: str) -> None:
    with playing(acme(Forward(NEW, rewrite=rewrite)), HOME, GLOBEX) as world:  # type: ignore[arg-type]
        world.user("dave@globex.test").send(to=OLD)
        (received,) = world.user(NEW).inbox
        assert re.fullmatch(path, received.header("Return-Path") or "")
        assert "dave@globex.test" in (received.header("From") or "")


@pytest.mark.parametrize(
    ("rewrite", "told"),
    [(None, ["dave@globex.test"]), ("own", []), ("srs", ["dave@globex.test"])],
)
def test_where_the_bounce_of_a_forward_goes(rewrite: object, told: list[str]) -> None:
    """ "own" sends it to the forwarder, whose mail is forwarded: to nobody, as the bounce of a bounce."""
    with playing(acme(Forward("gone@home.test", rewrite=rewrite)), HOME, GLOBEX) as world:  # type: ignore[arg-type]
        letter = world.user("dave@globex.test").send(to=OLD)
        letter.trace.assert_bounced(status="5.1.1")
        assert [str(user) for user in world.users if user.inbox] == told


def test_the_bounce_of_a_forward_that_keeps_is_kept() -> None:
    with playing(acme(Forward("gone@home.test", keep=True, rewrite="own")), HOME, GLOBEX) as world:
        world.user("dave@globex.test").send(to=OLD, subject="hi")
        assert world.user(OLD).inbox.subjects == ["hi", "Undelivered Mail Returned to Sender"]


def test_a_rewritten_address_leads_back_for_three_weeks_and_to_nobody_else() -> None:
    with playing(acme(Forward(NEW, rewrite="srs")), HOME, GLOBEX) as world:
        dave, bob = world.user("dave@globex.test"), world.user(NEW)
        dave.send(to=OLD)
        back = (bob.inbox[0].header("Return-Path") or "").strip("<>")
        assert bob.send(to=back.lower(), subject="in lower case").trace.delivered
        world.clock.advance(days=20)
        assert bob.send(to=back, subject="in time").trace.delivered
        assert dave.inbox.subjects == ["in lower case", "in time"]
        forged = re.sub(r"=dave", "=mallory", back)
        longer = back.replace("SRS0=", "SRS0=0")
        for wrong in (forged, longer, "SRS0=0000=AA=globex.test=dave@acme.test", "SRS0=@acme.test"):
            bob.send(to=wrong).trace.assert_bounced(status="5.1.1")
        world.clock.advance(days=2)
        bob.send(to=back).trace.assert_bounced(status="5.1.1")


@pytest.mark.parametrize("seed", [1, 2])
def test_the_seed_of_the_world_makes_a_rewritten_address(seed: int) -> None:
    def once() -> str:
        with playing(acme(Forward(NEW, rewrite="srs")), HOME, GLOBEX, seed=seed, start=1_800_000_000) as world:
            world.user("dave@globex.test").send(to=OLD)
            return world.user(NEW).inbox[0].header("Return-Path") or ""

    first = once()
    assert first == once()
    with playing(acme(Forward(NEW, rewrite="srs")), HOME, GLOBEX, seed=seed + 7, start=1_800_000_000) as world:
        world.user("dave@globex.test").send(to=OLD)
        assert world.user(NEW).inbox[0].header("Return-Path") != first


@pytest.mark.parametrize("sender", [f"{'d' * 50}@globex.test", '"dave d"@globex.test'])
def test_a_sender_that_cannot_be_wrapped_becomes_the_forwarder(sender: str) -> None:
    there = Domain("globex.test", users=[sender.rpartition("@")[0]])
    with playing(acme(Forward(NEW, rewrite="srs")), HOME, there) as world:
        world.user(sender).send(to=OLD)
        assert world.user(NEW).inbox[0].header("Return-Path") == f"<{OLD}>"


def test_a_forwarder_beyond_ascii_needs_smtputf8_though_nobody_else_does() -> None:
    old = Domain("acme.test", users=[Account("jörg", forward=Forward(NEW, rewrite="own"))], catch_all="jörg")
    with playing(old, HOME, GLOBEX) as world:
        letter = world.user("dave@globex.test").send(to="anyone@acme.test", subject="plain")
        letter.trace.assert_delivered()
        assert world.user(NEW).inbox[0].headers("Delivered-To")[1:] == ["jörg@acme.test"]
        relayed = [event for event in world.journal.of_letter(letter.number) if isinstance(event, Accepted)][-1]
        assert (relayed.host, relayed.envelope.smtputf8) == ("mail.home.test", True)


def test_a_sender_of_the_domain_itself_stays() -> None:
    with playing(acme(Forward(NEW, rewrite="srs")), HOME) as world:
        world.user("alice@acme.test").send(to=OLD)
        assert world.user(NEW).inbox[0].header("Return-Path") == "<alice@acme.test>"


CIRCLES = {
    "of two domains": [
        Domain("acme.test", users=[Account("bob", forward=NEW)]),
        Domain("home.test", users=[Account("bob", forward=OLD)]),
    ],
    "of one": [Domain("acme.test", users=[Account("bob", forward="bea@acme.test"), Account("bea", forward=OLD)])],
    "of one, that is himself": [Domain("acme.test", users=[Account("bob", forward=OLD)])],
    "by an alias": [Domain("acme.test", users=[Account("bob", forward="all@acme.test")], aliases={"all": ["bob"]})],
    "of two who stand in the envelope": [
        Domain("acme.test", users=[Account("bob", forward="bea@acme.test"), Account("bea", forward=OLD)])
    ],
}


@pytest.mark.parametrize("name", CIRCLES)
def test_a_circle_of_forwards_ends_in_a_bounce(name: str) -> None:
    with playing(*CIRCLES[name], GLOBEX) as world:
        both = ["bea@acme.test"] if "envelope" in name else []
        letter = world.user("dave@globex.test").send(to=[OLD, *both], subject="whee")
        assert {bounce.status for bounce in letter.trace.bounces} == {"5.4.6"}
        assert set(world.user("dave@globex.test").inbox.subjects) == {"Undelivered Mail Returned to Sender"}
        assert not any(user.inbox for user in world.users if str(user) != "dave@globex.test")


def test_a_stranger_may_write_what_they_like_into_the_field_that_guards() -> None:
    octets = b"Delivered-To: \xff\r\nDelivered-To: Bob <bob@acme.test>\r\nDelivered-To:\r\nSubject: odd\r\n\r\nhi\r\n"
    with playing(acme(NEW), HOME, GLOBEX) as world:
        world.user("dave@globex.test").send(to=OLD, message=octets).trace.assert_delivered()
        many = b"".join(b"Delivered-To: x%d@x.test\r\n" % n for n in range(50)) + b"Subject: many\r\n\r\nhi\r\n"
        world.user("dave@globex.test").send(to=OLD, message=many).trace.assert_bounced(status="5.4.6")


@pytest.mark.parametrize(
    ("forward", "told"),
    [
        (NEW, ["delivered"]),
        (Forward(NEW, keep=True), ["expanded"]),
        ([NEW, "carol@home.test"], ["expanded"]),
        (Forward([NEW, "carol@home.test"], keep=True), ["expanded"]),
    ],
)
def test_who_asks_for_a_report_of_success_has_one(forward: object, told: list[str]) -> None:
    with playing(acme(forward), HOME, GLOBEX) as world:
        with smtplib.SMTP(*world["globex.test"].submission) as smtp:
            smtp.ehlo("client.test")
            smtp.sendmail("dave@globex.test", [OLD], b"Subject: x\r\n\r\n", rcpt_options=["NOTIFY=SUCCESS"])
        reports = [message.as_dsn() for message in world.user("dave@globex.test").inbox]
        assert [report.recipients[0].action for report in reports if report is not None] == told

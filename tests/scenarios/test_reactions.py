"""Letters that were taken and bounce later, complaints, and answers of those who are away: each on the world's clock."""

import json
import smtplib
from pathlib import Path
from typing import Any

import pytest

from mailharness import Account, Address, Domain, Forward, MisuseError, User, World, faults
from mailharness.mail import Cause, Reply
from mailharness.mailbox import Reactions
from mailharness.trace.events import Accepted
from mailharness.world.blueprint.toml import read_toml
from tests.scenarios.stage import ACME, GLOBEX_TWO_MX, as_email, cast, playing


def reacting(world: World, user: User, **reactions: Any) -> User:
    """``user`` from now on does so with each letter."""
    address = Address.parse(user.address)
    account = world[address.domain].store.find(address)
    assert account is not None
    account.reactions = Reactions(**reactions)
    return user


def submit(world: World, octets: bytes, *, sender: str = "alice@acme.test", to: str = "bob@globex.test") -> None:
    with smtplib.SMTP(*world["acme.test"].submission) as smtp:
        smtp.sendmail(sender, [to], octets)
    world.settle()


# -- bounces of what was accepted ----


def test_a_letter_is_taken_and_bounces_at_once() -> None:
    with playing() as world:
        alice, bob = cast(world)
        reacting(world, bob, bounce="550 5.2.1 bob has left")
        letter = alice.send(to=bob, subject="Where are you?")
        assert letter.refused == {}
        letter.trace.assert_bounced(status="5.2.1")
        (bounce,) = letter.trace.bounces
        assert str(bounce.reply) == "550 5.2.1 bob has left"
        (report,) = alice.inbox
        told = report.as_dsn()
        assert told is not None
        assert (told.reporting_mta, told.recipients[0].final) == ("mail.globex.test", "bob@globex.test")
        assert told.arrival is not None
        assert told.original is not None
        assert told.original.subject == "Where are you?"
        assert bob.inbox.subjects == []


def test_a_letter_is_taken_and_bounces_an_hour_later() -> None:
    with playing() as world:
        alice, bob = cast(world)
        reacting(world, bob, bounce="554 5.7.1 Our scanner took its time", bounce_after=3600)
        letter = alice.send(to=[bob, "dave@globex.test"])
        assert letter.trace.status == {"bob@globex.test": "queued", "dave@globex.test": "delivered"}
        world.assert_conserved()
        world.clock.advance(minutes=59)
        assert letter.trace.bounces == ()
        world.clock.advance(minutes=1)
        assert [bounce.status for bounce in letter.trace.bounces] == ["5.7.1"]
        assert alice.inbox.subjects == ["Undelivered Mail Returned to Sender"]


def test_what_bounces_later_waits_for_its_host_to_be_on_again() -> None:
    with playing() as world:
        alice, bob = cast(world)
        reacting(world, bob, bounce="550 5.1.1 gone", bounce_after=3600)
        letter = alice.send(to=bob)
        world.settle()
        world.switch_off("mail.globex.test")
        world.clock.advance(hours=2)
        assert letter.trace.status == {"bob@globex.test": "queued"}
        world.switch_on("mail.globex.test")
        letter.trace.assert_bounced(status="5.1.1")


def test_a_report_that_would_bounce_later_is_only_given_up() -> None:
    with playing() as world:
        alice, _ = cast(world)
        reacting(world, alice, bounce="550 5.1.1 gone", bounce_after=60)
        letter = alice.send(to="nobody@globex.test")
        world.clock.advance(hours=1)
        (bounce,) = letter.trace.bounces
        (of_report,) = world.letters[1].trace.bounces
        assert (of_report.report, world.letters[1].number) == (0, bounce.report)


# -- complaints ----


@pytest.mark.parametrize(
    ("to", "whom"),
    [("sender", "alice@acme.test"), ("postmaster", "postmaster@acme.test"), ("carol@acme.test", "carol@acme.test")],
)
def test_a_complaint_goes_to_whom_it_concerns(to: str, whom: str) -> None:
    with playing() as world:
        alice, bob = cast(world)
        reacting(world, bob, complains="abuse", complains_to=to)
        letter = alice.send(to=bob, subject="Buy!", text="cheap")
        letter.trace.assert_delivered()
        assert bob.inbox.subjects == ["Buy!"]
        (report,) = letter.trace.reports
        assert (report.action, report.recipient) == ("complaint", "bob@globex.test")
        _, about = world.letters
        assert (about.number, about.envelope.sender) == (report.report, None)
        assert [str(recipient) for recipient in about.envelope.recipients] == [whom]
        complaint = about.message.as_complaint()
        assert complaint is not None
        assert (complaint.feedback_type, complaint.mail_from) == ("abuse", "alice@acme.test")
        assert complaint.recipients == ("bob@globex.test",)
        assert complaint.source_ip == world.host("mail.acme.test").address
        assert complaint.original is not None
        assert complaint.original.text == "cheap\n"
        assert letter.trace.bounces == ()


def test_nobody_complains_to_nobody() -> None:
    with playing() as world:
        alice, _ = cast(world)
        reacting(world, alice, complains="abuse", auto_reply="away")
        letter = alice.send(to="nobody@globex.test")
        letter.trace.assert_bounced()
        assert world.letters[1].trace.reports == ()


# -- answers ----


def test_who_is_away_says_so_once_a_week() -> None:
    with playing() as world:
        alice, bob = cast(world)
        reacting(world, bob, auto_reply="I am away.")
        letter = alice.send(to=bob, subject="Lunch?")
        letter.trace.assert_delivered()
        (answer,) = alice.inbox
        assert (answer.subject, answer.text) == ("Auto: Lunch?", "I am away.\n")
        assert as_email(answer)["In-Reply-To"] == letter.message.message_id
        assert [report.action for report in letter.trace.reports] == ["auto-reply"]
        assert alice.send(to=bob, subject="Lunch!").trace.reports == ()
        world.user("carol@acme.test").send(to=bob)
        world.clock.advance(days=7, seconds=-1)
        alice.send(to=bob, subject="still?")
        assert len(alice.inbox) == 1
        world.clock.advance(seconds=1)
        alice.send(to=bob, subject="back?")
        assert alice.inbox.subjects == ["Auto: Lunch?", "Auto: back?"]
        assert world.user("carol@acme.test").inbox.subjects[0].startswith("Auto:")


def test_two_hosts_of_a_domain_answer_once() -> None:
    with playing(ACME, GLOBEX_TWO_MX) as world:
        alice, bob = cast(world)
        reacting(world, bob, auto_reply="away")
        alice.send(to=bob)
        world.settle()
        world.switch_off("mx1.globex.test")
        letter = alice.send(to="bob+again@globex.test")
        letter.trace.assert_delivered(via="mx2.globex.test")
        assert len(alice.inbox) == 1


def test_an_answer_is_a_letter_of_its_own_made_of_the_copy_that_arrived() -> None:
    with playing() as world:
        alice, bob = cast(world)
        reacting(world, bob, auto_reply="away")
        letter = alice.send(to=bob)
        world.settle()
        first = next(e for e in world.journal.of_kind(Accepted) if e.cause is Cause.AUTO_REPLY)
        (report,) = letter.trace.reports
        assert first.letter == report.report != letter.number
        assert first.parent in {event.copy for event in world.journal.of_letter(letter.number)}
        assert f"told in letter {report.report}" in str(letter.trace)


def test_two_who_are_away_do_not_write_to_each_other_for_ever() -> None:
    with playing() as world:
        alice, bob = cast(world)
        reacting(world, alice, auto_reply="away", auto_reply_every=0)
        reacting(world, bob, auto_reply="away too", auto_reply_every=0)
        alice.send(to=bob, subject="ping")
        assert (alice.inbox.subjects, bob.inbox.subjects) == (["Auto: ping"], ["ping"])
        assert len(world.letters) == 2


@pytest.mark.parametrize("field", [b"Precedence: bulk", b"List-Id: <l.acme.test>", b"Auto-Submitted: auto-generated"])
def test_a_list_is_not_answered(field: bytes) -> None:
    with playing() as world:
        reacting(world, world.user("bob@globex.test"), auto_reply="away")
        submit(world, b"To: bob@globex.test\r\n" + field + b"\r\n\r\nnews\r\n")
        assert world.user("bob@globex.test").inbox.subjects == [""]
        assert len(world.letters) == 1


def test_the_answer_waits_like_any_letter() -> None:
    with playing() as world:
        alice, bob = cast(world)
        reacting(world, bob, auto_reply="away")
        with world.fault(faults.reply("mail.acme.test", "MAIL", "451 4.7.1 not now", times=1)):
            with smtplib.SMTP(*world["globex.test"].smtp) as smtp:
                smtp.sendmail("alice@acme.test", ["bob@globex.test"], b"To: bob@globex.test\r\nSubject: x\r\n\r\n")
            world.settle()
            assert alice.inbox.subjects == []
        world.clock.advance(minutes=15)
        assert alice.inbox.subjects == ["Auto: x"]


# -- as domains declare them ----


def declared(**keywords: Any) -> Domain:
    return Domain("globex.test", users=[Account("bob", **keywords), "dave"])


KEYWORDS: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "bounce": ({"bounce": "550 5.2.1 bob has left"}, "bounced", ["Undelivered Mail Returned to Sender"]),
    "a Reply": ({"bounce": Reply(452, "full", "4.2.2")}, "bounced", ["Undelivered Mail Returned to Sender"]),
    "bounce_after": ({"bounce": "550 gone", "bounce_after": 60}, "queued", []),
    "complains": ({"complains": "fraud"}, "delivered", ["FW: Lunch?"]),
    "complains_to": ({"complains": "abuse", "complains_to": "postmaster"}, "delivered", []),
    "auto_reply": ({"auto_reply": "away"}, "delivered", ["Auto: Lunch?"]),
    "auto_reply_every": ({"auto_reply": "away", "auto_reply_every": 5}, "delivered", ["Auto: Lunch?"]),
    "both": ({"auto_reply": "away", "complains": "abuse"}, "delivered", ["FW: Lunch?", "Auto: Lunch?"]),
}


def in_toml(keywords: dict[str, Any]) -> str:
    texts = {name: str(value) if isinstance(value, Reply) else value for name, value in keywords.items()}
    pairs = ", ".join(f"{name} = {json.dumps(value)}" for name, value in texts.items())
    return f"""
[[domain]]
name = "globex.test"
users = [{{ name = "bob", {pairs} }}, "dave"]
"""


@pytest.mark.parametrize("name", KEYWORDS)
def test_an_account_is_declared_to_react(tmp_path: Path, name: str) -> None:
    keywords, status, heard = KEYWORDS[name]
    (tmp_path / "scenario.toml").write_text(in_toml(keywords))
    for globex in (declared(**keywords), *read_toml(tmp_path / "scenario.toml")):
        with playing(ACME, globex) as world:
            alice, bob = cast(world)
            letter = alice.send(to=bob, subject="Lunch?")
            assert letter.trace.status == {"bob@globex.test": status}
            assert alice.inbox.subjects == heard


@pytest.mark.parametrize(
    ("wrong", "cure"),
    [
        ({"bounce": 550}, r"user 'bob': bounce=550: write an SMTP reply"),
        ({"bounce": "250 Ok"}, r"user 'bob': .* a letter bounces with 5xx"),
        ({"bounce_after": 60}, r"user 'bob': .* say what bounces too"),
        ({"bounce": "550 no", "auto_reply": "away"}, r"user 'bob': .* nor answer it"),
        ({"complains": "abus"}, r"user 'bob': no feedback type 'abus'; did you mean 'abuse'"),
        ({"complains_to": "abuse"}, r"user 'bob': .* say of what too"),
        ({"auto_reply_every": -5, "auto_reply": "x"}, r"user 'bob': auto_reply_every=-5: write 0 or more"),
        ({"auto_reply": "away", "forward": "dave@globex.test"}, r"user 'bob': all mail goes on .*keep=True"),
        ({"bounce": "550 no", "forward": ["dave@globex.test"]}, r"user 'bob': all mail goes on"),
    ],
)
def test_what_no_account_can_do_is_misuse(wrong: dict[str, Any], cure: str) -> None:
    with pytest.raises(MisuseError, match=cure):
        Account("bob", **wrong)


def test_who_keeps_a_copy_of_what_goes_on_may_answer() -> None:
    away = declared(auto_reply="I read elsewhere.", forward=Forward("dave@globex.test", keep=True))
    with playing(ACME, away) as world:
        alice, bob = cast(world)
        alice.send(to=bob, subject="Lunch?")
        assert (alice.inbox.subjects, world.user("dave@globex.test").inbox.subjects) == (["Auto: Lunch?"], ["Lunch?"])


# -- what bounces later waits in the queue ----

LATER = {"bounce": "554 5.7.1 Our scanner took its time", "bounce_after": 86_400}


def test_what_bounces_later_is_in_the_queue_and_nobody_is_told_of_a_delay() -> None:
    with playing(ACME, declared(**LATER)) as world:
        alice, bob = cast(world)
        letter = alice.send(to=[bob, "dave@globex.test"])
        (entry,) = world["globex.test"].queue
        assert (entry.attempts, entry.due - entry.queued_at, entry.reply) == (0, 86_400, None)
        assert [str(who) for who in entry.recipients] == ["bob@globex.test"]
        world.clock.advance(hours=23)
        assert alice.inbox.subjects == []
        world.clock.advance(hours=1)
        letter.trace.assert_bounced(status="5.7.1")
        assert len(world["globex.test"].queue) == 0


def test_what_bounces_later_is_run_by_hand_like_any_letter() -> None:
    with playing(ACME, declared(**LATER)) as world:
        alice, bob = cast(world)
        letters = [alice.send(to=bob, subject=subject) for subject in ("now", "held", "never")]
        queue = world["globex.test"].queue
        queue.attempt(letters[0])
        letters[0].trace.assert_bounced(status="5.7.1")
        queue.hold(letters[1])
        queue.delete(letters[2])
        world.clock.advance(days=2)
        assert [letter.trace.status[bob.address] for letter in letters] == ["bounced", "queued", "discarded"]
        queue.release()
        letters[1].trace.assert_bounced(status="5.7.1")


def test_what_bounces_later_outlives_its_world(tmp_path: Path) -> None:
    with playing(ACME, declared(**LATER), spool=tmp_path / "queue.db", start=0) as world:
        alice, bob = cast(world)
        alice.send(to=bob)
        world.settle()
    with playing(ACME, declared(**LATER), spool=tmp_path / "queue.db", start=86_399) as world:
        assert world.letter(1).trace.status == {"bob@globex.test": "queued"}
        world.clock.advance(seconds=1)
        world.letter(1).trace.assert_bounced(status="5.7.1")
        assert world.user("alice@acme.test").inbox.subjects == ["Undelivered Mail Returned to Sender"]


@pytest.mark.parametrize("after", [0, 60])
def test_lmtp_takes_what_bounces(after: float) -> None:
    with playing(ACME, declared(bounce="550 5.2.1 gone", bounce_after=after)) as world:
        with smtplib.LMTP(*world["globex.test"].lmtp) as lmtp:
            assert lmtp.sendmail("alice@acme.test", ["bob@globex.test"], b"Subject: x\r\n\r\n") == {}
        world.clock.advance(minutes=1)
        world.letters[0].trace.assert_bounced(status="5.2.1")

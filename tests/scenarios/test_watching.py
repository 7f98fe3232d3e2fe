"""Watching for the letters of an application: blocks that must bring one, and waiting for those that come on their own."""

import contextlib
import re
import smtplib
import socket
import threading
from email.message import EmailMessage

import pytest

from mailharness import ExpectationError, MisuseError, UnsettledError
from tests.scenarios.stage import cast, playing


def submit(world, subject: str, *, to: str = "bob@globex.test", sender: str = "app@acme.test") -> None:
    """What an application does."""
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = sender, to, subject
    letter.set_content("from a program")
    with smtplib.SMTP(*world["acme.test"].submission) as smtp:
        smtp.send_message(letter)


def submit_all(world, *subjects: str) -> None:
    for subject in subjects:
        submit(world, subject)


@pytest.mark.parametrize(
    "description",
    [
        {"to": "bob@globex.test"},
        {"to": "BOB@globex.test", "subject": "Welcome"},
        {"subject": re.compile("^Wel")},
        {"sender": "app@acme.test"},
    ],
    ids=str,
)
def test_a_block_that_brings_one_letter_that_fits(description: dict) -> None:
    with playing() as world:
        submit(world, "Welcome")
        with world.expect(**description) as letter:
            with pytest.raises(MisuseError, match=r"when the `with world\.expect"):
                _ = letter.number
            submit(world, "Welcome")
            submit(world, "Another", to="carol@acme.test", sender="cron@acme.test")
        letter.trace.assert_delivered()
        assert letter.subject == "Welcome"
        assert letter.envelope.recipients[0].folded == "bob@globex.test"


def test_letters_are_awaited_by_their_reader_and_their_writer() -> None:
    with playing() as world:
        alice, bob = cast(world)
        with world.expect(to=bob, sender=alice) as letter:
            alice.send(to=bob)
            submit(world, "from another")
        assert letter.number == 1
        assert world.wait_for(to=bob, sender=alice).number == 1
        with pytest.raises(ExpectationError, match=r"to='alice@acme\.test'"):
            world.wait_for(to=alice, timeout=0.01)


def test_a_block_that_brings_none_or_two_tells_what_came() -> None:
    with playing() as world:
        with pytest.raises(ExpectationError, match="0 of 1 new letters fit") as missing, world.expect(subject="Welcome"):
            submit(world, "Wellcome")
        assert "subject 'Wellcome'" in str(missing.value)
        assert "mail.globex.test" in str(missing.value)
        with pytest.raises(ExpectationError, match="2 of 2 new letters fit"), world.expect(to="bob@globex.test"):
            submit_all(world, "once", "twice")


def test_a_block_that_was_refused_says_who_refused() -> None:
    told = pytest.raises(ExpectationError, match=r"refused at mail\.acme\.test: x@acme\.test: 550 5\.1\.1")
    with playing() as world, told, world.expect(subject="Welcome"), pytest.raises(smtplib.SMTPRecipientsRefused):
        submit(world, "Welcome", to="x@acme.test")


def test_a_bounce_is_not_the_letter_that_was_expected() -> None:
    with playing() as world:
        with world.expect(to="bop@globex.test"):
            submit(world, "to nobody", to="bop@globex.test", sender="alice@acme.test")
        assert world.user("alice@acme.test").inbox.subjects == ["Undelivered Mail Returned to Sender"]


def test_an_error_of_the_block_comes_out_as_it_is() -> None:
    with playing() as world, pytest.raises(ZeroDivisionError), world.expect(subject="never"):
        _ = 1 // 0


@pytest.mark.parametrize("verb", ["expect", "wait_for"])
@pytest.mark.parametrize(("description", "says"), [({}, "say which letter"), ({"to": "bob"}, "is not an address")])
def test_a_description_that_fits_nothing_is_refused(verb: str, description: dict, says: str) -> None:
    with playing() as world, contextlib.ExitStack() as stack, pytest.raises(MisuseError, match=says):
        world.wait_for(**description) if verb == "wait_for" else stack.enter_context(world.expect(**description))


def test_waiting_for_an_application_that_sends_in_its_own_time() -> None:
    with playing() as world:
        application = threading.Thread(target=submit, args=(world, "in my own time"))
        application.start()
        letter = world.wait_for(to="bob@globex.test", subject="in my own time")
        application.join()
        letter.trace.assert_delivered()
        assert world.user("bob@globex.test").inbox.subjects == ["in my own time"]


def test_each_letter_is_waited_for_once_the_oldest_first() -> None:
    with playing() as world:
        submit_all(world, "first", "second")
        assert [world.wait_for(to="bob@globex.test").subject for _ in range(2)] == ["first", "second"]
        with pytest.raises(ExpectationError, match=r"no letter \(to='bob@globex\.test'\) came within 0\.01 s") as missing:
            world.wait_for(to="bob@globex.test", timeout=0.01)
        assert "subject 'second'" in str(missing.value)


def test_letters_are_listed_oldest_first_with_the_reports_of_servers() -> None:
    with playing() as world:
        alice, bob = cast(world)
        alice.send(to=bob, subject="one")
        alice.send(to="bop@globex.test", subject="two")
        assert [letter.subject for letter in world.letters] == ["one", "two", "Undelivered Mail Returned to Sender"]


def half_a_transaction(world) -> socket.socket:
    """A foreign client that goes quiet inside a transaction, and stays."""
    client = socket.create_connection(world["acme.test"].smtp)
    with client.makefile("rwb") as lines:
        for command in (b"", b"HELO there\r\n", b"MAIL FROM:<alice@acme.test>\r\n"):
            lines.write(command)
            lines.flush()
            lines.readline()
    return client


def test_a_foreign_client_that_stalls_in_a_transaction_is_named() -> None:
    with playing(timeout=0.2) as world:
        client = half_a_transaction(world)
        here = "{}:{}".format(*client.getsockname())
        with pytest.raises(UnsettledError, match=rf"did not settle in 0\.2 s.*transaction of {here} at mail\.acme\.test"):
            world.settle()
        with pytest.raises(UnsettledError):
            _ = world.user("alice@acme.test").inbox
        client.close()
        world.settle()


def test_a_foreign_client_that_idles_between_transactions_holds_nobody() -> None:
    with playing() as world, smtplib.SMTP(*world["acme.test"].smtp) as smtp:
        smtp.ehlo()
        world.settle()
        alice, bob = cast(world)
        alice.send(to=bob).trace.assert_delivered()

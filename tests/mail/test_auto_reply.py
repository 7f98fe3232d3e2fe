"""Automatic replies: what one says, and all to whom none is ever sent (RFC 3834)."""

import pytest

from mailharness import Address, Message
from mailharness.mail.auto_reply import may_be_answered, write_auto_reply

ANN, BOB = Address.parse("ann@a.test"), Address.parse("bob@b.test")


def letter(*more: str, to: str = "To: bob@b.test") -> Message:
    fields = ["From: ann@a.test", to, "Subject: Lunch?", "Message-ID: <1@a.test>", *more]
    return Message("\r\n".join([*fields, "", "At noon?", ""]).encode())


def test_what_an_answer_says() -> None:
    text = "I am away.\nBack on Monday – perhaps."
    answer = write_auto_reply(text, sender=BOB, to=ANN, original=letter(), host="mail.b.test", now=0, number=5)
    assert {name: answer.header(name) for name, _ in answer.fields} == {
        "From": "<bob@b.test>",
        "To": "<ann@a.test>",
        "Subject": "Auto: Lunch?",
        "Date": "Thu, 01 Jan 1970 00:00:00 +0000",
        "Message-ID": "<auto.5.0@mail.b.test>",
        "In-Reply-To": "<1@a.test>",
        "References": "<1@a.test>",
        "Auto-Submitted": "auto-replied",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
    }
    assert answer.text == text + "\n"


def test_an_answer_goes_on_with_the_thread() -> None:
    original = letter("References: <0@a.test>\r\n <00@a.test>")
    answer = write_auto_reply("away", sender=BOB, to=ANN, original=original, host="h.test", now=0, number=1)
    assert answer.header("References") == "<0@a.test> <00@a.test> <1@a.test>"
    assert answer.header("Content-Transfer-Encoding") == "7bit"


def test_a_hostile_header_writes_no_fields_and_no_long_lines() -> None:
    subject = "Subject: =?utf-8?q?x=0D=0ABcc:_eve@e.test=00=C3=BC?= " + "y" * 3000
    original = letter(subject, "References: " + "<r@a.test> " * 500 + "r" * 3000 + " <ü@a.test>")
    original = Message(bytes(original).replace(b"Subject: Lunch?\r\n", b""))
    answer = write_auto_reply("z" * 3000, sender=BOB, to=ANN, original=original, host="h.test", now=0, number=1)
    assert answer.subject.startswith("Auto: x Bcc: eve@e.test ü yyy")
    assert answer.header("Bcc") is None
    assert answer.header("References") == "<r@a.test> " * 20 + "<1@a.test>"
    assert max(map(len, bytes(answer).split(b"\r\n"))) <= 998  # RFC 5322 §2.1.1
    assert b"\x00" not in bytes(answer)


def test_a_letter_without_a_usable_message_id_is_answered_without_a_thread() -> None:
    original = Message(b"To: bob@b.test\r\nMessage-ID: <a b>\r\nSubject: =?utf-8?q?=C3=BC?=\r\n\r\n")
    answer = write_auto_reply("away", sender=BOB, to=ANN, original=original, host="h.test", now=0, number=1)
    assert (answer.header("In-Reply-To"), answer.header("References")) == (None, None)
    assert (answer.subject, answer.header_bytes.isascii()) == ("Auto: ü", True)


@pytest.mark.parametrize(
    "to",
    [
        "To: bob@b.test",
        "To: Bob <BOB@B.test>",
        "Cc: ann@a.test, <bob@b.test>",
        "Resent-To: bob@b.test",
        "To: us: ann@a.test,bob@b.test;",
        'To: "B, ob" <"bob"@b.test>',
    ],
)
def test_who_wrote_to_bob_is_answered(to: str) -> None:
    assert may_be_answered(letter(to=to), ANN, BOB)


@pytest.mark.parametrize("field", ["Auto-Submitted: no", "Precedence: first-class", "X-List-Id: none"])
def test_fields_that_do_not_matter(field: str) -> None:
    assert may_be_answered(letter(field), ANN, BOB)


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: auto-replied",
        "auto-submitted: AUTO-GENERATED (vacation)",
        "Precedence: bulk",
        "Precedence: LIST",
        "Precedence: junk",
        "List-Id: <l.a.test>",
        "List-Unsubscribe: <mailto:x@a.test>",
    ],
)
def test_programs_and_lists_are_not_answered(field: str) -> None:
    assert not may_be_answered(letter(field), ANN, BOB)


@pytest.mark.parametrize(
    "sender",
    [
        None,
        "owner-list@a.test",
        "list-request@a.test",
        "list-bounces@a.test",
        "MAILER-DAEMON@a.test",
        "noreply@a.test",
        "no-reply@a.test",
        "Bob@b.test",
    ],
)
def test_nobody_programs_and_bob_himself_are_not_answered(sender: str | None) -> None:
    assert not may_be_answered(letter(), Address.parse(sender) if sender else None, BOB)


@pytest.mark.parametrize(
    "to", ["To: undisclosed-recipients:;", "To: bobby@b.test", "To: b bob@b.test.org", "X-To: bob@b.test"]
)
def test_a_letter_that_does_not_name_bob_is_not_answered(to: str) -> None:
    assert not may_be_answered(letter(to=to), ANN, BOB)


@pytest.mark.parametrize("value", ["x" * 1_000_000, '"' * 1_000_000, "@" * 1_000_000, "x@" * 500_000, '"\\' * 500_000])
def test_a_hostile_address_list_takes_no_time(value: str) -> None:
    """Each of these took minutes with a pattern that could begin anywhere."""
    assert not may_be_answered(letter(to=f"To: {value}"), ANN, BOB)

"""Enhanced status codes: each cause has its words, each reply code its cause, and expiry keeps the last one (RFC 3463)."""

import pytest

from mailharness.mail import Reply
from mailharness.mail.status import CAUSES, CODES, STATUS, cause_of, final_status, named_status, status_of


@pytest.mark.parametrize(
    "status",
    "5.1.1 5.1.2 5.1.10 4.4.1 4.4.3 4.7.1 5.7.1 5.2.2 5.3.4 5.4.6 5.4.7".split(),
)
def test_the_causes_that_a_mail_system_here_gives_have_words(status: str) -> None:
    assert cause_of(status)


def test_causes_are_told_apart() -> None:
    assert len(set(CAUSES.values())) == len(CAUSES)
    assert cause_of("4.2.2") == cause_of("5.2.2") == "the mailbox is full"
    for nothing in ("2.1.5", "5.99.1", "", "5.1", "5.1.1.1", "x"):
        assert cause_of(nothing) == ""


@pytest.mark.parametrize(("code", "status"), CODES.items())
def test_a_reply_code_stands_for_a_status_of_its_own_class(code: int, status: str) -> None:
    assert STATUS.fullmatch(status)
    assert status[0] == str(code)[0]
    assert cause_of(status)
    assert status_of(Reply(code)) == status
    assert status_of(Reply(code, "", f"{code // 100}.7.1")) == f"{code // 100}.7.1"


@pytest.mark.parametrize(
    ("status", "reply", "final"),
    [
        ("4.4.3", Reply(451, "SERVFAIL", "4.4.3"), "4.4.3"),
        ("4.4.1", None, "4.4.1"),
        ("4.7.1", Reply(450, "greylisted", "4.7.1"), "4.7.1"),
        ("4.0.0", Reply(450, "not now"), "5.4.7"),
        ("4.0.0", None, "5.4.7"),
        ("5.0.0", Reply(556, "takes no mail"), "5.1.10"),
        ("5.0.0", Reply(550, "no"), "5.0.0"),
        ("5.1.1", Reply(550, "no", "5.1.1"), "5.1.1"),
    ],
)
def test_a_recipient_is_given_up_with_the_last_cause(status: str, reply: Reply | None, final: str) -> None:
    assert final_status(status, reply) == final


@pytest.mark.parametrize(
    ("status", "reply", "named"),
    [
        ("4.0.0", Reply(452), "4.3.1"),
        ("4.0.0", None, "4.0.0"),
        ("4.2.1", Reply(452), "4.2.1"),
        ("5.0.0", Reply(554), "5.0.0"),
    ],
)
def test_a_delay_has_the_cause_that_the_code_names(status: str, reply: Reply | None, named: str) -> None:
    assert named_status(status, reply) == named

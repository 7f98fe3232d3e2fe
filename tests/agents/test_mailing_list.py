"""Whose mail came back, by the reports of this program and of others; and the senders that a list gives itself."""

import pytest

from mailharness import Address, Message
from mailharness.agents.mailing_list import MailingList
from mailharness.mail.dsn import Dsn, DsnRecipient
from mailharness.mail.dsn_writing import write

MEMBERS = [
    Address.parse(one) for one in ("ann@a.test", "Bob@b.test", "jörg@bücher.test", f"{'l' * 50}@c.test", '"o o"@d.test')
]


def team(limit: int = 2) -> MailingList:
    return MailingList(
        Address.parse("team@acme.test"),
        MEMBERS,
        owner=None,
        anyone=False,
        subject_prefix="",
        reply_to_list=False,
        verp=True,
        limit=limit,
    )


def report(*groups: str) -> Message:
    """A delivery report with these groups of fields, as it is on the wire."""
    body = "\n\n".join(("--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; m.test", *groups, "--x--\n"))
    return Message(f"Content-Type: multipart/report; boundary=x\n\n{body}".replace("\n", "\r\n").encode())


def ours(*who: Address) -> Message:
    told = tuple(
        DsnRecipient(final=str(one), action="failed", status="5.1.1", final_type="rfc822" if one.is_ascii else "utf-8")
        for one in who
    )
    original = Message(b"Subject: x\r\n\r\nx\r\n")
    dsn = Dsn(reporting_mta="m.test", recipients=told, original=original)
    return write(dsn, to=MEMBERS[0], now=0, number=1, international=True)


REPORTS = {
    "one of ours": (ours(MEMBERS[1]), "", ["Bob@b.test"]),
    "one of ours of two": (ours(MEMBERS[2], MEMBERS[0]), "", ["ann@a.test", "jörg@bücher.test"]),
    "the recipient first": (
        report("Final-Recipient: rfc822; bob@b.test\nAction: failed\nStatus: 5.1.1"),
        "",
        ["Bob@b.test"],
    ),
    "the action first": (report("Action: failed\nFinal-Recipient: rfc822;bob@b.test\nStatus: 5.0.0"), "", ["Bob@b.test"]),
    "the original recipient": (
        report("Original-Recipient: rfc822;bob@b.test\nFinal-Recipient: rfc822; x@y.test\nAction: failed"),
        "",
        ["Bob@b.test"],
    ),
    "two, of whom one has to wait": (
        report(
            "Final-Recipient: rfc822; bob@b.test\nAction: failed",
            "Final-Recipient: rfc822; ann@a.test\nAction: delayed",
        ),
        "",
        ["Bob@b.test"],
    ),
    "one who has to wait": (report("Final-Recipient: rfc822; ann@a.test\nAction: delayed"), "ann=a.test", []),
    "no member": (report("Final-Recipient: rfc822; x@y.test\nAction: failed"), "", []),
    "a member by the sender": (report("Final-Recipient: rfc822; x@y.test\nAction: failed"), "ANN=a.test", ["ann@a.test"]),
    "no member by the sender": (report("Final-Recipient: rfc822; bob@b.test\nAction: failed"), "x=y.test", ["Bob@b.test"]),
    "no report": (Message(b"Subject: away\r\n\r\nFinal-Recipient: rfc822; ann@a.test\r\n"), "ann=a.test", []),
    "nothing": (Message(b""), "ann=a.test", []),
}


@pytest.mark.parametrize("name", REPORTS)
def test_whose_mail_came_back(name: str) -> None:
    message, detail, blamed = REPORTS[name]
    assert list(map(str, team().blamed(detail, message))) == blamed


@pytest.mark.parametrize(
    ("member", "sender"),
    [
        (None, "team-bounces@acme.test"),
        (MEMBERS[0], "team-bounces+ann=a.test@acme.test"),
        (MEMBERS[2], "team-bounces+jörg=bücher.test@acme.test"),
        (MEMBERS[3], "team-bounces@acme.test"),
        (MEMBERS[4], "team-bounces@acme.test"),
    ],
)
def test_the_sender_tells_whose_letter_it_was_if_there_is_room(member: Address | None, sender: str) -> None:
    assert str(team().bounce_address(member)) == sender


def test_a_bounce_of_one_who_was_dropped_blames_nobody() -> None:
    crew = team(limit=1)
    assert crew.count(crew.blamed("", ours(MEMBERS[1]))).endswith("Bob@b.test 1 of 1, dropped")
    assert crew.blamed("bob=b.test", ours(MEMBERS[1])) == []
    assert MEMBERS[1] not in crew.members


def test_the_addresses_in_its_fields_are_urls() -> None:
    odd = MailingList(
        Address.parse("r&d%x@acme.test"),
        MEMBERS,
        owner=None,
        anyone=True,
        subject_prefix="",
        reply_to_list=False,
        verp=False,
        limit=1,
    )
    sent = odd.compose(Message(b"Subject: x\r\n\r\n"))
    assert sent.header("List-Post") == "<mailto:r%26d%25x@acme.test>"
    assert sent.header("List-Unsubscribe") == "<mailto:r%26d%25x-unsubscribe@acme.test>"

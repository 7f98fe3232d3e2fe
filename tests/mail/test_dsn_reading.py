"""Delivery reports read: those of the mail systems that are out there, broken ones, and any octets at all (RFC 3464)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness import Message
from mailharness.mail import Reply, dsn
from mailharness.mail.dsn import Dsn, DsnRecipient, read_reply
from mailharness.mail.report import read_date

CORPUS = Path(__file__).parents[1] / "corpus" / "dsn"
NAMES = sorted(path.stem for path in CORPUS.glob("*.eml"))


def sample(name: str) -> Message:
    """A report in the manner of one mail system; the words, names and ids are ours."""
    return Message((CORPUS / f"{name}.eml").read_bytes())


def read(name: str) -> Dsn:
    found = sample(name).as_dsn()
    assert found is not None
    return found


def test_postfix() -> None:
    """Modelled on Postfix 3.7: X- fields of its own, ORCPT without a blank, the whole message."""
    report = read("postfix")
    assert (report.reporting_mta, report.envid, report.action) == ("mx.north.test", "newsletter-17", "failed")
    assert report.arrival == datetime(2026, 3, 3, 9, 12, 43, tzinfo=UTC)
    gone, full = report.recipients
    assert gone == DsnRecipient(
        final="gone@south.test",
        original="gone+ada@south.test",
        action="failed",
        status="5.1.1",
        remote_mta="mx1.south.test",
        diagnostic="550 5.1.1 <gone@south.test>: Recipient is not on our list",
    )
    assert gone.reply == Reply(550, "<gone@south.test>: Recipient is not on our list", "5.1.1")
    assert full.reply == Reply(552, "<full@south.test>: No room left in this mailbox", "5.2.2")
    assert report.whole
    assert report.original is not None
    assert (report.original.subject, report.original.text) == ("Spring", "Now the winter is over.\n")
    assert ("X-Postfix-Queue-ID", "9B0E12C0CF") in report.fields


def test_a_delay_of_postfix() -> None:
    """Modelled on Postfix's warning of a delay: no other host has spoken, the header section alone comes back."""
    report = read("postfix_delayed")
    (bob,) = report.recipients
    assert (bob.action, bob.status, bob.diagnostic_type, bob.reply) == ("delayed", "4.4.1", "x-postfix", None)
    assert bob.will_retry_until == datetime(2026, 3, 8, 9, 12, 43, tzinfo=UTC)
    assert not report.whole
    assert report.original is not None
    assert (report.original.message_id, report.original.body_bytes) == ("<there@north.test>", b"")


def test_exim() -> None:
    """Modelled on Exim 4.96: the action first, a diagnostic in the lines of the reply, no date anywhere."""
    report = read("exim")
    (bop,) = report.recipients
    assert (bop.final, bop.action, bop.status, report.arrival) == ("bop@south.test", "failed", "5.0.0", None)
    assert bop.reply is not None
    assert bop.reply.code == 550
    assert bop.reply.text.split("\n") == [
        "Verification of <bop@south.test> was tried",
        "and nobody answered.",
        "There is no bop",
    ]


def test_sendmail() -> None:
    """Modelled on Sendmail 8.17: types in capitals, three recipients with three fates, a remark behind an action."""
    report = read("sendmail")
    assert report.received_from == "client.north.test"
    assert [(each.final, each.action, each.status) for each in report.recipients] == [
        ("nobody@south.test", "failed", "5.1.1"),
        ("printer@north.test", "failed", "5.3.0"),
        ("carl@north.test", "delivered", "2.1.5"),
    ]
    assert ("X-Actual-Recipient", "RFC822; nobody@hub.south.test") in report.recipients[0].fields
    assert report.recipients[0].last_attempt == datetime(2026, 3, 5, 12, 10, 12, tzinfo=UTC)
    assert (report.recipients[1].diagnostic_type, report.recipients[1].reply) == ("x-unix", None)


def test_exchange() -> None:
    """Modelled on Exchange Server: the text in two forms and another language, no blank behind a type."""
    report = read("exchange")
    (nobody,) = report.recipients
    assert (nobody.final, nobody.original) == ("controlling@corp.test", "controlling@corp.test")
    assert nobody.reply == Reply(550, "RESOLVER.ADR.RecipNotFound; no such object", "5.1.1")
    assert report.original is not None
    assert report.original.subject == "Zahlen für das Quartal"


def test_outlook_com() -> None:
    """Modelled on Exchange Online: the remote host behind the diagnostic, nothing returned."""
    report = read("outlook_com")
    (bob,) = report.recipients
    assert (bob.remote_mta, bob.status, report.original) == ("mx.south.test", "5.7.1", None)
    assert bob.reply is not None
    assert (bob.reply.code, bob.reply.status) == (550, "")


def test_gmail() -> None:
    """Modelled on Gmail: pictures, a remark behind the host, every line of the reply with its code."""
    report = read("gmail")
    (nobody,) = report.recipients
    assert nobody.remote_mta == "mx1.south.test"
    assert nobody.reply == Reply(
        550,
        "We looked for nobody everywhere,\ntwice, and found a blank. See\n"
        "https://south.test/nobody 4fb4d7f45d1cf-5e1.77 - gsmtp",
        "5.1.1",
    )
    assert nobody.last_attempt is not None
    assert nobody.last_attempt.utcoffset() == timedelta(hours=-7)
    assert report.original is not None
    assert report.original.text == "anybody?\n"


def test_an_international_report() -> None:
    """As RFC 6533 has it: fields in UTF-8, an address with escapes beside one without."""
    (juergen,) = read("global").recipients
    assert juergen.original == juergen.final == "jürgen@süd.test"
    assert juergen.final_type == "utf-8"
    original = read("global").original
    assert original is not None
    assert original.subject == "Grüße"


def test_a_broken_report_says_what_can_be_read_of_it() -> None:
    """Everything that was seen to be wrong in real reports, in one."""
    report = read("broken")
    assert (report.reporting_mta, report.arrival, report.original) == ("old.test", None, None)
    assert [(each.final, each.action, each.status) for each in report.recipients] == [
        ("one@south.test", "failed", "5.1.1"),
        ("two@south.test", "failed", ""),
        ("three@south.test", "", ""),
    ]
    assert report.recipients[0].reply == Reply(550, "nö such person", "5.1.1")


@pytest.mark.parametrize("name", ["qmail", "yahoo"])
def test_a_text_for_people_alone_is_no_report(name: str) -> None:
    """Modelled on qmail and on Yahoo, which have nothing that a program is meant to read."""
    assert sample(name).as_dsn() is None


def test_a_letter_is_no_report_and_neither_is_one_that_a_report_is_attached_to() -> None:
    assert Message(b"Subject: hi\r\n\r\nStatus: 5.1.1\r\n").as_dsn() is None
    head = b'Content-Type: multipart/mixed; boundary="out"\r\n\r\n--out\r\nContent-Type: message/rfc822\r\n\r\n'
    assert Message(head + bytes(sample("postfix")) + b"\r\n--out--\r\n").as_dsn() is None


FIELDS = [
    "Reporting-MTA: dns; a.test",
    "Original-Envelope-Id: x",
    "",
    "Final-Recipient: rfc822; b@b.test",
    "Action: failed",
    "Status: 5.1.1",
    "",
    "Final-Recipient: rfc822; c@c.test",
    "Action: delayed",
    "Status: 4.2.2",
]


def status_of(lines: list[str], end: str) -> Message:
    head = end.join(
        ["Content-Type: multipart/report; boundary=b", "", "--b", "Content-Type: message/delivery-status", "", ""]
    )
    return Message((head + end.join([*lines, "--b--", ""])).encode())


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(FIELDS, id="as it should be"),
        pytest.param([*FIELDS, "", "", ""], id="empty lines behind"),
        pytest.param(["", "  ", *FIELDS], id="empty lines in front"),
        pytest.param(
            [line for pair in zip(FIELDS, [""] * 20, strict=False) for line in pair], id="an empty line after each"
        ),
        pytest.param([line for line in FIELDS if line], id="no empty lines"),
        pytest.param([line.swapcase() if ":" not in line else line.replace(": ", " :  ") for line in FIELDS], id="blanks"),
        pytest.param([line.replace("; ", ";\r\n\t") for line in FIELDS], id="folded"),
        pytest.param([line.replace("rfc822; ", "") for line in FIELDS], id="without types"),
        pytest.param(
            [line.partition(":")[0].upper() + line[line.find(":") :] if line else "" for line in FIELDS], id="CAPS"
        ),
    ],
)
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_two_recipients_however_they_are_written(lines: list[str], end: str) -> None:
    report = status_of(lines, end).as_dsn()
    assert report is not None
    assert (report.reporting_mta, report.envid) == ("a.test", "x")
    assert [(each.final, each.action, each.status) for each in report.recipients] == [
        ("b@b.test", "failed", "5.1.1"),
        ("c@c.test", "delayed", "4.2.2"),
    ]


@pytest.mark.parametrize(
    ("diagnostic", "reply"),
    [
        ("550 5.1.1 Nobody", Reply(550, "Nobody", "5.1.1")),
        ("550-5.1.1 No 550 5.1.1 body", Reply(550, "No\nbody", "5.1.1")),
        ("550-No 550-bo 550 dy", Reply(550, "No\nbo\ndy")),
        ("550 at line 550 of the list", Reply(550, "at line 550 of the list")),
        ("421", Reply(421)),
        ("421 4.7.0", Reply(421, "", "4.7.0")),
        ("550 4.7.0 wrong class", Reply(550, "4.7.0 wrong class")),
        ("550 #5.1.0 hash", Reply(550, "#5.1.0 hash")),
        ("host said: 550 no", None),
        ("150 no", None),
        ("5501", None),
        ("", None),
    ],
)
def test_a_diagnostic_as_a_reply(diagnostic: str, reply: Reply | None) -> None:
    assert read_reply(diagnostic) == reply


@given(
    st.sampled_from(NAMES),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 60), st.binary(max_size=12)), max_size=6),
)
def test_no_damage_makes_it_raise(name: str, damages: list[tuple[int, int, bytes]]) -> None:
    octets = bytes(sample(name))
    for at, cut, put in damages:
        octets = octets[:at] + put + octets[at + cut :]
    message = Message(octets)
    report = message.as_dsn()
    for recipient in report.recipients if report else ():
        assert recipient.action == recipient.action.lower()
        assert recipient.reply is None or 200 <= recipient.reply.code <= 599
        assert recipient.status[:1] in ("", "2", "4", "5")
    assert message.as_complaint() is None


@given(st.binary(max_size=400))
def test_any_octets_as_the_status_part(octets: bytes) -> None:
    head = b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
    report = Message(head + octets).as_dsn()
    assert isinstance(report, dsn.Dsn)
    assert hash(report) == hash(Message(head + octets).as_dsn())


@given(st.text(max_size=40))
def test_any_text_as_a_date(text: str) -> None:
    moment = read_date(text)
    assert moment is None or moment.tzinfo is not None

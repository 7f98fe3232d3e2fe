"""Delivery reports written: what a foreign reader finds in them, and that we read what we wrote (RFC 3464, RFC 6533)."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness import Address, Message, MisuseError
from mailharness.mail.dsn import ACTIONS, Dsn, DsnRecipient
from mailharness.mail.dsn_writing import write
from mailharness.mail.report import moment
from mailharness.mail.unitext import escaped, typed_address, unescaped

NOW = 1_772_600_000.0
ADA = Address.parse("ada@a.test")
LETTER = Message(b"From: ada@a.test\r\nSubject: hi\r\nMessage-ID: <1@a.test>\r\n\r\nbody\r\n")
BOB = DsnRecipient(
    final="bob@b.test", action="failed", status="5.1.1", diagnostic="550 5.1.1 No bob", remote_mta="mx.b.test"
)


def report(*recipients: DsnRecipient, **more: Any) -> Dsn:
    return Dsn(reporting_mta="mail.a.test", recipients=recipients or (BOB,), **more)


def written(dsn: Dsn, *, international: bool = False) -> Message:
    return write(dsn, to=ADA, now=NOW, number=7, international=international)


def foreign(message: Message) -> EmailMessage:
    parsed = message_from_bytes(bytes(message), policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    assert [part.defects for part in parsed.walk()] == [[]] * len([*parsed.walk()])
    return parsed


def test_every_field_is_there_for_a_foreign_reader() -> None:
    told = DsnRecipient(
        final="bob@b.test",
        action="delayed",
        status="4.4.1",
        original="Bob+x@old.test",
        remote_mta="mx.b.test",
        diagnostic="451-4.4.1 Not\n451 4.4.1 now",
        last_attempt=moment(NOW),
        will_retry_until=moment(NOW + 86_400),
        final_log_id="0000002A",
    )
    message = written(report(told, envid="QQ 17", received_from="pc.a.test", arrival=moment(NOW - 60), original=LETTER))
    parsed = foreign(message)
    assert (parsed["From"], parsed["To"]) == ("Mail Delivery System <MAILER-DAEMON@mail.a.test>", "ada@a.test")
    assert (parsed["Auto-Submitted"], parsed["In-Reply-To"]) == ("auto-replied", "<1@a.test>")
    assert parsed["Date"].datetime == moment(NOW)
    text, status, _ = parsed.iter_parts()
    assert "<bob@b.test>: no mail host answered; mx.b.test said: 451-4.4.1 Not 451 4.4.1 now" in text.get_content()
    about, bob = status.get_payload()
    assert dict(about.items()) == {
        "Original-Envelope-Id": "QQ 17",
        "Reporting-MTA": "dns; mail.a.test",
        "Received-From-MTA": "dns; pc.a.test",
        "Arrival-Date": "Wed, 04 Mar 2026 04:52:20 +0000",
    }
    assert {name: " ".join(value.split()) for name, value in bob.items()} == {
        "Original-Recipient": "rfc822; Bob+x@old.test",
        "Final-Recipient": "rfc822; bob@b.test",
        "Action": "delayed",
        "Status": "4.4.1",
        "Remote-MTA": "dns; mx.b.test",
        "Diagnostic-Code": "smtp; 451-4.4.1 Not 451 4.4.1 now",
        "Last-Attempt-Date": "Wed, 04 Mar 2026 04:53:20 +0000",
        "Final-Log-ID": "0000002A",
        "Will-Retry-Until": "Thu, 05 Mar 2026 04:53:20 +0000",
    }


@pytest.mark.parametrize(
    ("whole", "international", "kind", "octets"),
    [
        (False, False, "text/rfc822-headers", bytes(LETTER).partition(b"\r\nbody")[0]),
        (True, False, "message/rfc822", bytes(LETTER)),
        (False, True, "message/global-headers", bytes(LETTER).partition(b"\r\nbody")[0]),
        (True, True, "message/global", bytes(LETTER)),
    ],
)
def test_what_is_returned(whole: bool, international: bool, kind: str, octets: bytes) -> None:
    message = written(report(original=LETTER, whole=whole), international=international)
    assert [part.get_content_type() for part in foreign(message).iter_parts()][-1] == kind
    assert bytes(message).partition(f"Content-Type: {kind}\r\n\r\n".encode())[2].partition(b"\r\n--=_")[0] == octets


def test_nothing_is_returned_where_nothing_is_known() -> None:
    assert [part.get_content_type() for part in foreign(written(report())).iter_parts()] == [
        "text/plain",
        "message/delivery-status",
    ]


def test_octets_beyond_ascii_are_declared() -> None:
    odd = Message("From: ada@a.test\r\nSubject: grün\r\n\r\nü\r\n".encode())
    for whole, kind in ((True, "message/rfc822"), (False, "text/rfc822-headers")):
        parsed = foreign(written(report(original=odd, whole=whole)))
        last = [*parsed.iter_parts()][-1]
        assert (last.get_content_type(), last["Content-Transfer-Encoding"]) == (kind, "8bit")
        assert parsed["Content-Transfer-Encoding"] == "8bit"
    assert foreign(written(report(original=LETTER)))["Content-Transfer-Encoding"] is None


def test_a_message_that_holds_the_boundary_does_not_end_its_report() -> None:
    inner = written(report(original=LETTER, whole=True))
    outer = written(report(original=inner, whole=True)).as_dsn()
    assert outer is not None
    assert outer.original == inner


@pytest.mark.parametrize(
    ("address", "in_ascii", "in_utf8"),
    [
        ("bob@b.test", "rfc822; bob@b.test", "rfc822; bob@b.test"),
        ("jörg@süd.test", r"utf-8; j\x{F6}rg@s\x{FC}d.test", "utf-8; jörg@süd.test"),
        ("jörg+x@b.test", r"utf-8; j\x{F6}rg\x{2B}x@b.test", r"utf-8; jörg\x{2B}x@b.test"),
        ('"ü \\"@b.test', r'utf-8; "\x{FC}\x{20}\x{5C}"@b.test', r'utf-8; "ü\x{20}\x{5C}"@b.test'),
        ("🐈@b.test", r"utf-8; \x{1F408}@b.test", "utf-8; 🐈@b.test"),
    ],
)
def test_addresses_in_a_report(address: str, in_ascii: str, in_utf8: str) -> None:
    """RFC 6533 §3: utf-8-addr-xtext where only ASCII passes, utf-8-addr-unitext elsewhere."""
    assert typed_address(address, "rfc822", international=False) == in_ascii
    assert typed_address(address, "rfc822", international=True) == in_utf8
    assert unescaped(in_ascii.partition("; ")[2]) == unescaped(in_utf8.partition("; ")[2]) == address


def test_an_escape_that_stands_for_no_character_stays() -> None:
    for text in (r"\x{110000}", r"\x{D800}", r"\x{0A}", r"\x{}", r"\x{zz}"):
        assert unescaped(text) == text


def test_a_report_for_ascii_has_no_other_octets_in_its_status() -> None:
    told = DsnRecipient(final="jörg@süd.test", action="failed", status="5.1.1", diagnostic="550 Käse")
    status = [*foreign(written(report(told))).iter_parts()][1]
    assert status.get_payload()[1]["Diagnostic-Code"] == rf"smtp; {escaped('550 Käse')}" == r"smtp; 550 K\x{E4}se"


def test_a_hostile_reply_cannot_write_fields_of_its_own() -> None:
    told = DsnRecipient(
        final="bob@b.test",
        action="failed",
        status="5.0.0",
        diagnostic="550 no\r\n\r\nAction: delivered\n\nFinal-Recipient: rfc822; eve@b.test\n" + "x" * 2000 + "\x00\x7f",
    )
    message = written(report(told))
    read = message.as_dsn()
    assert read is not None
    assert [(each.final, each.action) for each in read.recipients] == [("bob@b.test", "failed")]
    assert max(map(len, bytes(message).split(b"\r\n"))) <= 998  # RFC 5322 §2.1.1
    assert b"\x00" not in bytes(message)


def test_a_report_of_nobody_or_of_an_unknown_fate_is_misuse() -> None:
    with pytest.raises(MisuseError, match="failed, delayed"):
        written(Dsn(reporting_mta="a.test", recipients=()))
    with pytest.raises(MisuseError, match="expired"):
        written(report(DsnRecipient(final="b@b.test", action="expired", status="5.4.7")))


@pytest.mark.parametrize("action", ACTIONS)
def test_the_subject_tells_the_worst(action: str) -> None:
    told = [DsnRecipient(final="b@b.test", action=each, status="2.0.0") for each in ACTIONS[ACTIONS.index(action) :]]
    alone = written(report(told[0])).subject
    assert written(report(*reversed(told))).subject == alone
    assert len({written(report(DsnRecipient(final="b@b.test", action=each, status=""))).subject for each in ACTIONS}) == 5


WORDS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=8)
LINES = st.lists(WORDS, min_size=1, max_size=5).map(" ".join)
HOSTS = st.sampled_from(["mx.b.test", "a-b.c.test", "[192.0.2.1]"])
MOMENTS = st.none() | st.integers(0, 4_000_000_000).map(moment)
ADDRESSES = st.sampled_from(["bob@b.test", "bob+x@b.test", '"a b"@b.test'])
RECIPIENTS = st.builds(
    DsnRecipient,
    final=ADDRESSES,
    original=ADDRESSES | st.just(""),
    action=st.sampled_from(ACTIONS),
    status=st.sampled_from(["2.1.5", "4.4.1", "5.1.10"]),
    remote_mta=HOSTS | st.just(""),
    diagnostic=LINES.map(lambda line: f"550 {line}"),
    last_attempt=MOMENTS,
    will_retry_until=MOMENTS,
    final_log_id=st.sampled_from(["", "0000002A"]),
)
DSNS = st.builds(
    Dsn,
    reporting_mta=HOSTS,
    recipients=st.lists(RECIPIENTS, min_size=1, max_size=4).map(tuple),
    envid=st.just("") | st.sampled_from(["QQ17", "a b", "x=y+z"]),
    received_from=HOSTS | st.just(""),
    arrival=MOMENTS,
    original=st.just(LETTER),
    whole=st.just(True),
)


@given(DSNS)
def test_what_was_written_is_read(dsn: Dsn) -> None:
    assert written(dsn, international=True).as_dsn() == dsn


def test_the_day_of_the_tests_is_where_it_should_be() -> None:
    assert moment(NOW) == datetime(2026, 3, 4, 4, 53, 20, tzinfo=UTC)

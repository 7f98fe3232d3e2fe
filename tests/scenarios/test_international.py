"""Names and addresses beyond ASCII: two forms of one domain, hosts that say ASCII on the wire, reports in UTF-8."""

import pytest

from mailharness import Domain, MisuseError, World
from tests.scenarios.stage import ACME, as_email, cast, playing

BOOKS = Domain("bücher.test", users=["käthe", "max"], mx=["post", "böte"])


@pytest.mark.parametrize(
    "to", ["käthe@bücher.test", "KÄTHE@BÜCHER.test", "käthe@xn--bcher-kva.test", "käthe+liste@XN--BCHER-KVA.TEST"]
)
def test_both_forms_of_a_domain_are_one_domain(to: str) -> None:
    with playing(ACME, BOOKS) as world:
        letter = world.user("alice@acme.test").send(to=to, subject="Grüße")
        assert world.user("käthe@bücher.test").inbox.subjects == ["Grüße"]
        assert letter.trace.path[-1] == "käthe@bücher.test"


def test_hosts_of_an_international_domain_say_their_names_in_ascii() -> None:
    with playing(ACME, BOOKS) as world:
        kaethe, alice = world.user("käthe@bücher.test"), world.user("alice@acme.test")
        letter = kaethe.send(to=alice, subject="aus Büchern", login=True, tls=True)
        assert letter.trace.path[1] == "mail.xn--bcher-kva.test"
        assert alice.inbox[0].headers("Received")[0].startswith("from mail.xn--bcher-kva.test ")
        assert [host for host in world["BÜCHER.test"].hosts if host.startswith(("post", "xn--"))] == [
            "post.xn--bcher-kva.test",
            "xn--bte-sna.xn--bcher-kva.test",
        ]
        assert world.host("böte.bücher.test") is world["xn--bcher-kva.test"].host("böte")


def test_a_user_with_an_international_name_reads_over_both_protocols() -> None:
    with playing(ACME, BOOKS) as world:
        world.user("alice@acme.test").send(to="käthe@bücher.test", subject="lesen")
        kaethe = world.user("käthe@bücher.test")
        for tls in (False, True):
            assert kaethe.fetch(via="imap", tls=tls) == kaethe.fetch(via="pop3", tls=tls) == list(kaethe.inbox)


def test_an_unknown_international_recipient_is_reported_in_utf_8() -> None:
    with playing(ACME, BOOKS) as world:
        alice = world.user("alice@acme.test")
        alice.send(to="jürgen@bücher.test", subject="Ärger").trace.assert_bounced(status="5.1.1")
        _, status, returned = as_email(alice.inbox[0]).iter_parts()
        assert status.get_content_type() == "message/global-delivery-status"
        assert "\r\nFinal-Recipient: utf-8; jürgen@bücher.test\r\n" in bytes(alice.inbox[0]).decode()
        assert returned.get_content_type() == "message/global-headers"


def test_an_international_sender_gets_the_report() -> None:
    with playing(ACME, BOOKS) as world:
        kaethe = world.user("käthe@bücher.test")
        kaethe.send(to="nobody@acme.test").trace.assert_bounced(status="5.1.1")
        assert len(kaethe.inbox) == 1


def test_one_domain_in_both_forms_is_a_domain_twice() -> None:
    with pytest.raises(MisuseError, match="is declared twice"):
        World(BOOKS, Domain("xn--bcher-kva.test"))


@pytest.mark.parametrize(
    ("literal", "outcome", "status"),
    [
        ("garbage", "bounced", "5.1.3"),
        ("300.1.1.1", "bounced", "5.1.3"),
        ("IPv6:::1", "queued", ""),
        ("192.0.2.1", "queued", ""),
    ],
)
def test_address_literals_that_lead_nowhere(literal: str, outcome: str, status: str) -> None:
    with playing() as world:
        alice, _ = cast(world)
        letter = alice.send(to=f"bob@[{literal}]")
        assert letter.trace.status == {f"bob@[{literal}]": outcome}
        assert [bounce.status for bounce in letter.trace.bounces] == ([status] if status else [])


def test_a_bug_in_an_attempt_is_told_and_the_letter_is_kept(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def breaks(*_: object) -> None:
        raise UnicodeError("odd")

    with playing() as world:
        alice, bob = cast(world)
        with monkeypatch.context() as patch:
            patch.setattr("mailharness.agents.pool.Pool.offer", breaks)
            letter = alice.send(to=bob, subject="kept")
            letter.trace.assert_queued(at="mail.acme.test", reply="451 4.3.0 Local error: UnicodeError: odd")
        assert "an attempt failed" in caplog.text
        world.clock.advance(minutes=15)
        letter.trace.assert_delivered(attempts=2)


def test_a_body_of_eight_bits_alone_needs_no_smtputf8() -> None:
    """Not where a message has no header fields either: its empty line comes first."""
    with playing() as world:
        alice, bob = cast(world)
        for octets in (b"\r\ncaf\xc3\xa9\r\n", b"Subject: x\r\n\r\ncaf\xc3\xa9\r\n"):
            said = alice.send(to=bob, message=octets).trace.transcripts()
            assert "BODY=8BITMIME" in said
            assert all(" SMTPUTF8" not in line for line in said.splitlines() if "MAIL FROM" in line.upper())

"""The first story: a letter is submitted, looked up, relayed, delivered, and read by real programs."""

import re
import smtplib

import pytest

from mailharness import Domain, MisuseError, World
from mailharness.trace.events import Fetched
from tests.scenarios.stage import cast, playing


def test_the_default_world_carries_a_letter_from_user_a_to_user_b() -> None:
    with World() as world:
        writer, reader = world.user("userA@exampleA.tst"), world.user("userB@exampleB.tst")
        letter = writer.send(to=reader, subject="Hello", text="How are you?")
        assert reader.inbox.subjects == ["Hello"]
        assert letter.trace.path == ("userA@exampleA.tst", "mail.exampleA.tst", "mail.exampleB.tst", "userB@exampleB.tst")
        asked = [query.host for query in world.dns.queries(name="exampleB.tst", type="MX")]
        assert asked == ["a.root-servers", "ns.nic.tst", "ns.exampleB.tst"]
        letter.trace.assert_delivered(to="USERB@EXAMPLEB.TST", via="MAIL.exampleb.tst", attempts=1)
        world.assert_conserved()


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("via", ["imap", "pop3"])
def test_a_program_reads_what_arrived_and_may_leave_a_copy(via: str, tls: bool) -> None:
    with playing() as world:
        alice, bob = cast(world)
        alice.send(to=bob, subject="Grüße", text="naïve, 日本")
        assert [message.subject for message in bob.fetch(via=via, keep=True, tls=tls)] == ["Grüße"]
        assert len(bob.fetch(via=via, keep=False, tls=tls)) == 1
        assert bob.inbox.subjects == []
        assert {event.user for event in world.journal.of_kind(Fetched)} == {"bob@globex.test"}


@pytest.mark.parametrize("tls", [False, True])
def test_a_line_longer_than_poplib_likes_is_read_over_pop3_too(tls: bool) -> None:
    with playing() as world:
        alice, bob = cast(world)
        alice.send(to=bob, message=b"Subject: long\r\n\r\n" + b"x" * 5000 + b"\r\n")
        assert bob.fetch(via="pop3", tls=tls) == list(bob.inbox)


def test_what_is_read_over_every_protocol_is_what_the_store_holds() -> None:
    with playing() as world:
        alice, bob = cast(world)
        alice.send(to=bob, subject="dots", text=".\n..\n.leading\nline\n" + "x" * 2000)
        (stored,) = bob.inbox
        assert bob.fetch(via="imap") == bob.fetch(via="pop3") == [stored]
        assert stored.headers("Return-Path") == ["<alice@acme.test>"]
        assert [hop.split()[1] for hop in stored.headers("Received")] == ["mail.acme.test", "[127.0.0.1]"]


def test_two_programs_of_one_user_have_copies_of_their_own() -> None:
    with playing() as world:
        alice, bob = cast(world)
        laptop, phone = bob.mua("laptop", via="imap"), bob.mua("phone", via="pop3", keep=True)
        alice.send(to=bob, subject="one")
        laptop.sync()
        alice.send(to=bob, subject="two")
        phone.sync()
        assert (laptop.subjects, phone.subjects) == (["one"], ["one", "two"])
        bob.fetch(via="pop3", keep=False)
        laptop.sync()
        phone.sync()
        assert (laptop.subjects, phone.subjects) == ([], ["one", "two"])


@pytest.mark.parametrize("to", ["bob+lists@globex.test", "BOB@GLOBEX.test", "Bob+a+b@Globex.Test", '"bob"@globex.test'])
def test_the_ways_to_write_an_address_lead_to_one_mailbox(to: str) -> None:
    with playing() as world:
        alice, bob = cast(world)
        letter = alice.send(to=to, subject="for you")
        assert bob.inbox.subjects == ["for you"]
        assert letter.trace.path[-1] == "bob@globex.test"


def test_a_letter_to_oneself_and_to_a_neighbour_stays_on_the_host() -> None:
    with playing() as world:
        alice, carol = world.user("alice@acme.test"), world.user("carol@acme.test")
        letter = alice.send(to=[alice, carol], subject="note")
        assert alice.inbox.subjects == carol.inbox.subjects == ["note"]
        assert letter.trace.paths["carol@acme.test"] == ("alice@acme.test", "mail.acme.test", "carol@acme.test")
        assert letter.trace.attempts == ()


def test_several_recipients_in_two_domains_take_one_transaction_a_domain() -> None:
    initech = Domain("initech.test", users=["erin"])
    globex = Domain("globex.test", users=["bob", "dave"])
    with playing(Domain("acme.test", users=["alice"]), globex, initech) as world:
        alice = world.user("alice@acme.test")
        letter = alice.send(to=["bob@globex.test", "erin@initech.test"], cc="dave@globex.test", subject="to all")
        assert [len(attempt.recipients) for attempt in letter.trace.attempts] == [2, 1]
        assert letter.trace.paths["dave@globex.test"][2:] == ("mail.globex.test", "dave@globex.test")
        assert letter.trace.paths["erin@initech.test"][2:] == ("mail.initech.test", "erin@initech.test")
        with pytest.raises(MisuseError, match=r"3 ends: ask \.paths\[recipient\]"):
            _ = letter.trace.path
        assert all(world.user(one).inbox.subjects == ["to all"] for one in letter.trace.paths)


def test_a_blind_copy_is_in_the_envelope_and_not_in_the_letter() -> None:
    with playing() as world:
        alice, bob = cast(world)
        alice.send(to="carol@acme.test", bcc=bob, subject="psst")
        assert b"bob@globex.test" not in bytes(bob.inbox[0]).partition(b"\r\nFrom:")[2]


def test_many_hosts_of_a_domain_serve_one_store() -> None:
    globex = Domain(
        "globex.test",
        users=["bob"],
        mx=["mx1", "mx2"],
        imap=["imap1", "imap2"],
        pop=["pop1", "pop2"],
        submission=["out1", "out2"],
    )
    with playing(Domain("acme.test", users=["alice"]), globex) as world:
        alice, bob = cast(world)
        alice.send(to=bob, subject="first")
        world.switch_off("mx1.globex.test")
        alice.send(to=bob, subject="second")
        assert [message.subject for message in bob.fetch(via="imap")] == ["first", "second"]
        assert bob.fetch(via="pop3") == list(bob.inbox)
        site = world["globex.test"]
        hosts = {host.name: host.address for host in site.hosts.values()}
        assert len(set(hosts.values())) == len(hosts) == 9
        assert site.imap.host == hosts["imap1.globex.test"]
        assert site.submission.host == hosts["out1.globex.test"]
        bob.send(to=alice, subject="back").trace.assert_delivered(via="out1.globex.test")
        assert "by mx2.globex.test" in (bob.inbox[1].header("Received") or "")


def test_a_server_that_is_switched_off_comes_back() -> None:
    with playing() as world:
        alice, bob = cast(world)
        world.switch_off("mail.globex.test")
        letter = alice.send(to=bob, subject="patience")
        letter.trace.assert_queued(at="mail.acme.test", reply="451 4.4.1")
        world.switch_on("MAIL.globex.test")
        assert bob.inbox.subjects == []
        world.clock.advance(minutes=15)
        letter.trace.assert_delivered(attempts=2)


def test_a_name_server_that_is_switched_off_stops_the_letter_at_its_look_up() -> None:
    with playing() as world:
        alice, bob = cast(world)
        world.switch_off("test")
        letter = alice.send(to=bob, subject="lost in names")
        letter.trace.assert_queued(reply="451 4.4.3")
        assert "ns.nic.test" in letter.trace.stop
        world.switch_on("test")
        world.clock.advance(hours=1)
        letter.trace.assert_delivered()


def test_a_letter_of_a_world_that_was_stopped_still_tells_its_story() -> None:
    with playing() as world:
        alice, bob = cast(world)
        letter = alice.send(to=bob, subject="remember me")
        world.settle()
    assert letter.subject == "remember me"
    assert letter.trace.path[-1] == "bob@globex.test"
    assert "delivered" in str(letter.trace)
    assert [one.number for one in world.letters] == [letter.number]


def test_a_kept_connection_does_not_outlive_the_machine_it_leads_to() -> None:
    with playing() as world:
        alice, bob = cast(world)
        alice.send(to=bob, subject="opens the connection").trace.assert_delivered()
        world.switch_off("mail.globex.test")
        alice.send(to=bob, subject="finds nobody").trace.assert_queued(reply="451 4.4.1")
        assert bob.inbox.subjects == ["opens the connection"]


@pytest.mark.parametrize("by", ["a user", "a program"])
def test_the_trace_header_names_hosts_and_the_address_alone_of_programs(by: str) -> None:
    with playing() as world:
        alice, bob = cast(world)
        if by == "a user":
            alice.send(to=bob)
        else:
            with smtplib.SMTP(*world["acme.test"].submission, local_hostname="app.example") as smtp:
                smtp.sendmail("alice@acme.test", ["bob@globex.test"], b"Subject: x\r\n\r\n")
        relayed, submitted = bob.inbox[0].headers("Received")
        assert re.match(r"from mail\.acme\.test \(mail\.acme\.test \[127\.[\d.]+\]\)\s", relayed)
        said = r"\[127\.0\.0\.1\]" if by == "a user" else r"app\.example"
        assert re.match(rf"from {said} \(\[127\.0\.0\.1\]\)\s+by mail\.acme\.test with ESMTP id", submitted)


def test_the_transcript_of_a_submission_has_the_same_last_line_in_every_run() -> None:
    """Whoever reads the 221 finds the end of the session in the story already."""
    with playing() as world:
        alice, _ = cast(world)
        last = {alice.send(to="carol@acme.test").trace.transcripts().splitlines()[-1] for _ in range(50)}
        assert last == {"=== Connection closed with remote host."}

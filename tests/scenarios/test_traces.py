"""What a trace tells of a letter's whole way: protection, changes, branches, readers; and the quarantine on it."""

import asyncio
import re

import pytest

from mailharness import Domain, ExpectationError, Gateway, Host, MailingList, MisuseError, World
from tests.scenarios.stage import ACME, GLOBEX, cast, playing

GUARDED = Domain("globex.test", users=["bob", "dave"], gateway=Gateway(words=["lottery"], deceptive_links=True))
LINK = '<a href="http://evil.test/login">http://bank.test/login</a>'
GATEWAY = "gateway.globex.test"


# -- protection ----


def test_how_each_host_got_it() -> None:
    with playing() as world:
        alice, bob = cast(world)
        submitted, relayed = alice.send(to=bob).trace.tls
        assert (submitted.to, submitted.encrypted) == ("mail.acme.test", False)
        assert (relayed.host, relayed.to) == ("mail.acme.test", "mail.globex.test")
        assert (relayed.version, relayed.verified) == ("TLSv1.3", False)
        assert str(relayed) == "mail.acme.test -> mail.globex.test: TLSv1.3, certificate not checked"


def test_encrypted_all_the_way_is_so_from_the_submission_on() -> None:
    with playing() as world:
        alice, bob = cast(world)
        alice.send(to=bob, tls=True).trace.assert_encrypted()
        with pytest.raises(ExpectationError, match=r"not encrypted all the way: \S+ -> mail.acme.test: in the clear"):
            alice.send(to=bob).trace.assert_encrypted()
        with pytest.raises(ExpectationError, match=r"TLSv1\.3, certificate not checked"):
            alice.send(to=bob, tls=True).trace.assert_encrypted(verified=True)
        alice.send(to=bob, require_tls=True).trace.assert_encrypted(verified=True)


def test_a_host_without_tls_is_named() -> None:
    with playing(ACME, Domain("globex.test", users=["bob", "dave"], host=Host(hide=["STARTTLS"]))) as world:
        alice, bob = cast(world)
        with pytest.raises(ExpectationError, match=r"mail\.acme\.test -> mail\.globex\.test: in the clear"):
            alice.send(to=bob, tls=True).trace.assert_encrypted()


# -- changes ----


def test_what_a_gateway_added_is_a_change_with_a_diff() -> None:
    with playing(ACME, GUARDED) as world:
        alice, bob = cast(world)
        letter = alice.send(to=bob, subject="The lottery", text="win\r\n")
        (change,) = letter.trace.changes
        assert (change.host, change.added) == (GATEWAY, ("X-Filter: words; the subject says 'lottery'",))
        assert "+X-Filter: words; the subject says 'lottery'" in change.diff.splitlines()
        assert "+ X-Filter: words; the subject says 'lottery'" in str(letter.trace)


def test_a_conversion_to_seven_bits_is_a_change_of_the_body() -> None:
    with playing(ACME, Domain("globex.test", users=["bob", "dave"], host=Host(hide=["8BITMIME"]))) as world:
        alice, bob = cast(world)
        raw = (
            b"Subject: bits\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\ngr\xc3\xbc\xc3\x9fe\r\n"
        )
        (change,) = alice.send(to=bob, message=raw).trace.changes
        assert change.host == "mail.globex.test"
        assert "-grüße" in change.diff.splitlines()
        assert change.summary[-1] == "the body is another"


def test_a_letter_that_nobody_changed_has_no_changes() -> None:
    with playing(ACME, GUARDED) as world:
        alice, bob = cast(world)
        assert alice.send(to=bob, subject="plain").trace.changes == ()


# -- branches ----


def test_the_tree_of_a_list() -> None:
    team = MailingList("team", ["alice", "bob@globex.test"], post="anyone")
    with playing(Domain("acme.test", users=["alice", "carol"], lists=[team]), GLOBEX) as world:
        letter = world.user("carol@acme.test").send(to="team@acme.test", subject="news")
        (root,) = letter.trace.tree
        assert str(root).splitlines() == [
            "mail.acme.test: submission for team@acme.test",
            "  mail.acme.test: list for alice@acme.test, bob@globex.test: alice@acme.test delivered",
            "    mail.globex.test: relay for bob@globex.test: delivered",
        ]
        letter.trace.assert_delivered_once()
        with pytest.raises(MisuseError, match=r"did you mean 'bob@globex\.test'"):
            letter.trace.assert_delivered(to="bop@globex.test")


# -- readers ----


def test_a_trace_ends_with_who_read_it_over_what_and_whether_a_copy_stayed() -> None:
    with playing() as world:
        alice, bob = cast(world)
        letter = alice.send(to=bob)
        letter.trace.assert_not_read()
        bob.fetch(via="imap")
        letter.trace.assert_read(by=bob, over="imap", kept=True)
        letter.trace.assert_not_read(over="pop3")
        bob.fetch(via="pop3", keep=False)
        letter.trace.assert_read(by=bob, over="pop3", kept=False)
        assert [(read.protocol, read.kept) for read in letter.trace.readers] == [("imap", False), ("pop3", False)]
        last = str(letter.trace).splitlines()[-1]
        assert last == "  = read by bob@globex.test over POP3, no copy stays on the server"
        with pytest.raises(ExpectationError, match=r"was read by bob@globex\.test over IMAP"):
            letter.trace.assert_not_read()


# -- quarantine ----


def test_what_was_held_is_let_go_and_arrives() -> None:
    with playing(ACME, GUARDED) as world:
        alice, bob = cast(world)
        letter = alice.send(to=bob, subject="your bank", html=LINK)
        letter.trace.assert_quarantined(at=GATEWAY)
        (held,) = world["globex.test"].quarantine
        assert (held.host, held.letter, held.filter) == (GATEWAY, letter.number, "deceptive_links")
        assert str(held) == f"letter {letter.number} for bob@globex.test at {GATEWAY}, by deceptive_links ({held.reason})"
        with pytest.raises(ExpectationError, match="was not released from quarantine"):
            letter.trace.assert_released()
        world["globex.test"].quarantine.release(letter)
        letter.trace.assert_released(at=GATEWAY, to=bob)
        letter.trace.assert_delivered(via=[GATEWAY, "mail.globex.test"])
        assert (len(world["globex.test"].quarantine), bob.inbox.subjects) == (0, ["your bank"])


def test_what_was_held_is_thrown_away_and_accounted_for() -> None:
    with playing(ACME, GUARDED) as world:
        alice, bob = cast(world)
        one, two = (alice.send(to=bob, subject=subject, html=LINK) for subject in ("one", "two"))
        world["globex.test"].quarantine.delete(one)
        assert dict(one.trace.status) == {"bob@globex.test": "discarded"}
        assert "discarded by deleted from quarantine" in one.trace.stop
        with pytest.raises(
            MisuseError, match=rf"nothing of the kind is held at globex.test \(held: letter {two.number} for"
        ):
            world["globex.test"].quarantine.release(one)
        world["globex.test"].quarantine.release()
        two.trace.assert_delivered()


def test_a_domain_without_a_gateway_has_no_quarantine() -> None:
    with playing() as world, pytest.raises(MisuseError, match=re.escape("gateway=Gateway(...)")):
        print(world["globex.test"].quarantine)


def test_letters_of_another_world_are_refused() -> None:
    with playing(ACME, GUARDED) as world, playing() as other:
        alice, bob = cast(other)
        stranger = alice.send(to=bob)
        for verb in (world["globex.test"].quarantine.release, world["acme.test"].queue.hold):
            with pytest.raises(MisuseError, match="is a letter of another world"):
                verb(stranger)


def test_the_twins_may_be_awaited() -> None:
    async def story() -> list[str]:
        async with World(ACME, GUARDED) as world:
            await world.aio.user("alice@acme.test").send(to="bob@globex.test", subject="held", html=LINK)
            quarantine = world.aio.quarantine("globex.test")
            (held,) = await quarantine.entries()
            await quarantine.release(held)
            await world.aio.user("alice@acme.test").send(to="bob@globex.test", subject="gone", html=LINK)
            await quarantine.delete()
            return (await world.aio.user("bob@globex.test").inbox()).subjects

    assert asyncio.run(story()) == ["held"]

"""Which host a letter goes to, by what the name system says (RFC 5321 §5.1, RFC 7505)."""

import pytest

from mailharness import Domain, faults
from tests.scenarios.stage import ACME, GLOBEX, GLOBEX_TWO_MX, cast, playing


def test_the_second_mx_is_tried_when_the_first_refuses() -> None:
    with playing(ACME, GLOBEX_TWO_MX) as world:
        alice, bob = cast(world)
        with world.fault(faults.refuse("mx1.globex.test")):
            letter = alice.send(to=bob, subject="by the side door")
            letter.trace.assert_delivered(via="mx2.globex.test", attempts=1)
        assert [attempt.to for attempt in letter.trace.attempts] == ["mx1.globex.test", "mx2.globex.test"]
        alice.send(to=bob).trace.assert_delivered(via="mx1.globex.test")


def test_a_recipient_that_the_first_mx_defers_is_offered_to_the_second_alone() -> None:
    with playing(ACME, GLOBEX_TWO_MX) as world:
        alice, _ = cast(world)
        with world.fault(faults.reply("mx1.globex.test", "RCPT", "451 4.7.1 later", times=1)):
            letter = alice.send(to=["bob@globex.test", "dave@globex.test"])
            letter.trace.assert_delivered()
        assert letter.trace.paths["bob@globex.test"][2] == "mx2.globex.test"
        assert letter.trace.paths["dave@globex.test"][2] == "mx1.globex.test"


def test_a_permanent_answer_of_the_first_mx_is_the_last_word() -> None:
    with playing(ACME, GLOBEX_TWO_MX) as world:
        alice, bob = cast(world)
        with world.fault(faults.reply("mx1.globex.test", "RCPT", "550 5.7.1 not you")):
            alice.send(to=bob).trace.assert_bounced(status="5.7.1")
        assert bob.inbox.subjects == []


def first_choices(seed: int) -> list[str]:
    """The hosts that ten letters went to, each looked up anew, with two MX of equal preference."""
    with playing(ACME, GLOBEX_TWO_MX, seed=seed) as world:
        alice, bob = cast(world)
        world["globex.test"].zone.replace("MX", "10 mx1.globex.test.", "10 mx2.globex.test.")
        return [alice.send(to=bob).trace.path[2] for _ in range(10)]


def test_equal_preferences_are_shared_out_by_the_seed() -> None:
    choices = first_choices(seed=1)
    assert set(choices) == {"mx1.globex.test", "mx2.globex.test"}
    assert choices == first_choices(seed=1)
    assert any(choices != first_choices(seed=other) for other in (2, 3, 4))


def test_a_domain_without_mx_is_its_own_mail_host() -> None:
    with playing() as world:
        alice, bob = cast(world)
        address = world.host("mail.globex.test").address
        world["globex.test"].zone.replace("MX")
        world["globex.test"].zone.replace("A", address)
        letter = alice.send(to=bob, subject="implicit")
        letter.trace.assert_delivered()
        assert [(lookup.name, lookup.rrtype) for lookup in letter.trace.dns] == [
            ("globex.test", "MX"),
            ("globex.test", "A"),
        ]


def test_a_domain_with_neither_mx_nor_address_bounces() -> None:
    with playing() as world:
        alice, bob = cast(world)
        world["globex.test"].zone.replace("MX")
        alice.send(to=bob).trace.assert_bounced(status="5.4.4")


def test_a_null_mx_bounces_at_once() -> None:
    with playing() as world:
        alice, bob = cast(world)
        world["globex.test"].zone.replace("MX", "0 .")
        letter = alice.send(to=bob)
        letter.trace.assert_bounced(status="5.1.10")
        assert letter.trace.bounces[0].reply is not None
        assert letter.trace.bounces[0].reply.code == 556
        assert all(lookup.rrtype == "MX" for lookup in letter.trace.dns)


def test_an_mx_that_is_an_alias_or_has_no_address_is_passed_over_for_one_that_has() -> None:
    with playing(ACME, GLOBEX_TWO_MX) as world:
        alice, bob = cast(world)
        world["globex.test"].zone.replace("MX", "5 nowhere.globex.test.", "10 alias.globex.test.")
        world["globex.test"].zone.replace("CNAME", "mx2.globex.test.", name="alias", strict=False)
        alice.send(to=bob).trace.assert_delivered(via="mx2.globex.test")


@pytest.mark.parametrize("domain", ["nowhere.test", "no.such.tld", "deep.below.globex.test"])
def test_a_domain_that_does_not_exist_bounces(domain: str) -> None:
    with playing() as world:
        alice, _ = cast(world)
        letter = alice.send(to=f"x@{domain}", subject="to nobody")
        letter.trace.assert_bounced(status="5.1.2")
        letter.trace.assert_not_delivered()
        assert alice.inbox.subjects == ["Undelivered Mail Returned to Sender"]


def test_a_letter_to_an_address_literal_needs_no_names() -> None:
    with playing() as world:
        alice, _ = cast(world)
        letter = alice.send(to=f"bob@[{world.host('mail.globex.test').address}]")
        assert letter.trace.dns == ()
        assert letter.trace.attempts[0].to == f"[{world.host('mail.globex.test').address}]"


def test_a_letter_never_leaves_loopback() -> None:
    with playing() as world:
        alice, bob = cast(world)
        world["globex.test"].zone.replace("A", "192.0.2.1", name="mail")
        letter = alice.send(to=bob)
        letter.trace.assert_queued(at="mail.acme.test")
        assert "192.0.2.1" in letter.trace.stop
        assert "leave this machine" in letter.trace.stop


def test_two_domains_whose_mx_point_at_each_other_end_in_a_bounce() -> None:
    """Each relays what the other's zone says is its own: the trace headers are what ends it (RFC 5321 §6.3)."""
    with playing(ACME, GLOBEX, Domain("initech.test", users=["erin"])) as world:
        alice, _ = cast(world)
        world["globex.test"].zone.replace("MX", "10 mail.initech.test.")
        world["initech.test"].zone.replace("MX", "10 mail.globex.test.")
        letter = alice.send(to="erin@initech.test", subject="round and round")
        letter.trace.assert_bounced()
        assert len(world.letters) == 2

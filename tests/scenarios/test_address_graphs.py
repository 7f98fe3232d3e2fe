"""Aliases, forwards and lists drawn at random: every letter comes to an end, and the books balance."""

import random

import pytest

from mailharness import Account, Domain, Forward, MailingList, MisuseError, Schedule
from mailharness.trace.events import Expanded
from tests.scenarios.stage import playing

DOMAINS = ("a.test", "b.test")
SHORT = Schedule(steps=(3600,), every=43_200, give_up=86_400)
NAMES = ("u1", "u2", "u3", "u1", "u2+x", "f1", "f2", "x1", "x2", "x3", "l1", "l2", "nobody")


def draw(rng: random.Random, name: str) -> Domain:
    """A domain in which anything may stand for anything, here and elsewhere."""

    def some(most: int) -> list[str]:
        return [f"{rng.choice(NAMES)}@{rng.choice(DOMAINS)}" for _ in range(rng.randint(1, most))]

    users = ["u1", "u2", Account("u3", quota=rng.choice([0, 4_000]))]
    forwards = [
        Account(who, forward=Forward(some(2), keep=rng.random() < 0.5, rewrite=rng.choice([None, "own", "srs"])))
        for who in ("f1", "f2")
    ]
    lists = [
        MailingList(who, some(3), owner=rng.choice([None, "u1"]), post="anyone", verp=rng.random() < 0.5, bounces=2)
        for who in ("l1", "l2")
    ]
    while True:
        aliases = {who: some(2) for who in ("x1", "x2", "x3")}
        try:
            return Domain(
                name,
                users=[*users, *forwards],
                aliases=aliases,
                lists=lists,
                catch_all=rng.choice([None, None, "u2"]),
                retry=SHORT,
            )
        except MisuseError:
            continue  # a circle of aliases, which is refused where it is written


@pytest.mark.parametrize("seed", range(20))
def test_whatever_stands_for_whatever_every_letter_ends(seed: int) -> None:
    rng = random.Random(seed)
    with playing(*(draw(rng, name) for name in DOMAINS), seed=seed) as world:
        letters = []
        for n in range(6):
            to = [f"{rng.choice(NAMES)}@{rng.choice(DOMAINS)}" for _ in range(rng.randint(1, 4))]
            letters.append(world.user(f"u1@{rng.choice(DOMAINS)}").send(to=list(dict.fromkeys(to)), subject=f"letter {n}"))
        world.assert_conserved()
        world.clock.advance(days=8)
        ends = {status for letter in world.letters for status in letter.trace.status.values()}
        assert ends <= {"delivered", "bounced", "discarded", "refused"}
        for letter in letters:
            known = [*letter.trace.status, *letter.trace.paths]
            assert all(letter.trace.status[name] for name in known)


CIRCLE = ("a.test", "b.test", "c.test")
EVERYONE = ("f1", "f2", "f3", "x1", "x2", "l1", "l2", "u1")


def draw_dense(rng: random.Random, name: str) -> Domain:
    """A domain where nearly every name stands for three of other domains: without a bound this grows without end."""

    def elsewhere() -> list[str]:
        return [f"{rng.choice(EVERYONE)}@{rng.choice([other for other in CIRCLE if other != name])}" for _ in range(3)]

    forwards = [
        Account(who, forward=Forward(elsewhere(), keep=rng.random() < 0.5, rewrite=rng.choice([None, "own", "srs"])))
        for who in ("f1", "f2", "f3")
    ]
    lists = [MailingList(who, elsewhere(), post="anyone", owner="u1", verp=rng.random() < 0.5) for who in ("l1", "l2")]
    aliases = {who: elsewhere() for who in ("x1", "x2")}
    return Domain(name, users=["u1", *forwards], aliases=aliases, lists=lists, retry=SHORT)


def test_those_who_stand_for_each_other_everywhere_are_found_out() -> None:
    rng = random.Random(1)
    with playing(*(draw_dense(rng, name) for name in CIRCLE), seed=1) as world:
        letter = world.user("u1@a.test").send(to="f1@b.test", subject="round and round")
        bounces = [bounce for each in world.letters for bounce in each.trace.bounces]
        assert "5.4.6" in {bounce.status for bounce in bounces}
        assert any("Expanded 1,000 times already" in str(bounce.reply) for bounce in bounces)
        assert len(world.journal.of_kind(Expanded)) == 1_000
        assert "queued" not in letter.trace.status.values()


def test_a_list_of_many_is_one_expansion() -> None:
    members = [f"m{n}" for n in range(1_100)]
    domain = Domain("a.test", users=["u1", *members], lists=[MailingList("all", members, post="anyone", verp=True)])
    with playing(domain) as world:
        letter = world.user("u1@a.test").send(to="all@a.test")
        assert set(letter.trace.status.values()) == {"delivered"}
        assert len(letter.trace.status) == 1_100

"""Aliases, forwards and lists drawn at random: every letter comes to an end, and the books balance."""

import random

import pytest

from mailharness import Account, Domain, Forward, MailingList, MisuseError, Schedule
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

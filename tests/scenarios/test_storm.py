"""A storm of every fault that there is: no letter is lost, each second copy is explained, and the seed tells it again.

``make storm`` sends 10,000 letters; ``STORM=letters,seed`` any other storm.
"""

import os
import random
from collections import Counter

from mailharness import World, behaviours
from mailharness.agents.behaviours import Behaviour
from mailharness.faults.spec import REGISTRY
from tests.scenarios.storm import Books, domains, hidden_replies, rage
from tests.scenarios.weather import BEHAVIOURS, BETWEEN_HOSTS, DOMAINS, blow

START = 1_800_000_000
"""Message-IDs of reports have the time in them, and are part of the books."""
LETTERS, SEED = (int(number) for number in os.environ.get("STORM", "1000,1").split(","))
READING = {"storage.in_use", "storage.new_uidvalidity", "storage.renumber"}
ON_THE_WAY = {name for name in REGISTRY if not name.startswith(("imap.", "pop3.")) and name not in READING}
"""The faults that a letter can meet before it rests; the others are met by who reads it."""
FAMILIES = {name.partition(".")[0] for name in ON_THE_WAY}


def weathered(seed: int, letters: int) -> tuple[Books, Counter[str], Counter[str]]:
    """The books of one storm, the replies that it hid, and the faults that fired in it."""
    rng = random.Random(seed)
    with World(*domains(rng), seed=seed, start=START) as world:
        books, fired = rage(world, rng, letters)
        world.assert_conserved()
        assert [str(waiting) for name in DOMAINS for waiting in world[name].queue] == []
        return books, hidden_replies(world), fired


def test_ten_domains_lose_no_letter_in_a_storm() -> None:
    """By the books of a stranger: what smtplib was answered, what imaplib finds, and the reports that came back."""
    books, hidden, fired = weathered(SEED, LETTERS)
    assert books.lost == []
    assert [one for one in books.invented if not hidden[one.message_id]] == []
    assert {one: times for one, times in books.doubled.items() if times > hidden[one.message_id]} == {}
    assert books.accepted.total() + books.refused.total() + books.unknown.total() >= LETTERS
    assert all((books.refused, books.unknown, books.failed, books.doubled))
    assert {name.partition(".")[0] for name in fired} == FAMILIES
    assert LETTERS < 10_000 or set(fired) == ON_THE_WAY


def test_the_same_seed_writes_the_same_books() -> None:
    first, again, another = (weathered(seed, 100) for seed in (3, 3, 14))
    assert first == again
    assert first[0] != another[0]


def test_every_fault_and_every_behaviour_is_part_of_the_weather() -> None:
    assert set(BETWEEN_HOSTS) == ON_THE_WAY
    made = {name for name in behaviours.__all__ if name.islower()}
    assert set(BEHAVIOURS) == made - {"find_personality", "personality_names"}
    rng = random.Random(1)
    assert all(isinstance(make(rng), Behaviour) for make in BEHAVIOURS.values())
    drawn = {fault.spec.function for fault in (blow(rng) for _ in range(2000)) if fault.spec is not None}
    assert drawn == ON_THE_WAY

"""Storms: faults of every family at once, drawn by a seed, over letters between three domains, until all is settled.

Submissions are spared, so that each letter has an end: in the inbox, or reported to its sender. The books of the journal
balance whenever the world is at rest; what the inboxes hold is counted beside them.
"""

import random
from collections import Counter
from collections.abc import Callable

import pytest

from mailharness import Domain, World, faults
from mailharness.faults import Fault
from mailharness.trace.events import Event

DOMAINS = ("a.test", "b.test", "c.test")
HOSTS = tuple(f"mail.{domain}" for domain in DOMAINS)
MOMENTS = ("CONNECT", "EHLO", "STARTTLS", "MAIL", "RCPT", "DATA", "BODY", "EOD", "QUIT")
ANSWERED = tuple(moment for moment in MOMENTS if moment != "BODY")
SAID = ("EHLO", "STARTTLS", "MAIL", "RCPT", "DATA", "BODY")
SMTP, NET, STORAGE = faults.smtp, faults.network, faults.storage
Draw = random.Random
SECONDS = (1, 60, 400, 4000)

AT_A_SERVER: list[Callable[..., Fault]] = [
    lambda rng, host, **which: SMTP.reply(host, rng.choice(MOMENTS), "421 4.3.2 closing", **which),
    lambda rng, host, **which: SMTP.reply(host, rng.choice(MOMENTS), "550 5.7.1 no", **which),
    lambda rng, host, **which: SMTP.garbage(host, rng.choice(MOMENTS), **which),
    lambda rng, host, **which: SMTP.garbage(host, rng.choice(ANSWERED), "250-never ends", **which),
    lambda rng, host, **which: SMTP.delay(host, rng.choice(MOMENTS), rng.choice(SECONDS), **which),
    lambda rng, host, **which: SMTP.hang(host, rng.choice(MOMENTS), **which),
    lambda rng, host, **which: SMTP.close(host, rng.choice(MOMENTS), **which),
    lambda rng, host, **which: SMTP.reset(host, rng.choice(MOMENTS), **which),
    lambda rng, host, **which: SMTP.drop_after(host, rng.choice((0, 10, 200, 10**6)), **which),
    lambda rng, host, **which: SMTP.slow_reply(host, rng.choice(ANSWERED), rng.choice(SECONDS), **which),
    lambda rng, host, **which: SMTP.drip(host, rng.choice(ANSWERED), rng.choice((0.1, 1, 10)), **which),
    lambda rng, host, **which: SMTP.multi_line(host, rng.choice(ANSWERED), **which),
    lambda rng, host, **which: SMTP.wrong_code(host, rng.choice(ANSWERED), rng.choice((354, 421, 451, 550)), **which),
    lambda rng, host, **which: SMTP.lose_reply(host, rng.choice(ANSWERED), **which),
    lambda rng, host, **which: SMTP.hide(host, rng.choice(("PIPELINING", "SIZE", "STARTTLS")), **which),
    lambda rng, host, **which: NET.refuse(host, **which),
    lambda rng, host, **which: NET.blackhole(host, **which),
    lambda rng, host, **which: NET.unreachable(host, **which),
    lambda rng, host, **which: NET.reset_after(host, rng.choice((0, 10, 100, 500)), **which),
    lambda rng, host, **which: faults.tls.fail_handshake(host, **which),
    lambda rng, host, **which: faults.tls.certificate(host, "expired", **which),
]
AT_A_HOST: list[Callable[..., Fault]] = [
    lambda rng, host, **which: SMTP.garbage(host, rng.choice(SAID), end="client", **which),
    lambda rng, host, **which: SMTP.delay(host, rng.choice(MOMENTS), rng.choice(SECONDS), end="client", **which),
    lambda rng, host, **which: SMTP.hang(host, rng.choice(MOMENTS), end="client", **which),
    lambda rng, host, **which: SMTP.close(host, rng.choice(MOMENTS), end="client", **which),
    lambda rng, host, **which: SMTP.reset(host, rng.choice(MOMENTS), end="client", **which),
    lambda rng, host, **which: SMTP.drop_after(host, rng.choice((0, 200, 10**6)), end="client", **which),
    lambda rng, host, **which: SMTP.wrong_command(host, rng.choice(("MAIL", "RCPT", "DATA")), "NOPE", **which),
    lambda rng, host, **which: SMTP.say_helo(host, **which),
    lambda rng, host, **which: SMTP.skip_quit(host, **which),
    lambda rng, host, **which: NET.partition(host, "*", **which),
    lambda rng, host, **which: NET.latency(host, "*", rng.choice((0.1, 5)), **which),
    lambda rng, host, **which: NET.bandwidth(host, "*", rng.choice((0.1, 5, 100)), **which),
    lambda rng, host, **which: STORAGE.disk_full(host, "after", **which),
    lambda rng, host, **which: STORAGE.slow(host, rng.choice(SECONDS), **which),
    lambda rng, host, **which: STORAGE.mailbox_locked(f"bob@{host[5:]}", **which),
    lambda rng, host, **which: STORAGE.mailbox_missing(f"bob@{host[5:]}", **which),
    lambda rng, host, **which: faults.dns.servfail(host[5:], **which),
    lambda rng, host, **which: faults.dns.no_answer(host[5:], **which),
]


def draw(rng: Draw) -> Fault:
    """Any fault, at any host, now and then, for a while or for ever."""
    server, client = rng.sample(HOSTS, 2)
    which = {"probability": rng.choice((0.1, 0.3, 0.6)), "times": rng.choice((None, 1, 3)), "optional": True}
    which["until"] = rng.choice((None, 600, 86_400))
    if rng.random() < 0.6:
        return rng.choice(AT_A_SERVER)(rng, server, client=client, **which)
    return rng.choice(AT_A_HOST)(rng, server, **which)


def storm(seed: int, letters: int = 6) -> tuple[dict[str, list[str]], Counter[str]]:
    """What happened in each session and to each letter, by the kinds of the events, and how the letters ended."""
    rng = Draw(seed)
    with World(*(Domain(name, users=["alice", "bob"]) for name in DOMAINS), seed=seed) as world:
        sent = []
        with world.fault(*(draw(rng) for _ in range(5))):
            for number in range(letters):
                to = [f"bob@{name}" for name in rng.sample(DOMAINS, rng.randint(1, 2))]
                sent.append(world.user(f"alice@{rng.choice(DOMAINS)}").send(to=to, subject=f"{number}"))
                world.assert_conserved()
                world.clock.advance(minutes=rng.choice((0, 1, 100)))
                world.assert_conserved()
        world.clock.advance(days=7)
        world.assert_conserved()
        ends = Counter(status for letter in sent for status in letter.trace.status.values())
        found = Counter(subject for name in DOMAINS for subject in world.user(f"bob@{name}").inbox.subjects)
        for number, letter in enumerate(sent):
            assert found[f"{number}"] >= list(letter.trace.status.values()).count("delivered")
        return told(world.journal.events), ends


def told(events: list[Event]) -> dict[str, list[str]]:
    """The kinds of events in order, a session and a letter each; when a client program says goodbye is its own affair."""
    stories: dict[str, list[str]] = {}
    for event in events:
        kind = type(event).__name__ + getattr(event, "verb", "")
        for key in ([f"session {event.session}"] * bool(event.session)) + ([f"letter {event.letter}"] * bool(event.letter)):
            stories.setdefault(key, []).append(kind)
    return stories


@pytest.mark.parametrize("seed", range(24))
def test_every_letter_has_an_end_and_none_is_lost(seed: int) -> None:
    _, ends = storm(seed)
    assert set(ends) <= {"delivered", "bounced"}
    assert sum(ends.values()) >= 6


@pytest.mark.parametrize("seed", [3, 14])
def test_the_same_seed_tells_the_same_stories(seed: int) -> None:
    assert storm(seed) == storm(seed)


def test_storms_break_things() -> None:
    ends = sum((storm(seed)[1] for seed in range(6)), Counter())
    assert ends["delivered"] > ends["bounced"] > 0

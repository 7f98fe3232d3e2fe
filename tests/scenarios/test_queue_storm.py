"""A postmaster with unsteady hands: holds, releases, deletes and switches at random, while the network does its worst."""

import contextlib
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from mailharness import Domain, MisuseError, Schedule, SendingLimits, World
from mailharness.faults import PASS, Answer, Cut, Delay, Drop, Fault, Verdict
from mailharness.mail import Cause
from mailharness.trace.events import Commanded, DataEnded, Dialed, Event, Replied

NAMES = ("acme.test", "globex.test", "initech.test")
RETRY = Schedule(steps=(60, 120), every=600, give_up=7200, warn=1800, jitter=0.2)
STEPS = 40


def bad_weather(rng: random.Random) -> Callable[[Event], Verdict]:
    """What may become of anything that hosts say to each other."""

    def judge(event: Event) -> Verdict:
        if isinstance(event, Dialed):
            return rng.choice([Delay(20), Drop(), Cut()]) if rng.random() < 0.1 else PASS
        if event.of.cause is not Cause.RELAY or rng.random() > 0.1:
            return PASS
        if isinstance(event, Commanded | DataEnded):
            return rng.choice([Delay(10), Delay(300), Answer("451 4.7.1 later"), Cut()])
        return Cut() if isinstance(event, Replied) and "queued as" in event.text else PASS

    return judge


def step(world: World, rng: random.Random) -> None:
    """Somebody does something."""
    queue, host = world[rng.choice(NAMES)].queue, world.host(f"mail.{rng.choice(NAMES)}")
    if rng.random() < 0.5:
        sender, to = rng.choice(NAMES), rng.choice(NAMES)
        if world.host(f"mail.{sender}").running:
            world.user(f"user@{sender}").send(to=[f"{name}@{to}" for name in rng.sample(["user", "other", "nobody"], 2)])
        return
    act = rng.choice(
        [
            lambda: world.clock.advance(rng.choice([5, 60, 600, 3600])),
            lambda: world.clock.advance(rng.choice([60, 600])),
            queue.hold,
            queue.release,
            queue.flush,
            lambda: queue.hold(recipient=f"user@{rng.choice(NAMES)}"),
            lambda: queue.delete(bounce=rng.random() < 0.5),
            lambda: (world.switch_off if host.running else world.switch_on)(host.name),
        ]
    )
    with contextlib.suppress(MisuseError):  # as for an empty queue
        act()


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_done_to_queues_no_letter_is_lost(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    limits = SendingLimits(connections=rng.choice([1, 2, 20]), letters=rng.choice([None, 2]))
    domains = [Domain(name, users=["user", "other"], retry=RETRY, sending=limits) for name in NAMES]
    spool = tmp_path / "queues.db" if seed % 2 else None
    with World(*domains, seed=seed, spool=spool) as world:
        with world.fault(Fault("bad weather", bad_weather(rng), None, (), True)):
            for _ in range(STEPS):
                step(world, rng)
                world.assert_conserved()
        for name in NAMES:
            world.switch_on(f"mail.{name}")
            with contextlib.suppress(MisuseError):
                world[name].queue.release()
        world.clock.advance(days=1)
        world.assert_conserved()
        assert [str(entry) for name in NAMES for entry in world[name].queue] == []
        ends = {status for letter in world.letters for status in letter.trace.status.values()}
        assert ends <= {"delivered", "bounced", "refused", "discarded"}
        assert "delivered" in ends

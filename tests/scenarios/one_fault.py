"""Worlds with one fault: what it is and where it strikes is drawn by a seed, out of all the faults that there are.

A letter goes from a submission host of one domain to a user of another, on one of several ways. What the world says of it
where it did not arrive is asked twice: as soon as all has come to rest, and when every queue has given up.
"""

import contextlib
import random
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mailharness import Account, Domain, Gateway, MailingList, SmartHost, World
from mailharness.faults import Fault
from mailharness.faults.spec import REGISTRY
from mailharness.trace.events import CERTIFICATES, Judged

SUBMISSION = "out.a.test"
_B = {"users": ["bob"], "mx": ["mx1"]}
_C = Domain("c.test", users=["cleo"], mx=["mx1"], submission=["mx1"])
_TEAM = MailingList("team", ["bob", "cleo@c.test"], post="anyone")


def _a(**more: Any) -> Domain:
    return Domain("a.test", users=["ann"], submission=["out"], mx=["in"], **more)


def _b(**more: Any) -> Domain:
    return Domain("b.test", **(_B | more))


WAYS = {
    "straight": (_a(), _b(), _C),
    "two MX hosts": (_a(), _b(mx=["mx1", "mx2"]), _C),
    "a gateway": (_a(), _b(gateway=Gateway()), _C),
    "an alias": (_a(), _b(aliases={"team": "bob"}), _C),
    "a forward": (_a(), _b(users=[Account("bob", forward="cleo@c.test")]), _C),
    "a list": (_a(), _b(lists=[_TEAM]), _C),
    "a smart host": (_a(route={"*": SmartHost("[mx1.c.test]", "cleo@c.test", "secret")}), _b(), _C),
    "a backup MX": (_a(), _b(backup_mx=["mx1.c.test"]), _C),
    "TLS or nothing": (_a(), _b(), _C),
}
"""The ways a letter may have to go. Its recipient is a user of b.test, or what there is called the team."""
_BEHIND = {
    "two MX hosts": "mx2.b.test",
    "a gateway": "mail.b.test",
    "a forward": "mx1.c.test",
    "a list": "mx1.c.test",
    "a smart host": "mx1.c.test",
    "a backup MX": "mx1.c.test",
}
"""Which host besides mx1.b.test a letter may meet."""
_FAMILIES = sorted({name.partition(".")[0] for name in REGISTRY})
_ANSWERS = ("421 4.3.2 closing", "451 4.7.1 later", "452 4.3.1 full", "550 5.7.1 no", "554 5.6.0 never")
_MOMENTS = ("CONNECT", "EHLO", "STARTTLS", "MAIL", "RCPT", "DATA", "EOD", "QUIT")
_SLOW = ("delay", "hang", "slow_reply", "drip", "blackhole", "latency", "bandwidth", "partition", "slow", "late_exists")
"""What waits for the world's clock: at the submission host it would stop the very thread that moves the clock."""
_READING = {
    "imap": {"command": ("LOGIN", "SELECT", "FETCH"), "text": ("NO no", "BYE go")},
    "pop3": {"command": ("USER", "PASS", "STAT", "RETR"), "text": ("-ERR no",)},
}


def draw(rng: random.Random) -> tuple[str, Fault]:
    """A way, and one fault of any function of any family."""
    way, family = rng.choice(list(WAYS)), rng.choice(_FAMILIES)
    name = rng.choice([one for one in sorted(REGISTRY) if one.startswith(f"{family}.")])
    hosts = tuple(filter(None, ("mx1.b.test", _BEHIND.get(way))))
    made = {key: value for key, value in _values(rng, name, hosts).items() if key in REGISTRY[name].keywords}
    return way, REGISTRY[name](made | {"optional": True})


def _values(rng: random.Random, name: str, hosts: tuple[str, ...]) -> dict[str, Any]:
    family, _, function = name.partition(".")
    far = "c.test" if "mx1.c.test" in hosts else "b.test"
    end = rng.choice(("server", "client"))
    slow_server = function in _SLOW and (end == "server" or "end" not in REGISTRY[name].keywords)
    values: dict[str, Any] = {
        "host": rng.choice(hosts if slow_server or family in _READING else (*hosts, SUBMISSION)),
        "a": rng.choice((SUBMISSION, "*")),
        "b": rng.choice(hosts),
        "end": end,
        "command": rng.choice(_MOMENTS if end == "server" or function != "garbage" else _MOMENTS[1:6]),
        "text": rng.choice(_ANSWERS) if function != "garbage" else "\x00\x7f\x80garbage",
        "line": "NOPE",
        "seconds": rng.choice((1, 60, 4000)),
        "octets": rng.choice((1, 10, 200, 600)),
        "octets_per_second": rng.choice((0.01, 1, 100)),
        "code": rng.choice((354, 421, 451, 550)),
        "extensions": [rng.choice(("PIPELINING", "STARTTLS", "SIZE", "8BITMIME"))],
        "kind": rng.choice(sorted(CERTIFICATES)),
        "when": rng.choice(("before", "after")),
        "name": rng.choice(("b.test", far)),
        "victim": "a.test",
        **({} if family in _READING else {"user": rng.choice(("bob@b.test", "cleo@c.test"))}),
        **{key: rng.choice(those) for key, those in _READING.get(family, {}).items()},
        **({"times": rng.choice((1, 2))} if rng.random() < 0.3 else {}),
        **({"probability": 0.7} if rng.random() < 0.15 else {}),
    }
    if name == "smtp.wrong_command":
        values["command"] = rng.choice(("MAIL", "RCPT", "DATA"))
    return values


@dataclass
class Mishap:
    """What one seed brought: the first line of each failure that a test would have been told, and what it should name."""

    seed: int
    way: str
    fault: Fault
    told: list[str] = field(default_factory=list)
    fired: bool = False

    @property
    def unnamed(self) -> list[str]:
        """The first lines that do not name the fault."""
        return [f"seed {self.seed}, {self.way}: {self.fault}: {line}" for line in self.told if self.fault.name not in line]


def happen(seed: int) -> Mishap:
    """Play the world of ``seed``."""
    way, fault = draw(random.Random(seed))
    mishap = Mishap(seed, way, fault)
    with World(*WAYS[way], seed=seed) as world, world.fault(fault):
        mishap.told += _failures(world, way)
        mishap.fired = bool(world.journal.of_kind(Judged))
        world.assert_conserved()
    return mishap


def _failures(world: World, way: str) -> Iterator[str]:
    to = "team@b.test" if way in ("an alias", "a list") else "bob@b.test"
    tls = way == "TLS or nothing"
    try:
        letter = world.user("ann@a.test").send(to=to, text="Hold fast.\r\n" * 30, tls=tls, require_tls=tls)
    except (smtplib.SMTPException, OSError) as error:
        yield " ".join(error.__notes__)  # of smtplib's own words we are not the author
        return
    for days in (0, 6):
        world.clock.advance(days=days)
        with contextlib.suppress(AssertionError):
            letter.trace.assert_delivered()
            continue
        yield _first_line(letter.trace.assert_delivered)


def _first_line(claim: Any) -> str:
    try:
        claim()
    except AssertionError as failure:
        return str(failure).splitlines()[0]
    return "it was delivered after all"

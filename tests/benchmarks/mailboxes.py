"""Mailboxes over IMAP and POP3: ours beside Dovecot and pymap, all up at the same time and asked in turn by one client."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import NamedTuple

from mailharness import World
from tests.benchmarks.client import client
from tests.benchmarks.mail_servers import SERVERS, MailServer
from tests.benchmarks.measuring import MS, US, environment
from tests.benchmarks.table import Figure, Line

SIZE = 2_000
ROUNDS = 5
MANY, VERY_MANY = 10_000, 100_000
TWICE_DOVECOT = {"Dovecot": 2, "Dovecot tuned": 2, "pymap": 5}
AS_DOVECOT = {"Dovecot": 1, "Dovecot tuned": 1, "pymap": 5}
PYMAP_ALONE = {"pymap": 5}
"""How many times as quick as a peer we are to be."""
KINDS = {
    "a flag": "UNFLAGGED",
    "a date": "SINCE 1-Jan-2026",
    "a header field": "SUBJECT needle",
    "an address": "FROM p7@client.bench",
    "body text": "BODY needle",
    "any text": "TEXT needle",
}


class Side(NamedTuple):
    """The servers that stand side by side, and what is to be said of those that are not there."""

    servers: dict[str, MailServer]
    absent: tuple[str, ...]


@contextmanager
def side_by_side(letters: int = 0) -> Iterator[Side]:
    """Every server that this machine has, each with so many letters in INBOX."""
    servers: dict[str, MailServer] = {}
    absent: list[str] = []
    with ExitStack() as stack:
        for name, start in SERVERS.items():
            try:
                servers[name] = stack.enter_context(start())
            except ModuleNotFoundError as error:
                absent.append(f"{name} absent: {error}")
        for server in servers.values():
            if letters:
                client().ask("fill", **server.inbox, count=letters, size=SIZE)
        yield Side(servers, tuple(absent))


Ask = Callable[[MailServer, int], float]
"""Do a thing so many times; how many seconds it took."""


def compared(
    side: Side, what: str, ask: Ask, count: int, *, shares: Mapping[str, int], fewer: Mapping[str, int] | None = None
) -> Line:
    """How often a second, by turns; ``fewer`` times at those servers that are so slow that nobody would wait for it."""
    rates: dict[str, list[float]] = {name: [] for name in side.servers}
    costs: dict[str, list[float]] = {name: [] for name in side.servers}
    for _ in range(ROUNDS + 1):
        for name, server in side.servers.items():
            times = (fewer or {}).get(name, count)
            cpu, seconds = server.cpu(), ask(server, times)
            rates[name].append(times / seconds)
            costs[name].append((server.cpu() - cpu) * US / times)
    figures = {name: Figure(tuple(samples[1:]), "/s") for name, samples in rates.items()}
    mine = figures.pop("ours")
    times = ", ".join(f"{mine.value / figure.value:.1f}x {name}" for name, figure in figures.items())
    spent = ", ".join(f"{name} {Figure(tuple(samples[1:]), 'us')}" for name, samples in costs.items())
    first = ", ".join(f"{name} {Figure((samples[0],), '/s')}" for name, samples in rates.items())
    budget = max((share * figures[name].value for name, share in shares.items() if name in figures), default=None)
    return Line(
        what,
        mine,
        budget,
        more_is_better=True,
        references=tuple(figures.items()),
        absent=side.absent,
        note=f"{times}; CPU each: {spent}; the first round: {first}",
    )


def imap_logins() -> Iterator[Line]:
    """A connection each, one at a time."""

    def ask(server: MailServer, count: int) -> float:
        return client().ask("logins", **server.inbox, count=count)

    with side_by_side() as side:
        yield compared(side, "IMAP logins a second", ask, 200, shares=TWICE_DOVECOT, fewer={"pymap": 10})


def imap_appends() -> Iterator[Line]:
    """A literal that is asked for, then the next."""

    def ask(server: MailServer, count: int) -> float:
        return client().ask("appends", **server.inbox, count=count, size=SIZE)

    with side_by_side() as side:
        yield compared(side, "APPENDs of 2 kB a second", ask, 500, shares=TWICE_DOVECOT)


def imap_fetches() -> Iterator[Line]:
    """A whole mailbox of 1,000 messages with one command, again and again."""
    with side_by_side(1_000) as side:
        for what, item, least in (("headers", "BODY.PEEK[HEADER]", 200), ("whole, of 2 kB", "BODY.PEEK[]", 1_900)):

            def ask(server: MailServer, count: int, item: str = item, least: int = least) -> float:
                words, times = f"FETCH 1:* ({item})", count // 1_000
                return client().ask("commands", **server.inbox, words=words, count=times, least=least * 1_000)

            yield compared(side, f"messages fetched a second, {what}", ask, 10_000, shares=AS_DOVECOT)


def imap_searches() -> Iterator[Line]:
    """Through 10,000 messages; the first round is the one that reads them."""
    with side_by_side(MANY) as side:
        for kind, words in KINDS.items():

            def ask(server: MailServer, count: int, words: str = words) -> float:
                return client().ask("commands", **server.inbox, words=f"SEARCH {words}", count=count)

            what = f"SEARCH of 10,000 messages a second, {kind}"
            yield compared(side, what, ask, 5, shares=PYMAP_ALONE, fewer={"pymap": 1})


def imap_idle() -> Iterator[Line]:
    """From the last octet of a message to EXISTS in another session."""
    samples: dict[str, list[float]] = {}
    with side_by_side() as side:
        for _ in range(3):
            for name, server in side.servers.items():
                count = 4 if name.startswith("Dovecot") else 100
                told = client().ask("announced", **server.inbox, count=count)
                samples.setdefault(name, []).append(median(told) * MS)
        figures = {name: Figure(tuple(medians), "ms") for name, medians in samples.items()}
        mine, others = figures.pop("ours"), tuple(figures.items())
        yield Line("APPEND to EXISTS in IDLE", mine, 1, references=others, absent=side.absent, note="from the last octet")
    with World() as world:
        bob, site = world.users[1], world["exampleB.tst"]
        letter = {"target": site.smtp, "sender": "x@else.tst", "to": str(bob), "imap": site.imap, "password": bob.password}
        told = client().ask("delivered", **letter, count=300, size=SIZE)
        yield Line(
            "letter by SMTP to EXISTS in IDLE", Figure(tuple(s * MS for s in told[20:]), "ms"), 1, note="from the dot"
        )


def pop3_retrievals() -> Iterator[Line]:
    """RETR of 1,000 messages, one answer after the other."""

    def ask(server: MailServer, count: int) -> float:
        return client().ask("retrievals", **server.maildrop, count=count, least=1_900)

    with side_by_side(1_000) as side:
        mute = tuple(f"{name} absent: it has no POP3" for name, server in side.servers.items() if server.pop3 is None)
        speaking = {name: server for name, server in side.servers.items() if server.pop3 is not None}
        talkers = Side(speaking, side.absent + mute)
        yield compared(talkers, "POP3 RETRs of 2 kB a second", ask, 1_000, shares={})


def imaplib_appends() -> Iterator[Line]:
    """By the standard library's client; of a server that waits for delayed acknowledgements only some, counted up."""
    few = {"pymap": 50}
    with side_by_side() as side:
        samples: dict[str, list[float]] = {name: [] for name in side.servers}
        for _ in range(3):
            for name, server in side.servers.items():
                count = few.get(name, 1_000)
                samples[name].append(
                    client().ask("imaplib_appends", **server.inbox, count=count, size=SIZE) * 1_000 / count
                )
        figures = {name: Figure(tuple(seconds), "s") for name, seconds in samples.items()}
        mine, others = figures.pop("ours"), tuple(figures.items())
        note = f"pymap's {few['pymap']}, times {1_000 // few['pymap']}"
        yield Line("imaplib's 1,000 APPENDs", mine, 0.5, references=others, absent=side.absent, note=note)


_ALONE = """
import json, sys

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

from mailharness import World

with World() as world:
    user = world.users[0]
    print(json.dumps([world["exampleA.tst"].imap, str(user), user.password]), flush=True)
    for _ in sys.stdin:
        print(resident(), flush=True)
"""
"""A world in a process of its own: says where it is, then for each line its resident octets, on Linux."""


def mailbox_memory() -> Iterator[Line]:
    """Messages of 2 kB, appended a thousand at a time so that the journal is short; the octets of the messages included."""
    command = [sys.executable, "-c", _ALONE]
    with subprocess.Popen(
        command, env=environment(), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1
    ) as world:
        assert world.stdin is not None
        assert world.stdout is not None
        target, user, password = json.loads(world.stdout.readline())

        def resident() -> int:
            world.stdin.write("\n")
            return int(world.stdout.readline())

        inbox = {"target": target, "user": user, "password": password}
        client().ask("fill", **inbox, count=1_000, size=SIZE, together=1_000)
        before = resident()
        client().ask("fill", **inbox, count=VERY_MANY, size=SIZE, together=1_000)
        each = Figure(((resident() - before) / VERY_MANY,), "B")
        client().ask("commands", **inbox, words="FETCH 1:* (BODYSTRUCTURE ENVELOPE)", count=1)
        client().ask("commands", **inbox, words="SEARCH TEXT needle", count=1)
        read = Figure(((resident() - before) / VERY_MANY,), "B")
        world.stdin.close()
    yield Line(
        "memory of each of 100,000 messages of 2 kB", each, note=f"resident, octets included; {read} once read and searched"
    )

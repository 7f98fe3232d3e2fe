"""A storm: many letters between many domains while faults drawn by a seed come and go, and the books of a stranger.

The books know nothing of the world's journal: what smtplib was answered, what imaplib finds in the end, and what the
reports say that came back, as the standard library reads them. Submission hosts stand apart from the MX hosts, so that
what stalls a session on the world's clock never stalls the program that writes, in the very thread that moves the clock.
"""

import contextlib
import email
import imaplib
import itertools
import random
import smtplib
from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from email.message import Message as Email
from typing import NamedTuple

from mailharness import Domain, Host, MisuseError, World
from mailharness.trace.events import Accepted, Event, Judged, Relayed, Replied
from tests.scenarios.weather import DOMAINS, USERS, WRITERS, blow, manners

_MESSAGE_ID = "Message-ID"
_HARMLESS = ("answer '250", "delay", "pace")
"""How verdicts begin that leave a 250 what it is; a client that did not wait for it says so itself."""
_PATIENCE = 30.0
"""Real seconds in which a host that takes submissions has to answer."""


class Posted(NamedTuple):
    """One letter for one recipient."""

    message_id: str
    recipient: str


@dataclass
class Books:
    """What a stranger knows of each letter and recipient."""

    accepted: Counter[Posted] = field(default_factory=Counter)
    """A 250 was read for the recipient, and one for the letter."""
    refused: Counter[Posted] = field(default_factory=Counter)
    unknown: Counter[Posted] = field(default_factory=Counter)
    """The connection ended before there was an answer to the whole letter."""
    found: Counter[Posted] = field(default_factory=Counter)
    """How often it lies in the recipient's mailbox; reports have recipients and Message-IDs too."""
    failed: dict[Posted, set[str]] = field(default_factory=dict)
    """The reports of failure that came back to the sender, by their own Message-IDs."""
    reports: set[Posted] = field(default_factory=set)
    """What was found and is a report."""

    @property
    def lost(self) -> list[Posted]:
        """Accepted, and neither found nor reported."""
        return [one for one in self.accepted if not self.found[one] and one not in self.failed]

    @property
    def invented(self) -> list[Posted]:
        """Never accepted as far as anybody was told, and yet found or reported."""
        posted = self.accepted + self.unknown
        return [one for one in {*self.found, *self.failed} - self.reports if not posted[one]]

    @property
    def doubled(self) -> Counter[Posted]:
        """How often each was found, or reported, more than once in all; reports themselves among them."""
        settled = Counter(self.found)
        settled.update({one: len(reports) for one, reports in self.failed.items()})
        return Counter({one: times - 1 for one, times in settled.items() if times > 1})


def domains(rng: random.Random) -> list[Domain]:
    """Ten domains, each with a host for its users' submissions and two, of some manners, that take mail from elsewhere."""
    return [
        Domain(name, users=USERS, mx=[Host(mx, behaviours=manners(rng)) for mx in ("mx1", "mx2")], submission=["out"])
        for name in DOMAINS
    ]


class Writer:
    """One program that submits for everyone, over kept connections."""

    def __init__(self, world: World, books: Books, rng: random.Random) -> None:
        self._world = world
        self._books = books
        self._rng = rng
        self._numbers = itertools.count(1)
        self._clients: dict[str, smtplib.SMTP] = {}

    def write(self) -> None:
        """One letter from anyone who writes to one, two or three others anywhere."""
        home = self._rng.choice(WRITERS)
        sender = f"{self._rng.choice(USERS)}@{home}"
        everyone = [f"{user}@{domain}" for domain in DOMAINS for user in USERS]
        recipients = self._rng.sample(everyone, self._rng.choice((1, 1, 1, 2, 3)))
        message_id = f"<storm.{next(self._numbers)}@{home}>"
        text = f"From: <{sender}>\r\n{_MESSAGE_ID}: {message_id}\r\nSubject: storm\r\n\r\nHold fast.\r\n"
        posted = [Posted(message_id, recipient) for recipient in recipients]
        try:
            refused = self._client(home).sendmail(sender, recipients, text)
        except (smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError):
            refused = dict.fromkeys(recipients)  # the error names none of those that a 421 has kept it from
        except (smtplib.SMTPException, ConnectionError):
            self._books.unknown.update(posted)
            self._hang_up(home)
            return
        self._books.refused.update(one for one in posted if one.recipient in refused)
        self._books.accepted.update(one for one in posted if one.recipient not in refused)
        if refused:
            self._hang_up(home)

    def _client(self, home: str) -> smtplib.SMTP:
        client = self._clients.get(home)
        if client is None:
            address = self._world[home].submission
            client = self._clients[home] = smtplib.SMTP(*address, local_hostname="storm.test", timeout=_PATIENCE)
        return client

    def _hang_up(self, home: str) -> None:
        if home in self._clients:
            self._clients.pop(home).close()

    def leave(self) -> None:
        for home in list(self._clients):
            self._hang_up(home)


def run_a_queue(world: World, rng: random.Random) -> None:
    """Somebody holds, releases, flushes or attempts what waits somewhere."""
    queue = world[rng.choice(DOMAINS)].queue
    act = rng.choice((queue.hold, queue.release, queue.release, queue.flush, queue.attempt))
    with contextlib.suppress(MisuseError):  # as where nothing waits
        act()


def rage(
    world: World, rng: random.Random, letters: int, *, at_once: int = 50, faults: int = 40
) -> tuple[Books, Counter[str]]:
    """``letters`` in waves of ``at_once``, each under ``faults`` others; then fair weather until all is settled.

    Returns the books, and how often each kind of fault has fired.
    """
    books, fired = Books(), Counter[str]()
    writer = Writer(world, books, rng)
    for _ in range(0, letters, at_once):
        with world.fault(*(blow(rng) for _ in range(faults))) as armed:
            for number in range(at_once):
                writer.write()
                world.settle()
                if number % 10 == 0:
                    world.clock.advance(rng.choice((1, 10, 60, 900)))
            run_a_queue(world, rng)
            world.clock.advance(rng.choice((60, 900, 3600)))
        fired.update({one.fault.spec.function: one.fired for one in armed if one.fault.spec is not None})
    writer.leave()
    for name in DOMAINS:
        with contextlib.suppress(MisuseError):
            world[name].queue.release()
    world.clock.advance(days=7)
    read_all(world, books)
    return books, +fired


def read_all(world: World, books: Books) -> None:
    """What lies in every mailbox in the end, over IMAP."""
    for name in DOMAINS:
        for user in USERS:
            address = f"{user}@{name}"
            for octets in _mailbox(world, address):
                letter = email.message_from_bytes(octets)
                here = Posted(letter[_MESSAGE_ID], address)
                books.found[here] += 1
                if letter.get_content_type() == "multipart/report":
                    books.reports.add(here)
                    for one in _reported(letter):
                        books.failed.setdefault(one, set()).add(here.message_id)


def _mailbox(world: World, address: str) -> Iterator[bytes]:
    with imaplib.IMAP4(*world[address.partition("@")[2]].imap) as client:
        client.login(address, world.user(address).password)
        _, (number,) = client.select(readonly=True)
        _, answer = client.fetch("1:*", "(BODY.PEEK[])") if number != b"0" else ("", [])
        for part in answer:
            if isinstance(part, tuple):
                yield part[1]


def _reported(report: Email) -> Iterator[Posted]:
    """For whom a report says that its letter has failed for good."""
    _, status, returned = report.get_payload()
    original = returned.get_payload()
    header = original[0] if isinstance(original, list) else email.message_from_string(original)
    for group in status.get_payload()[1:]:
        if group["Action"].lower() == "failed":
            yield Posted(header[_MESSAGE_ID], group["Final-Recipient"].partition(";")[2].strip())


def hidden_replies(world: World) -> Counter[str]:
    """How often the 250 to a whole letter did not reach its client, by Message-ID: where the world says so itself, the
    connection having ended (or the client's patience) before it, or a fault having said something else in its place."""
    events = world.journal.events
    ids = {event.letter: event.message.headers(_MESSAGE_ID)[0] for event in events if isinstance(event, Accepted)}
    taken = {event.serial for event in events if isinstance(event, Replied) and "queued as" in event.text}
    return Counter(ids[event.letter] for event in events if _hides(event, taken))


def _hides(event: Event, taken: Container[int]) -> bool:
    if isinstance(event, Judged):
        return event.about in taken and not event.verdict.startswith(_HARMLESS)
    return isinstance(event, Relayed) and event.reply_lost

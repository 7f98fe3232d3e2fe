"""A storm: many letters between many domains while faults drawn by a seed come and go, and the books of a stranger.

The books know nothing of the world's journal: what smtplib was answered, what imaplib finds in the end, and what the
reports say that came back, as the standard library reads them.
"""

import email
import imaplib
import itertools
import random
import smtplib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message as Email
from typing import NamedTuple

from mailharness import Domain, World

DOMAINS = tuple(f"d{n}.test" for n in range(10))
USERS = ("ann", "ben", "cleo")
_MESSAGE_ID = "Message-ID"


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
    """How often it lies in the recipient's mailbox."""
    failed: Counter[Posted] = field(default_factory=Counter)
    """How many reports of failure came back to the sender."""

    @property
    def lost(self) -> list[Posted]:
        """Accepted, and neither found nor reported."""
        return [one for one in self.accepted if not self.found[one] and not self.failed[one]]

    @property
    def invented(self) -> list[Posted]:
        """Refused to the client's face, and yet found."""
        return [one for one in self.found if not self.accepted[one] and not self.unknown[one]]

    @property
    def doubled(self) -> list[Posted]:
        """Found, or reported, or both, more often than it was accepted."""
        settled = self.found + self.failed
        return [one for one, times in settled.items() if times > self.accepted[one] + self.unknown[one]]


def domains() -> list[Domain]:
    """Ten domains, each with a host for its users' submissions and two that take mail from elsewhere."""
    return [Domain(name, users=USERS, mx=["mx1", "mx2"], submission=["out"]) for name in DOMAINS]


class Writer:
    """One program that submits for everyone, over kept connections."""

    def __init__(self, world: World, books: Books, rng: random.Random) -> None:
        self._world = world
        self._books = books
        self._rng = rng
        self._numbers = itertools.count(1)
        self._clients: dict[str, smtplib.SMTP] = {}

    def write(self) -> None:
        """One letter from anyone to one, two or three others anywhere."""
        home = self._rng.choice(DOMAINS)
        sender = f"{self._rng.choice(USERS)}@{home}"
        everyone = [f"{user}@{domain}" for domain in DOMAINS for user in USERS]
        recipients = self._rng.sample(everyone, self._rng.choice((1, 1, 1, 2, 3)))
        message_id = f"<storm.{next(self._numbers)}@{home}>"
        text = f"From: <{sender}>\r\n{_MESSAGE_ID}: {message_id}\r\nSubject: storm\r\n\r\nHold fast.\r\n"
        posted = [Posted(message_id, recipient) for recipient in recipients]
        try:
            refused = self._client(home).sendmail(sender, recipients, text)
        except smtplib.SMTPRecipientsRefused as error:
            refused = error.recipients
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError):
            refused = dict.fromkeys(recipients)
        except (smtplib.SMTPException, OSError):
            self._clients.pop(home).close()
            self._books.unknown.update(posted)
            return
        self._books.refused.update(one for one in posted if one.recipient in refused)
        self._books.accepted.update(one for one in posted if one.recipient not in refused)

    def _client(self, home: str) -> smtplib.SMTP:
        client = self._clients.get(home)
        if client is None:
            client = self._clients[home] = smtplib.SMTP(*self._world[home].submission, local_hostname="storm.test")
        return client

    def leave(self) -> None:
        for client in self._clients.values():
            client.close()


def read_all(world: World, books: Books) -> None:
    """What lies in every mailbox in the end, over IMAP."""
    for name in DOMAINS:
        for user in USERS:
            address = f"{user}@{name}"
            for letter in _mailbox(world, address):
                if letter.get_content_type() == "multipart/report":
                    books.failed.update(_reported(letter))
                else:
                    books.found[Posted(letter[_MESSAGE_ID], address)] += 1


def _mailbox(world: World, address: str) -> Iterator[Email]:
    with imaplib.IMAP4(*world[address.partition("@")[2]].imap) as client:
        client.login(address, world.user(address).password)
        client.select(readonly=True)
        _, answer = client.fetch("1:*", "(BODY.PEEK[])")
        for part in answer:
            if isinstance(part, tuple):
                yield email.message_from_bytes(part[1])


def _reported(report: Email) -> Iterator[Posted]:
    """For whom a report says that its letter has failed for good."""
    _, status, returned = report.get_payload()
    original = returned.get_payload()
    header = original[0] if isinstance(original, list) else email.message_from_string(original)
    for group in status.get_payload()[1:]:
        if group["Action"].lower() == "failed":
            yield Posted(header[_MESSAGE_ID], group["Final-Recipient"].partition(";")[2].strip())

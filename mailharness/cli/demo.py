"""``mailharness demo``: two letters through the default world, each step read from the journal, never canned."""

import dataclasses
import smtplib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from mailharness.cli.page import Page, milliseconds, wants_colour
from mailharness.cli.story import Story
from mailharness.clock import monotonic
from mailharness.errors import MisuseError
from mailharness.trace.events import Accepted, Delivered, Opened, Queried
from mailharness.world import Letter, User, World
from mailharness.world.blueprint import DEFAULT_DOMAINS, Domain
from mailharness.world.letter import submissions

_TINY = 100
"""Octets: a quota that no letter of ours fits into."""


def demo(options: Mapping[str, object]) -> int:
    """Tell the story of the default world on the terminal; 0 if both letters arrived, 1 if one did not."""
    _rehearse()
    page = Page(sys.stdout, colour=not options["plain"] and wants_colour(sys.stdout))
    start = monotonic()
    with World(*_domains(over_quota=bool(options["over_quota"]))) as world:
        started = monotonic() - start
        without = cast("list[str]", options["without"])
        for name in without:
            switch_off(world, name)
        sender, reader = world.users
        story = Demo(world, page, sender, reader)
        story.introduce(started, without)
        arrived = story.run()
        _draw(world, options)
        return 0 if arrived else 1


def _draw(world: World, options: Mapping[str, object]) -> None:
    """The last letter that somebody wrote, in the files that were asked for."""
    for last in list(submissions(world.journal))[-1:]:
        trace = world.letter(last.letter).trace
        for form, path in (("svg", options["svg"]), ("html", options["html"])):
            if path:
                _write(str(path), getattr(trace, form)())


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise MisuseError(f"{path}: {error.strerror}; name a file that can be written") from None


def _rehearse() -> None:
    # Python imports libraries when they are first used; a letter in another world pays for that,
    # so that what is told afterwards is the time of mail.
    with World() as world:
        sender, reader = world.users
        sender.send(to=reader)
        reader.fetch(via="imap")
        reader.fetch(via="pop3")


def _domains(*, over_quota: bool) -> tuple[Domain, ...]:
    first, second = DEFAULT_DOMAINS
    if over_quota:
        users = tuple(dataclasses.replace(user, quota=_TINY) for user in second.users)
        second = Domain(second.name, users=users)
    return first, second


def switch_off(world: World, name: str) -> None:
    """Switch off a host, or a zone's name server. Raises MisuseError with the nearest match."""
    hosts = [host.name for site in world for host in site.hosts.values()]
    known = {one.lower() for one in (*world.internet.names.zones, *hosts, *world.internet.atlas.hosts)}
    if name.lower() not in known:
        raise MisuseError.unknown("machine or zone", name, dict.fromkeys((*world.internet.names.zones, *hosts)))
    world.switch_off(name)


class Demo:
    """The story of two letters of ``sender`` to ``reader`` in ``world``, told on ``page``."""

    def __init__(self, world: World, page: Page, sender: User, reader: User) -> None:
        self._world = world
        self._page = page
        self._story = Story(world, page)
        self._sender = sender
        self._reader = reader

    def introduce(self, seconds: float, without: list[str]) -> None:
        """The world, how long it took to start, and what is switched off in it."""
        hosts = self._world.internet.atlas.hosts.values()
        self._page.line(
            "A letter crosses a whole mail Internet on this machine: real sockets, real DNS, real servers.", "bold"
        )
        domains = " and ".join(domain.name for domain in self._world.domains)
        self._page.line(f"{domains}, {len(hosts)} hosts with addresses of their own, up after {milliseconds(seconds)}.")
        for host in hosts:
            if not host.running:
                self._page.line(f"Switched off: {host.name} ({host.address}), by --without {', '.join(without)}.", "bad")
        for user in (user for domain in self._world.domains for user in domain.users if user.quota is not None):
            self._page.line(f"{user.name}'s mailbox holds {user.quota} octets and no more.", "bad")

    def run(self) -> bool:
        """Tell everything up to where a letter stops; whether both arrived."""
        first = self._send("Hello", "THE FIRST LETTER: nobody has asked for anything yet")
        if first is None or not first.trace.delivered:
            return self._stopped(first)
        self._read()
        second = self._send("Hello again", "THE SECOND LETTER: what was learnt is in the caches")
        if second is None or not second.trace.delivered:
            return self._stopped(second)
        self._compare(first, second)
        self._world.assert_conserved()
        return True

    def _send(self, subject: str, heading: str) -> Letter | None:
        """Write and tell a letter; None where it could not even be submitted."""
        self._page.heading(heading)
        self._page.step("MUA", f"{self._sender} writes {subject!r} to {self._reader}")
        try:
            letter = self._sender.send(to=self._reader, subject=subject, text=f"{subject}!\r\n")
        except (smtplib.SMTPException, OSError) as error:
            host = self._world[self._sender.address.domain].roles.submission[0]
            address = self._world.host(host).address
            self._page.step("submission", f"{self._sender} -> {host} ({address}): {error}", colour="bad")
            return None
        self._story.tell_letter(letter.number)
        return letter

    # -- how it ends ----

    def _stopped(self, letter: Letter | None) -> bool:
        self._page.line()
        if letter is None:
            self._page.line("The letter was not even submitted: the sender's own server is not there.", "bad")
            return False
        self._page.line(f"The letter {letter.trace.stop}.", "bad")
        self._page.line(f"{self._reader}'s inbox: {len(self._reader.inbox)} letters.")
        self._give_up(letter)
        return False

    def _give_up(self, letter: Letter) -> None:
        """Let the queue try until it tells the sender: days of the world's time, and hardly any of ours."""
        start = monotonic()
        self._world.clock.advance(days=6)
        attempts = max((one.attempt for one in letter.trace.attempts), default=0)
        self._page.line(
            f"Six days later by the world's clock ({milliseconds(monotonic() - start)} by yours): {attempts} attempts, "
            f"and {self._sender}'s inbox holds {', '.join(map(repr, self._sender.inbox.subjects)) or 'nothing'}."
        )

    def _read(self) -> None:
        self._page.heading(f"{self._reader} READS IT")
        self._fetch("IMAP", "imap", keep=True)
        self._fetch("POP3", "pop3", keep=True)
        self._fetch("POP3", "pop3", keep=False)

    def _fetch(self, label: str, via: str, *, keep: bool) -> None:
        """A real session of a real program, and what it left on the server."""
        before = len(self._world.journal)
        read = self._reader.fetch(via=via, keep=keep)
        self._world.settle()
        opened = next(one for one in self._world.journal.events[before:] if isinstance(one, Opened))
        self._story.tell_session(opened.session, label, f"{self._reader}'s mail program")
        left = len(self._reader.inbox)
        seen = ", ".join(f"{message.subject!r} ({len(message)} octets)" for message in read)
        how = "left it there" if keep else "deleted it there"
        self._page.detail(f"= read {seen} and {how}; on the server now: {left}", colour="good")

    def _compare(self, first: Letter, second: Letter) -> None:
        self._page.heading("BOTH LETTERS, from the first word of the submission to the mailbox")
        for name, letter in (("first", first), ("second", second)):
            events = self._world.journal.of_letter(letter.number)
            asked = sum(isinstance(event, Queried) for event in events)
            self._page.step(name, f"{asked} questions to name servers", self._seconds(letter))

    def _seconds(self, letter: Letter) -> float:
        events = self._world.journal.of_letter(letter.number)
        accepted = next(event for event in events if isinstance(event, Accepted))
        delivered = next(event for event in events if isinstance(event, Delivered))
        return delivered.real - self._world.journal.of_session(accepted.session)[0].real

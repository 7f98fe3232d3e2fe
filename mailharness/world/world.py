"""The world: a whole fake mail Internet, from the outside. Its verbs block; ``world.aio`` has their awaitable twins."""

import contextlib
import ssl
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from mailharness.clock import VirtualClock, WallClock
from mailharness.errors import MisuseError
from mailharness.faults import Armed, Fault
from mailharness.faults.fault import check_fired
from mailharness.faults.plan import describe
from mailharness.mail import Address
from mailharness.mail.address import ascii_form
from mailharness.trace.claims import To
from mailharness.trace.ledger import assert_conserved
from mailharness.world.blueprint import DEFAULT_DOMAINS, Domain, check_domains, check_options
from mailharness.world.breaking import check_faults
from mailharness.world.checks import FAULTS, NAMES, check
from mailharness.world.environment import environment
from mailharness.world.letter import ExpectedLetter, Letter, Wanted
from mailharness.world.lookups import NameSystem
from mailharness.world.post import Post
from mailharness.world.redirecting import Redirecting
from mailharness.world.roles import Roles
from mailharness.world.running_host import Endpoint, RunningHost
from mailharness.world.running_resolver import RunningResolver
from mailharness.world.showing import Showing
from mailharness.world.site import Site
from mailharness.world.timing import WorldClock
from mailharness.world.user import User
from mailharness.world.watching import check_patience, expecting, waiting
from mailharness.world.zones import ROOT_SERVER, check_zone

if TYPE_CHECKING:
    from mailharness.world.aio import AioWorld


class World(Showing, Redirecting):
    """A fake mail Internet of ``domains`` (none: the story's exampleA.tst and exampleB.tst), running in a ``with`` block.

    ``clock`` is "virtual" (stands still until advanced) or "wall"; ``start`` is its first second since the epoch.
    ``seed`` makes all that is drawn at random. ``timeout`` is the real seconds after which a world that does not settle
    is an error. ``keep_letters`` bounds how many letters' events are kept (None: all). ``spool`` is a file that keeps the
    queues, ``store`` one that keeps the mailboxes, for the next world: a letter is in them before its 250. Raises
    MisuseError for a blueprint that cannot be, before anything is opened.
    """

    def __init__(
        self,
        *domains: Domain,
        clock: Literal["virtual", "wall"] = "virtual",
        start: float | None = None,
        seed: int = 0,
        timeout: float = 30.0,
        keep_letters: int | None = None,
        spool: str | Path | None = None,
        store: str | Path | None = None,
    ) -> None:
        numbers = {"start": start, "seed": seed, "timeout": timeout, "keep_letters": keep_letters}
        check_options(clock, **numbers, spool=spool, store=store)
        self.domains = check_domains(domains) or DEFAULT_DOMAINS
        for domain in self.domains:
            check_zone(domain, Roles(domain))
        self.seed, self._files = seed, (spool, store)
        self.timeout = timeout
        self._times = (VirtualClock if clock == "virtual" else WallClock, start)
        self._keep_letters = keep_letters
        self._begin()
        self._users: dict[str, User] = {}

    # -- who and what is in it ----

    def __getitem__(self, domain: str) -> Site:
        """The running domain of that name. Raises MisuseError naming those there are."""
        check("world[...]", NAMES, domain=domain)
        site = self.internet.sites.get(ascii_form(domain).lower().rstrip("."))
        if site is None:
            raise MisuseError.unknown("domain", domain, [declared.name for declared in self.domains])
        return site

    def __iter__(self) -> Iterator[Site]:
        return iter(self.internet.sites.values())

    def user(self, address: str | Address) -> User:
        """The user with that address; every domain has a postmaster. Raises MisuseError for a bad address, an unknown
        domain or user."""
        wanted = Address.parse(address)
        site = self[wanted.domain]
        own = site.store.named(wanted.local)
        if own is None:
            everyone = [f"{user.name}@{one.name}" for one in self.domains for user in one.users]
            raise MisuseError.unknown("user", wanted, everyone)
        user = self._users.get(wanted.folded)
        if user is None:
            user = self._users[wanted.folded] = User(own.address, own.password, self._post)
        return user

    @property
    def users(self) -> tuple[User, ...]:
        """Everyone, in the order of declaration."""
        return tuple(self.user(f"{user.name}@{domain.name}") for domain in self.domains for user in domain.users)

    def host(self, name: str) -> RunningHost:
        """The host of that full name, name servers included. Raises MisuseError naming those there are."""
        check("host", NAMES, name=name)
        hosts = self.internet.atlas.hosts
        found = hosts.get(name.lower()) or hosts.get(ascii_form(name).lower())
        if found is None:
            raise MisuseError.unknown("host", name, [host.name for host in hosts.values()])
        return found

    def switch_off(self, name: str) -> None:
        """Switch a machine off, by its host name or, for a name server, by its zone.

        Nobody listens there any more, whoever is connected to it is cut, and its queue waits until it is on again. A
        zone's name servers go all together.
        """
        self._switch(name, on=False)

    def switch_on(self, name: str) -> None:
        """Switch a machine on again; what fell due in its queue meanwhile is tried now."""
        self._switch(name, on=True)

    def _switch(self, name: str, *, on: bool) -> None:
        check("switch_on" if on else "switch_off", NAMES, name=name)
        for host in [self.host(server) for server in self.internet.names.servers.of(name) or (name,)]:
            host.running = on
            self._run_in_loop(self.internet.switch, host, on)

    @cached_property
    def clock(self) -> WorldClock:
        """The world's time: ``now()`` and ``advance(minutes=30)``."""
        return WorldClock(lambda: self._time, self._call)

    @property
    def resolver(self) -> RunningResolver:
        """The recursive resolver for the program under test: ``endpoint``, ``lookup``, ``explain``, ``cache``."""
        return self.dns.resolver()

    @cached_property
    def dns(self) -> NameSystem:
        """The name system: the log of all ``queries()``, every ``zone(origin)``, and whose ``resolver(host)``."""
        return NameSystem(self.internet, *self._only_now())

    @property
    def root_nameserver(self) -> Endpoint:
        """The root server's door."""
        return self.host(ROOT_SERVER).nameserver

    @property
    def ca_file(self) -> Path:
        """The certificate of the authority that signs every host's, as a PEM file."""
        return self.internet.certificates.ca_file()

    def ssl_context(self) -> ssl.SSLContext:
        """A client context that trusts the world's authority, for host names and for endpoints alike."""
        return self.internet.certificates.client()

    def env(self, user: str | Address | User | None = None) -> dict[str, str]:
        """Environment variables for a child process: where the servers of the user's domain are, the user's credentials,
        and the certificate to trust, under the names that programs read. Without a user, the first domain's servers.

        ``subprocess.run(command, env=os.environ | world.env("alice@acme.test"))``. Raises MisuseError for an unknown user.
        """
        known = None if user is None else self.user(user.address if isinstance(user, User) else user)
        site = self[known.address.domain if known else self.domains[0].name]
        return environment(site, known, self.ca_file, self.resolver.endpoint)

    # -- letters ----

    @cached_property
    def _post(self) -> Post:
        ahead = (self._before_blocking, self._before_reading)
        return Post(lambda: self.internet, self._letter, self._read, *ahead, self.timeout, self._run_in_loop)

    def letter(self, number: int) -> Letter:
        """The letter of that number. Raises MisuseError where there is none."""
        if number not in self.journal.letters:
            self._before_reading()
            if number not in self.journal.letters and not self.journal.was_evicted(number):
                raise MisuseError.unknown("letter", number, map(str, self.journal.letters))
        return self._letter(number)

    def _letter(self, number: int) -> Letter:
        return Letter(self.journal, self._before_reading, number)

    @property
    def letters(self) -> list[Letter]:
        """Every letter there has been, reports of servers included, oldest first."""
        self._before_reading()
        return [self._letter(number) for number in self.journal.letters]

    @contextlib.contextmanager
    def expect(self, *, to: To = None, sender: To = None, subject: Wanted = None) -> Iterator[ExpectedLetter]:
        """Exactly one new letter that fits is submitted while the block runs; it is known when the block has ended.

        ``subject`` is the whole subject or a compiled pattern to search it for. Raises ExpectationError with the letters
        that did come, MisuseError for a description that can fit none.
        """
        self._before_blocking("expect(...)", "`async with world.aio.expect(...) as letter:` instead")
        letter = ExpectedLetter(self.journal, self._before_reading)
        with expecting(self.journal, letter, to, sender, subject, self.settle):
            yield letter

    def wait_for(self, *, to: To = None, sender: To = None, subject: Wanted = None, timeout: float = 5.0) -> Letter:
        """The next letter that fits and was not returned before: one that has come, or the first within ``timeout``.

        ``timeout`` is in real seconds, for programs that send in their own time. Raises ExpectationError with the nearest
        misses.
        """
        check_patience(timeout)
        waiter = waiting(self.journal, to, sender, subject, self._given, timeout)
        number = self._call("wait_for(...)", waiter, timeout + self.timeout)
        return self._letter(number)

    def assert_conserved(self) -> None:
        """Every letter that was accepted is in exactly one state. Raises ConservationError with the story of each other."""
        self._before_reading()
        assert_conserved(self.journal)

    # -- faults ----

    @contextlib.contextmanager
    def fault(self, *faults: Fault) -> Iterator[tuple[Armed, ...]]:
        """Break the world while the block runs; it settles before the faults are disarmed.

        Raises MisuseError for a host, client or user that is not there, or, when the block has ended, for a judge that
        failed itself, and UnusedFaultError where one never fired.
        """
        check("fault", FAULTS, faults=faults)
        check_faults(faults, self.internet, self.domains)
        armed = self._call("fault(...)", self._arm(faults), cure="`async with world.aio.fault(...):` instead")
        try:
            yield armed
            self.settle()
        except BaseException as error:
            for complaint in filter(None, (one.complaint for one in armed)):
                error.add_note(complaint)
            raise
        finally:
            self._call("fault(...)", self._disarm(armed))
        check_fired(armed)

    def fault_plan(self) -> str:
        """Every fault that was armed so far, as a plan in TOML that ``faults.from_toml`` reads: the seeds of those that
        draw are in it. A fault with a judge of your own is a comment there."""
        return describe(self._switchboard.all_armed)

    async def _arm(self, faults: tuple[Fault, ...]) -> tuple[Armed, ...]:
        return tuple(self._switchboard.arm(fault) for fault in faults)

    async def _disarm(self, armed: tuple[Armed, ...]) -> None:
        for one in armed:
            self._switchboard.disarm(one)

    # -- in an event loop ----

    @cached_property
    def aio(self) -> "AioWorld":
        """The awaitable twins of all that blocks, for tests that run in an event loop of their own."""
        from mailharness.world.aio import AioWorld

        return AioWorld(self)

    async def __aenter__(self) -> "World":
        await self.aio.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aio.stop()

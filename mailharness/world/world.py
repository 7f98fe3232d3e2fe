"""The world: a whole fake mail Internet, from the outside. Its verbs block; ``world.aio`` has their awaitable twins."""

import atexit
import contextlib
import random
import ssl
import weakref
from collections.abc import Callable, Coroutine, Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from mailharness.clock import Clock, VirtualClock, WallClock, Work
from mailharness.errors import MisuseError, WorldStoppedError
from mailharness.faults import Armed, Fault, Switchboard
from mailharness.faults.fault import check_fired
from mailharness.mail import Address
from mailharness.mail.address import ascii_form
from mailharness.net.loop import LoopThread, refuse_inside_a_loop
from mailharness.net.plan import telling_of_files
from mailharness.trace import Journal
from mailharness.trace.expectations import To
from mailharness.trace.ledger import assert_conserved
from mailharness.world.blueprint import DEFAULT_DOMAINS, Domain, check_domains, check_options
from mailharness.world.breaking import arm_declared, check_faults
from mailharness.world.checks import FAULTS, NAMES, check
from mailharness.world.internet import Internet
from mailharness.world.letter import ExpectedLetter, Letter, Wanted
from mailharness.world.lookups import NameSystem
from mailharness.world.post import Post
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

T = TypeVar("T")


class World(Showing):
    """A fake mail Internet of ``domains`` (none: the story's exampleA.tst and exampleB.tst), running in a ``with`` block.

    ``clock`` is "virtual" (stands still until advanced) or "wall"; ``start`` is its first second since the epoch.
    ``seed`` makes all that is drawn at random. ``timeout`` is the real seconds after which a world that does not settle
    is an error. ``keep_letters`` bounds how many letters' events are kept (None: all). ``spool`` is a file that keeps the
    queues, ``store`` one that keeps the mailboxes, for the next world: a letter is in them before its 250. Raises
    MisuseError for a blueprint that cannot be, before anything is opened.
    """

    # A traceback may show a world that was refused half-way through __init__.
    domains: tuple[Domain, ...] = ()
    _thread: LoopThread | None = None
    _internet: Internet | None = None

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
        self._work = Work()
        self._time: Clock = (VirtualClock if clock == "virtual" else WallClock)(self._work, start)
        self.journal = Journal(self._time, keep_letters=keep_letters)
        """Every event, in order."""
        self._switchboard = Switchboard(self.journal, seed)
        self._given: set[int] = set()
        self._users: dict[str, User] = {}

    # -- life ----

    def start(self) -> "World":
        """Bind every socket and run; ``with`` does it. Raises MisuseError where the machine has no room for this world.

        This and ``stop()`` take milliseconds and may be called inside a running event loop too.
        """
        if self._internet is not None:
            raise MisuseError("this world is running already")
        if self._thread is not None:
            raise MisuseError("this world was stopped; make a new World(...)")
        with telling_of_files():
            rng = random.Random(self.seed)
            self._start(Internet(self.domains, self._time, self._work, self._switchboard, rng, *self._files))
        return self

    def _start(self, internet: Internet) -> None:
        try:
            self._thread = LoopThread("mailharness", self._work, self.timeout)
            self._thread.start()
        except BaseException:
            internet.release()
            raise
        self._internet = internet
        internet.dns = self.dns
        for site in internet.sites.values():
            site.before_reading = self._before_reading
        arm_declared(internet)
        _running.add(self)
        try:
            self._thread.call(internet.start())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Close every connection, socket, task, thread and file of this world. Stopping twice is harmless.

        All of it is given back even where closing a part fails; that failure is raised afterwards.
        """
        internet, thread, self._internet = self._internet, self._thread, None
        _running.discard(self)
        if internet is None or thread is None:
            return
        with contextlib.ExitStack() as closing:
            closing.callback(internet.release)
            closing.callback(thread.stop)
            thread.call(internet.stop())

    def __enter__(self) -> "World":
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    async def __aenter__(self) -> "World":
        return await self.aio.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aio.stop()

    def __repr__(self) -> str:
        state = "running" if self._internet else "not running"
        return f"<World of {', '.join(domain.name for domain in self.domains) or 'nothing yet'}, {state}>"

    @property
    def internet(self) -> Internet:
        """The machinery itself; its parts belong to the loop's thread. Raises WorldStoppedError."""
        if self._internet is None:
            raise self._not_running()
        return self._internet

    def _not_running(self) -> WorldStoppedError:
        stopped = "was stopped: its letters and traces can be read still, but nothing more happens in it"
        why = stopped if self._thread else "is not running yet"
        return WorldStoppedError(f"the world {why}; use it inside `with World(...) as world:`")

    def _run_in_loop(self, function: Callable[..., T], *arguments: object) -> T:
        if self._internet is None:
            raise self._not_running()
        return self.thread.run(function, *arguments)

    @property
    def thread(self) -> LoopThread:
        if self._thread is None:
            raise self._not_running()
        return self._thread

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
        return WorldClock(self._time, self._call)

    @property
    def resolver(self) -> RunningResolver:
        """The recursive resolver for the program under test: ``endpoint``, ``lookup``, ``explain``, ``cache``."""
        return self.dns.resolver()

    @cached_property
    def dns(self) -> NameSystem:
        """The name system: the log of all ``queries()``, every ``zone(origin)``, and whose ``resolver(host)``."""
        return NameSystem(self.internet, self._before_reading, self._call, lambda *what: self._run_in_loop(*what))

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

    # -- rest ----

    def settle(self, timeout: float | None = None) -> None:
        """Return when nothing is in flight: until time moves or someone sends, nothing more will happen.

        Raises UnsettledError, naming what is in flight, after ``timeout`` real seconds.
        """
        self._call("settle()", self._work.settled(), timeout)

    def _before_blocking(self, verb: str, cure: str = "") -> LoopThread:
        """Refuse ``verb`` in a world that does not run, and where it would stop a running event loop."""
        if self._internet is None:
            raise self._not_running()
        refuse_inside_a_loop(verb, cure)
        return self.thread

    def _call(self, verb: str, coroutine: Coroutine[Any, Any, T], timeout: float | None = None, *, cure: str = "") -> T:
        try:
            thread = self._before_blocking(verb, cure)
        except BaseException:
            coroutine.close()
            raise
        return thread.call(coroutine, patience=timeout)

    def _before_reading(self) -> None:
        """Settle ahead of a read. Inside a running event loop nothing blocks: there the world must be settled already."""
        if self._internet is None:
            return  # a world that was stopped keeps its journal
        if self.thread.is_here or self._work.idle:
            return
        self._call("reading", self._work.settled(), cure="`await world.aio.settle()` first, and then read")

    def _read(self, look: Callable[[], T]) -> T:
        self._before_reading()
        return look() if self._work.idle else self.thread.run(look)

    # -- letters ----

    @cached_property
    def _post(self) -> Post:
        ahead = (self._before_blocking, self._before_reading)
        return Post(self.internet, self._letter, self._read, *ahead, self.timeout, self._run_in_loop)

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

    async def _arm(self, faults: tuple[Fault, ...]) -> tuple[Armed, ...]:
        return tuple(self._switchboard.arm(fault) for fault in faults)

    async def _disarm(self, armed: tuple[Armed, ...]) -> None:
        for one in armed:
            self._switchboard.disarm(one)

    @cached_property
    def aio(self) -> "AioWorld":
        """The awaitable twins of all that blocks, for tests that run in an event loop of their own."""
        from mailharness.world.aio import AioWorld

        return AioWorld(self)


_running: "weakref.WeakSet[World]" = weakref.WeakSet()


@atexit.register
def _stop_all() -> None:
    for world in list(_running):
        world.stop()

"""The life of a world: it starts, comes to rest, is made as new where it stands, and stops.

Made as new, nothing is emptied piece by piece, so nothing can be forgotten: all that remembers is thrown away and made
again on the same ground. The second life shares with the first the loop's thread, the sockets and the certificates.
"""

import atexit
import contextlib
import random
import weakref
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

from mailharness.clock import Clock, VirtualClock, WallClock, Work
from mailharness.errors import MisuseError, WorldStoppedError
from mailharness.faults import Switchboard
from mailharness.net.ground import Ground
from mailharness.net.loop import LoopThread, refuse_inside_a_loop
from mailharness.net.plan import telling_of_files
from mailharness.trace import Journal
from mailharness.world.blueprint import Domain
from mailharness.world.breaking import arm_declared
from mailharness.world.internet import Internet

if TYPE_CHECKING:
    from mailharness.world.lookups import NameSystem

T = TypeVar("T")


class Ways(NamedTuple):
    """How a part of the Internet that a test holds gets at it: settle ``before`` a read, ``call`` a verb or ``run``
    a function in the loop."""

    before: Callable[[], None]
    call: Callable[..., Any]
    run: Callable[..., Any]


class Lifetime:
    """What ``World`` is as far as it lives; see there for the arguments."""

    # A traceback may show a world that was refused half-way through __init__.
    domains: tuple[Domain, ...] = ()
    _thread: LoopThread | None = None
    _internet: Internet | None = None

    seed: int
    timeout: float
    _times: tuple[type[VirtualClock] | type[WallClock], float | None]
    _keep_letters: int | None
    _files: tuple[str | Path | None, str | Path | None]

    @property
    def dns(self) -> "NameSystem":
        raise NotImplementedError

    def _begin(self) -> None:
        """What a world remembers, empty."""
        self._work = Work()
        kind, start = self._times
        self._time: Clock = kind(self._work, start)
        self.journal = Journal(self._time, keep_letters=self._keep_letters)
        """Every event, in order."""
        self._switchboard = Switchboard(self.journal, self.seed)
        self._given: set[int] = set()

    # -- life ----

    def start(self) -> Self:
        """Bind every socket and run; ``with`` does it. Raises MisuseError where the machine has no room for this world.

        This and ``stop()`` take milliseconds and may be called inside a running event loop too.
        """
        if self._internet is not None:
            raise MisuseError("this world is running already")
        if self._thread is not None:
            raise MisuseError("this world was stopped; make a new World(...)")
        with telling_of_files():
            self._start(self._new_internet())
        return self

    def _new_internet(self, ground: Ground | None = None) -> Internet:
        rng = random.Random(self.seed)
        return Internet(self.domains, self._time, self._work, self._switchboard, rng, self._files, ground)

    def _start(self, internet: Internet) -> None:
        try:
            self._thread = LoopThread("mailharness", self._work, self.timeout)
            self._thread.start()
        except BaseException:
            internet.release()
            raise
        self._run_with(internet)

    def _run_with(self, internet: Internet) -> None:
        self._internet = internet
        internet.dns = self.dns
        self.journal.hosts = internet.atlas.names
        for site in internet.sites.values():
            site.before_reading = self._only_now().before
        arm_declared(internet)
        _running.add(self)
        try:
            self.thread.call(internet.start())
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
            thread.stop(internet.stop())

    def reset(self) -> None:
        """Make the world as new, at its addresses and ports: no letter, no queue, no fault, the clock at its start again.

        It costs a fraction of a fresh world, and programs that were told its doors go on; whoever is connected is cut.
        Letters from before can be read still. Sites, hosts, zones and queues are to be asked for again: others raise
        WorldStoppedError. What a filter or handler of your own remembers is yours. Raises MisuseError where files
        (``spool``, ``store``) keep what was.
        """
        internet = self.internet
        named = [name for name, path in zip(("spool", "store"), self._files, strict=True) if path is not None]
        if named:
            raise MisuseError(f"reset(): a world with {named[0]}= keeps what was, in a file; make a new World(...)")
        self._internet = None
        with contextlib.ExitStack() as giving_up:
            giving_up.callback(self.thread.stop)
            ground = internet.ground.heir()
            giving_up.callback(ground.close)
            giving_up.callback(internet.release)
            self._forget(internet)
            ground.sweep()
            renewed = self._new_internet(ground)
            giving_up.pop_all()
        self._run_with(renewed)

    def _forget(self, internet: Internet) -> None:
        """End all that there is but the loop's thread."""
        self.thread.call(self.thread.cleared(internet.stop()))
        self._time.forget()
        self._begin()
        self.thread.work = self._work
        vars(self).pop("dns", None)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

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

    def _only_now(self) -> Ways:
        """The ways into the loop for what is a part of this life, and is to say so in the next."""
        life = self.internet

        def check() -> None:
            if self._internet not in (life, None):
                raise WorldStoppedError("this was handed out before world.reset(): ask the world for it again")

        def call(verb: str, coroutine: Coroutine[Any, Any, T]) -> T:
            try:
                check()
            except WorldStoppedError:
                coroutine.close()
                raise
            return self._call(verb, coroutine)

        def before() -> None:
            check()
            self._before_reading()

        def run(function: Callable[..., T], *arguments: object) -> T:
            check()
            return self._run_in_loop(function, *arguments)

        return Ways(before, call, run)


_running: "weakref.WeakSet[Lifetime]" = weakref.WeakSet()


@atexit.register
def _stop_all() -> None:
    for world in list(_running):
        world.stop()

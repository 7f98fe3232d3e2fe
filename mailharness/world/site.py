"""A site: one running domain, with its hosts, its store and its zone. Its parts are made when they are first needed."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol, TypeVar

from mailharness.agents.behaviours import HostBehaviours
from mailharness.agents.gateway import GatewayReception
from mailharness.agents.handed import HandedReception
from mailharness.agents.knowledge import Tells
from mailharness.agents.mda import Mda
from mailharness.agents.mta import Mta
from mailharness.agents.ports import Resolver, Surroundings
from mailharness.agents.reception import HostReception
from mailharness.agents.routing import Router, check_routes
from mailharness.agents.store import Store
from mailharness.errors import MisuseError
from mailharness.mail.address import ascii_form
from mailharness.net.hooks import HookThread
from mailharness.queue import Schedule
from mailharness.world import blueprint
from mailharness.world.checks import NAMES, check
from mailharness.world.roles import Roles
from mailharness.world.running_behaviours import RunningBehaviours
from mailharness.world.running_host import Endpoint, RunningHost
from mailharness.world.running_list import RunningList
from mailharness.world.running_quarantine import RunningQuarantine
from mailharness.world.running_queue import RunningQueue
from mailharness.world.running_resolver import RunningResolver
from mailharness.world.running_zone import RunningZone
from mailharness.world.staffing import staffed

T = TypeVar("T")


class NameDesk(Protocol):
    """Where a site's zone, resolver and queue are handed out to tests, and all that needs a settled world is looked at."""

    def zone(self, origin: str) -> RunningZone: ...
    def resolver(self, host: str) -> RunningResolver: ...
    def queue(self, name: str, hosts: Sequence[RunningHost]) -> RunningQueue: ...
    def quarantine(self, name: str, hosts: Sequence[RunningHost]) -> RunningQuarantine: ...
    def look(self, function: Callable[[], T]) -> T: ...


class Site:
    """One domain alive. Endpoints are named tuples of (host, port); the parts belong to the world's loop thread."""

    def __init__(
        self,
        domain: blueprint.Domain,
        roles: Roles,
        hosts: Mapping[str, RunningHost],
        around: Surroundings,
        resolver: Callable[[str], Resolver],
        dns: Callable[[], NameDesk],
    ) -> None:
        self.domain = domain
        self.name = domain.name
        self.roles = roles
        self.hosts = hosts
        """By name in lower case, the name server included."""
        for host in hosts.values():
            host.queue_of = self._queue_of
        self.around = around
        self._resolver = resolver
        self._dns = dns
        self.store: Store = staffed(domain, around)
        """The mailboxes of the declared users, and what other addresses stand for."""
        self.before_reading: Callable[[], None] = lambda: None
        """Settles the world ahead of a read; set by the world that runs this."""
        for host in hosts.values():
            self._behave(host)

    def _behave(self, host: RunningHost) -> None:
        """Give ``host`` the behaviours it is described with; what it remembers can be read before anyone has called."""
        described = self.domain.describe(host.name).behaviours
        if described:
            behaviours = HostBehaviours(described, self.around.clock, lambda *who: self.reception(host).trusts(*who))
            host.behaviours = RunningBehaviours(behaviours, lambda function: self._dns().look(function))

    def __repr__(self) -> str:
        return f"<Site {self.name}: {', '.join(host.name for host in self.hosts.values())}>"

    def host(self, name: str) -> RunningHost:
        """The host by first label or full name. Raises MisuseError naming those there are."""
        check("host", NAMES, name=name)
        key, wanted = name.lower(), ascii_form(name).lower()
        found = self.hosts.get(key) or self.hosts.get(wanted) or self.hosts.get(f"{wanted}.{ascii_form(self.name).lower()}")
        if found is None:
            raise MisuseError.unknown(f"host of {self.name}", name, [host.name for host in self.hosts.values()])
        return found

    def list(self, name: str) -> RunningList:
        """The mailing list of that local part. Raises MisuseError naming those there are."""
        check("list", NAMES, name=name)
        lists = self.store.directory.lists if self.store.directory else {}
        found = lists.get(name.lower())
        if found is None:
            raise MisuseError.unknown(f"list of {self.name}", name, lists)
        return RunningList(found, self.before_reading)

    # -- endpoints ----

    def _first(self, names: tuple[str, ...]) -> RunningHost:
        return self.hosts[names[0].lower()]

    @property
    def smtp(self) -> Endpoint:
        """Where the rest of the world delivers: the first MX."""
        return self._first(self.roles.mx).smtp

    @property
    def submission(self) -> Endpoint:
        return self._first(self.roles.submission).submission

    @property
    def submissions(self) -> Endpoint:
        return self._first(self.roles.submission).submissions

    @property
    def imap(self) -> Endpoint:
        return self._first(self.roles.imap).imap

    @property
    def imaps(self) -> Endpoint:
        return self._first(self.roles.imap).imaps

    @property
    def pop3(self) -> Endpoint:
        return self._first(self.roles.pop).pop3

    @property
    def pop3s(self) -> Endpoint:
        return self._first(self.roles.pop).pop3s

    @property
    def lmtp(self) -> Endpoint:
        """Where a letter for the domain's own users is delivered with one reply a recipient (RFC 2033)."""
        return self._first(self.roles.mtas).lmtp

    @property
    def nameserver(self) -> Endpoint:
        """The domain's own authority, the first of its name servers."""
        return self._first(self.roles.nameservers).nameserver

    # -- the queue ----

    @property
    def queue(self) -> RunningQueue:
        """What waits on any of the domain's hosts for its next attempt."""
        return self._dns().queue(self.name, tuple(self.hosts.values()))

    @property
    def quarantine(self) -> RunningQuarantine:
        """What the domain's gateways keep. Raises MisuseError for a domain that has none."""
        if self.domain.gateway is None:
            raise MisuseError(f"{self.name} has no quarantine: it has no gateway; write Domain(..., gateway=Gateway(...))")
        return self._dns().quarantine(self.name, tuple(self.hosts.values()))

    def _queue_of(self, host: RunningHost) -> RunningQueue:
        return self._dns().queue(host.name, (host,))

    # -- names ----

    @property
    def zone(self) -> RunningZone:
        """The domain's zone, to be read and changed."""
        return self._dns().zone(self.name)

    @property
    def resolver(self) -> RunningResolver:
        """The resolver that the domain's hosts share, with a cache of its own."""
        return self._dns().resolver(self.roles.mtas[0])

    # -- what answers here; made and used on the loop's thread ----

    def reception(self, host: RunningHost) -> HostReception:
        """What answers SMTP at ``host``: a gateway or an MTA."""
        if host.reception is None:
            is_gateway = host.name.lower() in {name.lower() for name in self.roles.gateways}
            is_handed = self.domain.handler is not None and self._is_mta(host)
            make = self._gateway if is_gateway else self._handed if is_handed else self._mta
            host.reception = make(host)
            host.reception.behaviours = host.behaviours.at_work
            host.reception.tells = Tells(self.domain.vrfy, self.domain.expn)
        return host.reception

    def _is_mta(self, host: RunningHost) -> bool:
        return host.name.lower() in {name.lower() for name in self.roles.mtas}

    def _handed(self, host: RunningHost) -> HandedReception:
        around = self.around
        router = Router(host.name, self._resolver(host.name), around.salt, address=host.address)
        schedule = self._retry(host)
        return HandedReception(host.name, around, self.store, router, schedule, self.domain.handler, self._hooks)

    def _mta(self, host: RunningHost) -> Mta:
        domain, around = self.domain, self.around
        router = Router(host.name, self._resolver(host.name), around.salt, domain.route, address=host.address)
        submits = host.name.lower() in {name.lower() for name in self.roles.submission}
        mda = Mda(host.name, self.store, around)
        rules: dict[str, Any] = {"submits": submits, "require_auth": domain.require_auth, "limits": domain.sending}
        return Mta(host.name, around, mda, router, self._retry(host), **rules)

    def _gateway(self, host: RunningHost) -> GatewayReception:
        domain, around = self.domain, self.around
        assert domain.gateway is not None
        inside = check_routes({self.name: f"[{self.roles.mtas[0]}]"})
        behind = Router(host.name, self._resolver(host.name), around.salt, (*domain.route, *inside), address=host.address)
        mda = Mda(host.name, self.store, around)
        filters = domain.gateway.all_filters()
        return GatewayReception(host.name, around, mda, behind, self._retry(host), filters, domain.sending)

    def _retry(self, host: RunningHost) -> Schedule:
        return self.domain.describe(host.name).retry or self.domain.retry

    def receptions(self) -> Sequence[HostReception]:
        """Those that have been made."""
        return [host.reception for host in self.hosts.values() if host.reception is not None]

    @cached_property
    def _hooks(self) -> HookThread:
        return HookThread()

    def close(self) -> None:
        """Let go of what the receptions hold: idle connections, and a handler's thread."""
        for reception in self.receptions():
            reception.relay.close()
        if self.domain.handler is not None:
            self._hooks.stop()

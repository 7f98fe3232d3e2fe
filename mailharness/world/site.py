"""A site: one running domain, with its hosts, its store and its zone. Its parts are made when they are first needed."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Protocol

from mailharness.agents.gateway import GatewayReception
from mailharness.agents.handed import HandedReception
from mailharness.agents.mda import Mda
from mailharness.agents.mta import Mta
from mailharness.agents.ports import Resolver, Surroundings
from mailharness.agents.reception import HostReception
from mailharness.agents.routing import Router
from mailharness.agents.store import Store
from mailharness.errors import MisuseError
from mailharness.mail import Address
from mailharness.mail.address import ascii_form
from mailharness.mailbox import Account
from mailharness.net.hooks import HookThread
from mailharness.queue import Schedule
from mailharness.world import blueprint
from mailharness.world.checks import NAMES, check
from mailharness.world.roles import Roles
from mailharness.world.running_host import Endpoint, RunningHost
from mailharness.world.running_resolver import RunningResolver
from mailharness.world.running_zone import RunningZone


class NameDesk(Protocol):
    """Where a site's zone and resolver are handed out to tests."""

    def zone(self, origin: str) -> RunningZone: ...
    def resolver(self, host: str) -> RunningResolver: ...


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
        self.around = around
        self._resolver = resolver
        self._dns = dns
        self.store = Store(domain.name, map(self._account, domain.users))
        """The mailboxes of the declared users."""

    def _account(self, user: blueprint.Account) -> Account:
        return Account(Address(user.name, self.name), user.password, quota=user.quota)

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
    def nameserver(self) -> Endpoint:
        """The domain's own authority, the first of its name servers."""
        return self._first(self.roles.nameservers).nameserver

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
        return host.reception

    def _is_mta(self, host: RunningHost) -> bool:
        return host.name.lower() in {name.lower() for name in self.roles.mtas}

    def _handed(self, host: RunningHost) -> HandedReception:
        around = self.around
        router = Router(host.name, self._resolver(host.name), around.rng, address=host.address)
        schedule = self._retry(host)
        return HandedReception(host.name, around, self.store, router, schedule, self.domain.handler, self._hooks)

    def _mta(self, host: RunningHost) -> Mta:
        domain, around = self.domain, self.around
        router = Router(host.name, self._resolver(host.name), around.rng, address=host.address)
        submits = host.name.lower() in {name.lower() for name in self.roles.submission}
        mda = Mda(host.name, self.store, around)
        return Mta(host.name, around, mda, router, self._retry(host), submits=submits, require_auth=domain.require_auth)

    def _gateway(self, host: RunningHost) -> GatewayReception:
        domain, around = self.domain, self.around
        assert domain.gateway is not None
        behind = Router(
            host.name, self._resolver(host.name), around.rng, {self.name: self.roles.mtas[0]}, address=host.address
        )
        mda = Mda(host.name, self.store, around)
        return GatewayReception(host.name, around, mda, behind, self._retry(host), domain.gateway.all_filters())

    def _retry(self, host: RunningHost) -> Schedule:
        return self.domain.describe(host.name).retry or self.domain.retry

    def receptions(self) -> list[HostReception]:
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

"""The name system of one world: who answers at which name server's address, and whose resolver asks."""

import random
import socket
from collections.abc import Sequence
from functools import cached_property

from mailharness.clock import Clock, Work
from mailharness.dns import Authority, Record, Zone
from mailharness.dns.name import key_of
from mailharness.errors import MisuseError
from mailharness.faults import Switchboard
from mailharness.mail import Copy
from mailharness.net.nameserver import Nameserver
from mailharness.net.plan import Door
from mailharness.net.questions import Questions
from mailharness.net.resolver import HostResolver
from mailharness.world.atlas import RESOLVER, Atlas
from mailharness.world.blueprint import Domain
from mailharness.world.roles import Roles
from mailharness.world.shelf import shelf_for
from mailharness.world.zones import REVERSE_ORIGIN, Servers, delegations, domain_zone, reverse_zone, top_zone

Server = Authority | HostResolver


class Names:
    """All zones, name servers and resolvers; each is made when it is asked first."""

    def __init__(
        self,
        atlas: Atlas,
        servers: Servers,
        domains: Sequence[Domain],
        roles: dict[str, Roles],
        clock: Clock,
        work: Work,
        switchboard: Switchboard,
        rng: random.Random,
    ) -> None:
        self._atlas = atlas
        self.servers = servers
        self._roles = roles
        self._clock = clock
        self._work = work
        self._announce = switchboard.announce
        self._rng = rng
        self._domains = {key_of(domain.name): domain for domain in domains}
        self._origins = {key_of(origin): origin for origin in servers.by_zone}
        self._origin_of = {server.lower(): origin for origin, names in servers.by_zone.items() for server in names}
        self._zones: dict[str, Zone] = {}
        self._shelf = shelf_for(atlas, servers, domains, roles)
        self._made: dict[str, Server] = {}
        self.questions = Questions(rng, atlas.block.port(Door.DNS), atlas.is_listening)
        self.nameserver = Nameserver(
            self._server_at, switchboard.announce, atlas.name_at, self._copy_of, atlas.is_listening, clock, work
        )

    def read_datagrams(self, sock: socket.socket) -> None:
        """Answer what has come in on ``sock``, and hear the answers to what we asked ourselves in the same turn."""
        self.nameserver.read_datagrams(sock)
        self.questions.look_again()

    def _copy_of(self, asker: str, number: int) -> Copy:
        return self.questions.copy_of(asker, number)

    def _server_at(self, address: str) -> Server | None:
        host = self._atlas.at(address)
        if host is None:
            return None
        if host.name == RESOLVER:
            return self.resolver(RESOLVER)
        return self.authority(host.name) if host.name.lower() in self._origin_of else None

    # -- authorities ----

    def authority(self, server: str) -> Authority:
        """What the name server called ``server`` knows."""
        authority = self._made.get(server.lower())
        if authority is None:
            origin = self._origin_of[server.lower()]
            origins = (origin, REVERSE_ORIGIN) if origin == "." else (origin,)
            authority = self._made[server.lower()] = self._shelf.authority(server, map(self.zone, origins))
        assert isinstance(authority, Authority)
        return authority

    def zone(self, origin: str) -> Zone:
        """The zone at ``origin``, which all its servers share. Raises MisuseError naming those there are."""
        key = key_of(origin)
        zone = self._zones.get(key)
        if zone is None:
            zone = self._zones[key] = self._shelf.zone(key, lambda: self._new_zone(key, origin))
        return zone

    def _new_zone(self, key: str, wanted: str) -> Zone:
        if key == key_of(REVERSE_ORIGIN):
            return reverse_zone(self._addresses)
        origin = self._origins.get(key)
        if origin is None:
            raise MisuseError.unknown("zone", wanted, [*self.zones, REVERSE_ORIGIN.rstrip(".")])
        domain, below = self._domains.get(key), self._below[origin.lower()]
        if domain is None:
            return top_zone(origin, self.servers.by_zone[origin], self._addresses, below)
        return domain_zone(domain, self._roles[domain.name], self._addresses, below)

    @cached_property
    def _addresses(self) -> dict[str, str]:
        return self._atlas.addresses()

    @cached_property
    def _below(self) -> dict[str, list[Record]]:
        return delegations(self.servers, self._addresses)

    @property
    def zones(self) -> list[str]:
        """The origins of all zones but the reverse one, the root's as ``.``."""
        return [origin.rstrip(".") or "." for origin in self.servers.by_zone]

    # -- resolvers ----

    def resolver(self, name: str) -> HostResolver:
        """The resolver on the host called ``name``: it asks in its own name; the hosts of a domain share a cache."""
        resolver = self._made.get(name.lower())
        if resolver is None:
            resolver = self._made[name.lower()] = HostResolver(
                name,
                self._atlas.address_of(name),
                tuple((root, self._atlas.address_of(root)) for root in self.servers.by_zone["."]),
                self.questions,
                self._clock,
                self._work,
                self._announce,
                self._rng,
            )
            first = self._first_host.get(name.lower(), name)
            if first.lower() != name.lower():
                resolver.cache = self.resolver(first).cache
        assert isinstance(resolver, HostResolver)
        return resolver

    @cached_property
    def _first_host(self) -> dict[str, str]:
        """For each mail host the first of its domain, whose cache it shares."""
        every = self._roles.values()
        return {name.lower(): roles.mtas[0] for roles in every for name in (*roles.mx, *roles.mtas, *roles.submission)}

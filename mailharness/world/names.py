"""The name system of one world: who answers at which name server's address, and whose resolver asks."""

import random
from collections.abc import Sequence
from functools import cached_property

from mailharness.clock import Clock, Work
from mailharness.dns import Authority, Record
from mailharness.faults import Switchboard
from mailharness.mail import Copy
from mailharness.net.nameserver import Nameserver
from mailharness.net.plan import Door
from mailharness.net.resolver import HostResolver, Questions
from mailharness.world.atlas import RESOLVER, Atlas
from mailharness.world.blueprint import Domain
from mailharness.world.site import Roles
from mailharness.world.zones import Servers, delegations, domain_zone, reverse_zone, top_zone

Server = Authority | HostResolver


class Names:
    """All name servers and resolvers; each is made when it is asked first."""

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
        self._names = servers
        self._roles = roles
        self._clock = clock
        self._work = work
        self._announce = switchboard.announce
        self._rng = rng
        self._domains = {domain.name.lower(): domain for domain in domains}
        self._by_server = {server.lower(): origin for origin, server in servers.by_zone.items()}
        self._made: dict[str, Server] = {}
        self.questions = Questions(rng, atlas.block.port(Door.DNS), atlas.is_listening)
        self.nameserver = Nameserver(
            self._server_at, switchboard.announce, atlas.name_at, self._copy_of, atlas.is_listening, clock, work
        )

    def _copy_of(self, asker: str, number: int) -> Copy:
        return self.questions.copy_of(asker, number)

    def _server_at(self, address: str) -> Server | None:
        host = self._atlas.at(address)
        if host is None:
            return None
        if host.name == RESOLVER:
            return self.resolver(RESOLVER)
        return self.authority(host.name) if host.name.lower() in self._by_server else None

    def authority(self, server: str) -> Authority:
        """What the name server called ``server`` knows."""
        authority = self._made.get(server.lower())
        if authority is None:
            authority = self._made[server.lower()] = self._new_authority(server)
        assert isinstance(authority, Authority)
        return authority

    def _new_authority(self, server: str) -> Authority:
        origin = self._by_server[server.lower()]
        authority = Authority(server)
        addresses, below = self._addresses, self._below[origin.lower()]
        domain = self._domains.get(origin.lower().rstrip("."))
        if domain is None:
            authority.add(top_zone(origin, server, addresses, below))
        else:
            roles = self._roles[domain.name]
            authority.add(domain_zone(domain, server, roles.mx, list(roles.doors()), addresses, below))
        if origin == ".":
            authority.add(reverse_zone(addresses))
        return authority

    @cached_property
    def _addresses(self) -> dict[str, str]:
        return self._atlas.addresses()

    @cached_property
    def _below(self) -> dict[str, list[Record]]:
        return delegations(self._names, self._addresses)

    def resolver(self, name: str) -> HostResolver:
        """The resolver on the host called ``name``, with a cache of its own."""
        resolver = self._made.get(name.lower())
        if resolver is None:
            root = self._names.by_zone["."]
            resolver = self._made[name.lower()] = HostResolver(
                name,
                self._atlas.address_of(name),
                ((root, self._atlas.address_of(root)),),
                self.questions,
                self._clock,
                self._work,
                self._announce,
                self._rng,
            )
        assert isinstance(resolver, HostResolver)
        return resolver

    def server_for(self, zone: str) -> str | None:
        """The name of the server of ``zone`` ("tst", "exampleB.tst", "." for the root), None if there is none."""
        wanted = zone.lower().rstrip(".") + "."
        return next((server for origin, server in self._names.by_zone.items() if origin.lower() == wanted), None)

    @property
    def zones(self) -> list[str]:
        return [origin.rstrip(".") or "." for origin in self._names.by_zone]

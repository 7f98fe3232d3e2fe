"""The atlas: which hosts a world has, at which addresses, and which domain each belongs to."""

from collections.abc import Iterable

from mailharness.errors import MisuseError
from mailharness.net.plan import MAIL_DOORS, Block, Door
from mailharness.world.blueprint import Domain
from mailharness.world.roles import Roles
from mailharness.world.running_host import RunningHost
from mailharness.world.zones import Servers

RESOLVER = "resolver"
"""The host of the resolver that a program under test is given."""
_DNS = frozenset({Door.DNS})


class Atlas:
    """All hosts of the domains, each with an address of ``block``: name servers first, then the mail hosts.

    Raises MisuseError where the block has too few addresses, or two domains name the same host.
    """

    def __init__(self, block: Block, domains: Iterable[Domain], roles: dict[str, Roles], servers: Servers) -> None:
        self.block = block
        self.hosts: dict[str, RunningHost] = {}
        """By name in lower case."""
        self._by_address: dict[str, RunningHost] = {}
        for name in (*servers.names, RESOLVER):
            self._add(name, _DNS)
        for domain in domains:
            for name, doors in roles[domain.name].doors.items():
                self._add(name, doors, external=domain.describe(name).external)

    def _add(self, name: str, doors: frozenset[Door], *, external: bool = False) -> None:
        host = RunningHost(name, self.block.address(len(self.hosts) + 1), self.block.port, doors, external=external)
        if self.hosts.setdefault(name.lower(), host) is not host:
            raise MisuseError(f"two machines are called {name!r}: a name server is one of its own; give one another name")
        self._by_address[host.address] = host

    def at(self, address: str) -> RunningHost | None:
        return self._by_address.get(address)

    def name_at(self, address: str) -> str:
        """The host's name, or the address where no host of ours is."""
        host = self._by_address.get(address)
        return host.name if host else address

    def names(self) -> tuple[str, ...]:
        """Of all hosts, as declared."""
        return tuple(host.name for host in self.hosts.values())

    def address_of(self, name: str) -> str:
        return self.hosts[name.lower()].address

    def is_listening(self, address: str) -> bool:
        host = self._by_address.get(address)
        return host is not None and host.running

    def is_external(self, address: str) -> bool:
        """Whether a program that is none of ours has that address."""
        host = self._by_address.get(address)
        return host is not None and host.external

    def addresses(self) -> dict[str, str]:
        """Address by name as declared."""
        return {host.name: host.address for host in self.hosts.values()}

    def behind(self) -> list[tuple[Door, list[str]]]:
        """The addresses at which each door is to be opened."""
        hosts = [host for host in self.hosts.values() if not host.external]
        return [(door, [host.address for host in hosts if door in host.doors]) for door in (*MAIL_DOORS, Door.DNS)]

    def others(self) -> frozenset[Door]:
        """The doors at which programs that are none of ours listen too, at addresses of their own."""
        return frozenset(door for host in self.hosts.values() if host.external for door in host.doors)

"""The shelf: what worlds of one plan on the same ground have in common, their zones as declared and the answers from them.

A process that opens a world for every test makes each zone once. A world gets twins of them, and what it changes is its
own.
"""

from collections.abc import Callable, Hashable, Iterable
from functools import lru_cache

from mailharness.dns import Authority, Zone
from mailharness.world.atlas import Atlas
from mailharness.world.blueprint import Domain
from mailharness.world.roles import Roles
from mailharness.world.zones import Servers

_SHELVES = 16
_HOSTS = 32
"""How many hosts a world has at the most that is kept in mind: a big one is seldom opened again."""


class Shelf:
    """The zones and memos of one plan."""

    def __init__(self) -> None:
        self._zones: dict[str, Zone] = {}
        self._memos: dict[str, dict[object, object]] = {}

    def zone(self, key: str, make: Callable[[], Zone]) -> Zone:
        """A zone that is the caller's own; made where there is none yet."""
        zone = self._zones.get(key)
        if zone is None:
            zone = self._zones[key] = make()
        return zone.twin()

    def authority(self, server: str, zones: Iterable[Zone]) -> Authority:
        """The server of that name for ``zones``, which nobody has changed since they were taken from here."""
        zones = tuple(zones)
        memo = self._memos.setdefault(server.lower(), {})
        return Authority(server, zones, memo if all(zone.is_as_made for zone in zones) else None)


@lru_cache(_SHELVES)
def _shelf(plan: Hashable) -> Shelf:  # noqa: ARG001
    return Shelf()


def shelf_for(atlas: Atlas, servers: Servers, domains: Iterable[Domain], roles: dict[str, Roles]) -> Shelf:
    """The one of all worlds whose hosts have these names and addresses, and whose domains declare the same records."""
    names = atlas.names()
    if len(names) > _HOSTS:
        return Shelf()
    declared = tuple(_declared(domain, roles[domain.name]) for domain in domains)
    return _shelf((atlas.block.number, names, tuple(servers.by_zone.items()), declared))


def _declared(domain: Domain, roles: Roles) -> Hashable:
    """All that the domain's zone is made of but addresses. Records are equal whatever their spelling, and shown in it."""
    return domain.name, roles.mx, tuple(roles.doors), domain.backup_mx, tuple(map(tuple, domain.records)), domain.strict

"""The addresses of a domain that are no mailboxes: aliases, lists and the catch-all, checked against its users."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mailharness.errors import MisuseError
from mailharness.mail import Address
from mailharness.world.blueprint.account import Account
from mailharness.world.blueprint.mailing_list import SERVICES, MailingList
from mailharness.world.checks import Rule, check, is_list, listed

MAX_DEPTH = 32
"""Aliases of aliases, one below the other."""
MAX_TARGETS = 10_000
"""Addresses that one alias may come to, each counted as often as it is reached."""
_ADDRESSES = {
    "aliases": Rule(
        lambda aliases: isinstance(aliases, Mapping) and all(isinstance(name, str) for name in aliases),
        "write a table of local parts, as in aliases={'info': 'alice', 'team': ['alice', 'bob@globex.test']}",
    ),
    "lists": listed(MailingList, cure="a list, as in lists=[MailingList('team', ['alice'])]"),
    "catch_all": Rule(
        lambda user: user is None or isinstance(user, str), "write the user who has it, as in catch_all='bob', or None"
    ),
}


@dataclass(frozen=True, slots=True)
class Addresses:
    """What stands for others in ``domain``: ``aliases`` by local part, ``lists``, and the user who has the rest."""

    domain: str
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lists: tuple[MailingList, ...] = ()
    catch_all: str | None = None

    @classmethod
    def read(cls, domain: str, users: Iterable[Account], aliases: object, lists: object, catch_all: object) -> "Addresses":
        """The same, checked. Raises MisuseError for a name that is taken or not known, and for aliases in a circle."""
        check(f"Domain({domain!r})", _ADDRESSES, aliases=aliases, lists=lists, catch_all=catch_all)
        assert isinstance(aliases, Mapping)
        found = cls(domain, {name: _targets(domain, name, to) for name, to in aliases.items()}, tuple(lists), catch_all)  # type: ignore[arg-type]
        if found.aliases or found.lists or catch_all is not None:
            _Check(found, [user.name for user in users]).all()
        return found

    def address(self, name: str) -> Address:
        """``name`` as an address: it is one, or the local part of one in this domain."""
        return Address.parse(name if _is_address(name) else f"{name}@{self.domain}")


def _is_address(name: str) -> bool:
    return "@" in name and not (name.startswith('"') and name.endswith('"'))


def _targets(domain: str, name: str, to: object) -> tuple[str, ...]:
    targets = (to,) if isinstance(to, str) else tuple(to) if is_list(to) else ()  # type: ignore[arg-type]
    if not targets or not all(isinstance(one, str) and one for one in targets):
        raise MisuseError(
            f"Domain({domain!r}, aliases={{{name!r}: {to!r}}}): write a user or an address, or a list of them, "
            f"as in {{{name!r}: ['alice', 'bob@globex.test']}}"
        )
    return tuple(dict.fromkeys(targets))


class _Check:
    """What can be told only of all names of a domain together."""

    def __init__(self, addresses: Addresses, users: list[str]) -> None:
        self.of = addresses
        self.users = users
        self.call = f"Domain({addresses.domain!r}, "
        self.taken = {self._key(name): f"user {name!r}" for name in users}
        self.aliases: dict[str, str] = {}
        self.reaches: dict[str, tuple[int, int]] = {}

    def _key(self, name: str) -> str:
        return self.of.address(name).folded

    def all(self) -> None:
        for name in self.of.aliases:
            self._local_part("aliases", name)
            self.aliases[self._take("alias", name)] = name
        for each in self.of.lists:
            self._local_part("lists", each.name)
            for name in (each.name, *(f"{each.name}-{service}" for service in SERVICES)):
                self._take("list", name)
        if self.of.catch_all is not None and self._key(self.of.catch_all) not in map(self._key, self.users):
            raise MisuseError.unknown(f"user for {self.call}catch_all=...):", self.of.catch_all, self.users)
        for name, targets in self.of.aliases.items():
            self._known("aliases", (*targets,))
            self._reach(name, ())
        for each in self.of.lists:
            self._known("lists", (*each.members, *filter(None, [each.owner])))

    def _local_part(self, argument: str, name: str) -> None:
        if _is_address(name):
            raise MisuseError(f"{self.call}{argument}=...): write the local part alone, as in {name.partition('@')[0]!r}")
        self.of.address(name)

    def _take(self, what: str, name: str) -> str:
        key = self._key(name)
        if key in self.taken:
            raise MisuseError(f"{self.call}{what} {name!r}): that is {self.taken[key]} already; remove one of them")
        self.taken[key] = f"{what} {name!r}"
        return key

    def _known(self, argument: str, names: tuple[str, ...]) -> None:
        """A bare name must be somebody's here; an address that is written out is taken as it is."""
        for name in names:
            if self._key(name) not in self.taken and not _is_address(name) and name.lower() != "postmaster":
                known = [each.partition(" ")[2].strip("'\"") for each in self.taken.values()]
                raise MisuseError.unknown(f"user for {self.call}{argument}=...):", name, known)

    def _reach(self, name: str, way: tuple[str, ...]) -> tuple[int, int]:
        """How many addresses an alias comes to, and how many aliases deep. Raises MisuseError for a circle and for more
        of either than there may be."""
        key = self._key(name)
        if key in map(self._key, way):
            raise MisuseError(f"{self.call}aliases=...): a circle: {' -> '.join((*way, name))}; take one of them out")
        if len(way) > MAX_DEPTH:
            raise MisuseError(f"{self.call}aliases=...): {way[0]!r} is over {MAX_DEPTH} aliases deep; name the users")
        if key not in self.reaches:
            below = [self.aliases.get(self._key(one)) for one in self.of.aliases[name]]
            reaches = [self._reach(alias, (*way, name)) if alias is not None else (1, 0) for alias in below]
            reach = sum(size for size, _ in reaches), 1 + max(depth for _, depth in reaches)
            if reach[0] > MAX_TARGETS:
                raise MisuseError(f"{self.call}aliases=...): {name!r} comes to more than {MAX_TARGETS:,} addresses")
            if reach[1] > MAX_DEPTH:
                raise MisuseError(f"{self.call}aliases=...): {name!r} is over {MAX_DEPTH} aliases deep; name the users")
            self.reaches[key] = reach
        return self.reaches[key]

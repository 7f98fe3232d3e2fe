"""Where mail for a domain goes: a route by name, MX order, the implicit MX, the null MX (RFC 5321 §5.1, RFC 7505)."""

import ipaddress
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from mailharness.agents.ports import Resolver
from mailharness.clock import Token
from mailharness.dns import Answer
from mailharness.errors import MisuseError
from mailharness.mail import Copy, Reply
from mailharness.mail.address import ascii_form, is_domain


@dataclass(frozen=True, slots=True)
class Destination:
    """One host to try, at one address; ``login`` is the name and password to give there, None for none."""

    host: str
    address: str
    login: tuple[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Route:
    """The destinations in the order to try them, or the reason why there are none."""

    destinations: tuple[Destination, ...] = ()
    failure: Reply | None = None


@dataclass(frozen=True, slots=True)
class SmartHost:
    """Where a route leads, in the place of what the MX records say.

    ``host`` is a domain, whose MX records are looked up, or a host in brackets, ``"[relay.acme.test]"``, for which only an
    address is. ``user`` and ``password`` log in there (RFC 4954). Raises MisuseError for what cannot be reached that way.
    """

    host: str
    user: str = ""
    password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        for name, value in (("host", self.host), ("user", self.user), ("password", self.password)):
            if not isinstance(value, str):
                raise MisuseError(f"SmartHost({name}={value!r}): write text")
        name = self.host[1:-1] if self.is_host else self.host
        if not is_domain(name) or _is_address(name):
            raise MisuseError(
                f"{self.host!r} is no place to send mail to: write the name of a host, as in '[relay.acme.test]' for this "
                "one, or 'acme.test' for the MX of a domain; hosts get their addresses when a world starts, and all have "
                "the same port"
            )
        if bool(self.user) != bool(self.password):
            raise MisuseError(f"SmartHost({self.host!r}): a login is a user and a password; give both, or neither")

    @property
    def is_host(self) -> bool:
        """Whether it is one host, for which no MX is looked up."""
        return self.host.startswith("[") and self.host.endswith("]")

    @property
    def name(self) -> str:
        return ascii_form(self.host.strip("[]")).lower()

    @property
    def login(self) -> tuple[str, str] | None:
        return (self.user, self.password) if self.user else None


Routes = tuple[tuple[str, SmartHost], ...]
"""For which domains (``globex.test``, ``*.globex.test`` for all below it, ``*`` for all others), and where to."""


def check_routes(route: object) -> Routes:
    """``{"globex.test": "relay.acme.test", "*": SmartHost("[smart.isp.test]", "me", "secret")}`` as pairs.

    A table with the arguments of SmartHost, as from TOML, is one too. Raises MisuseError for what is no route.
    """
    if isinstance(route, tuple) and all(isinstance(pair, tuple) and len(pair) == 2 for pair in route):
        route = dict(route)
    if not isinstance(route, Mapping):
        raise MisuseError(f"route={route!r}: write a table, as in route={{'globex.test': '[relay.acme.test]'}}")
    checked: dict[str, SmartHost] = {}
    for pattern, to in route.items():
        domain = pattern.removeprefix("*.") if isinstance(pattern, str) else ""
        if pattern != "*" and not is_domain(domain):
            raise MisuseError(f"route={{{pattern!r}: ...}}: write a domain, '*.globex.test' for those below it, or '*'")
        key = ascii_form(pattern).lower() if domain == pattern else f"*.{ascii_form(domain).lower()}"
        if key in checked:
            raise MisuseError(f"route={{{pattern!r}: ...}}: there are two ways for it; remove one")
        checked[key] = _smart_host(pattern, to)
    return tuple(checked.items())


def _smart_host(pattern: str, to: object) -> SmartHost:
    if isinstance(to, SmartHost):
        return to
    if isinstance(to, Mapping):
        for name in to:
            if name not in ("host", "user", "password"):
                raise MisuseError.unknown(f"key in the route for {pattern!r}:", name, ("host", "user", "password"))
        to = dict(to)
        return SmartHost(to.get("host", ""), to.get("user", ""), to.get("password", ""))
    if isinstance(to, str):
        return SmartHost(to)
    raise MisuseError(f"route={{{pattern!r}: {to!r}}}: write a name, as in '[relay.acme.test]', or SmartHost(...)")


class _Host(NamedTuple):
    """One candidate: its preference, its name."""

    preference: int
    name: str


class Router:
    """One host's way of finding the next: by MX, but for the domains that ``routes`` sends elsewhere.

    ``address`` is the host's own: what leads back to it, by name or by address, is a loop. ``salt`` is what equal
    preferences are shuffled by: the choices for one domain depend on no other's.
    """

    def __init__(
        self, host: str, resolver: Resolver, salt: int, routes: Iterable[tuple[str, SmartHost]] = (), *, address: str = ""
    ) -> None:
        self.host = host
        self._address = address
        self._resolver = resolver
        self._salt = salt
        self._routes = {pattern: None if to.name == host.lower() else to for pattern, to in routes}
        self._rngs: dict[str, random.Random] = {}

    def hop(self, domain: str) -> str:
        """The next hop by name: what the letters for several domains have in common where one route leads there."""
        key = ascii_form(domain).lower()
        to = self._route(key) if self._routes else None
        return key if to is None else f"{to.user}@{to.host.lower()}"

    def _route(self, key: str) -> SmartHost | None:
        """The most specific one for the domain; none for an address literal, which says itself where to go, and none at
        the host that it leads to."""
        if key.startswith("["):
            return None
        return next((self._routes[pattern] for pattern in _patterns(key) if pattern in self._routes), None)

    async def route(self, domain: str, of: Copy, work: Token | None = None) -> Route:
        """Where mail for ``domain`` goes, by the answers of the name system; ``work`` rests while it is silent."""
        if domain.startswith("["):
            return self._pruned(_literal(domain), {}, domain)
        to = self._route(ascii_form(domain).lower()) if self._routes else None
        if to is None:
            return await self._by_mx(domain, None, of, work)
        if to.is_host:
            return await self._addresses([_Host(0, to.name)], domain, to.login, of, work)
        return await self._by_mx(to.name, to.login, of, work)

    async def _by_mx(self, domain: str, login: tuple[str, str] | None, of: Copy, work: Token | None) -> Route:
        answer = await self._resolver.resolve(domain, "MX", of, work)
        if answer.rcode not in ("NOERROR", "NXDOMAIN"):
            return Route(failure=_lookup_failed(answer, "MX", domain))
        if answer.rcode == "NXDOMAIN":
            return Route(failure=Reply(550, f"Domain {domain} does not exist", "5.1.2"))
        hosts = [_mail_host(record.data) for record in answer.records if record.rrtype == "MX"]
        if not hosts:
            return await self._addresses([_Host(0, domain)], domain, login, of, work)  # the implicit MX, RFC 5321 §5.1
        if hosts == [(0, "")]:
            return Route(failure=Reply(556, f"Domain {domain} takes no mail (null MX)", "5.1.10"))  # RFC 7505 §3
        return await self._addresses(self._ordered(hosts, domain), domain, login, of, work)

    def _pruned(self, found: Route, preferences: Mapping[str, int], domain: str) -> Route:
        """``found`` without what is this host itself, its equals and all behind it (RFC 5321 §5.1)."""
        own = [preferences.get(one.host, 0) for one in found.destinations if self._is_own(one)]
        ahead = tuple(one for one in found.destinations if not own or preferences.get(one.host, 0) < min(own))
        if found.failure is not None or ahead:
            return Route(ahead, found.failure)
        return Route(failure=Reply(554, f"Mail for {domain} loops back to {self.host}", "5.4.6"))

    def _is_own(self, destination: Destination) -> bool:
        return destination.host.lower() == self.host.lower() or destination.address == self._address

    def _ordered(self, hosts: list[_Host], domain: str) -> list[_Host]:
        """Lowest preference first, equals shuffled by the seed; this host prunes itself and all behind (RFC 5321 §5.1)."""
        own = [host.preference for host in hosts if host.name.lower() == self.host.lower()]
        usable = [host for host in hosts if not own or host.preference < min(own)]
        if len(usable) > 1:
            self._rng(domain).shuffle(usable)
        return sorted(usable, key=lambda host: host.preference)

    def _rng(self, domain: str) -> random.Random:
        rng = self._rngs.get(domain)
        if rng is None:
            rng = self._rngs[domain] = random.Random(f"{self._salt} {self.host} {domain}".lower())
        return rng

    async def _addresses(
        self, hosts: list[_Host], domain: str, login: tuple[str, str] | None, of: Copy, work: Token | None
    ) -> Route:
        """All addresses of all hosts, in order; a host without one is passed over while another has some."""
        destinations: list[Destination] = []
        failure: Reply | None = None
        for _, host in hosts:
            answer = await self._resolver.resolve(host, "A", of, work)
            if answer.rcode not in ("NOERROR", "NXDOMAIN"):
                failure = _lookup_failed(answer, "A", host)
            destinations += [Destination(host, record.data, login) for record in answer.records if record.rrtype == "A"]
        if destinations or not hosts:
            return self._pruned(Route(tuple(destinations)), {host: preference for preference, host in hosts}, domain)
        return Route(failure=failure or Reply(550, f"No mail host of {domain} has an address", "5.4.4"))


def _patterns(domain: str) -> Iterator[str]:
    """What a route may call ``domain``, the most specific first."""
    yield domain
    while "." in domain:
        domain = domain.partition(".")[2]
        yield f"*.{domain}"
    yield "*"


def _literal(domain: str) -> Route:
    """The host at an address literal (RFC 5321 §4.1.3)."""
    text = re.sub(r"^IPv6:", "", domain[1:-1], flags=re.IGNORECASE)
    try:
        address = str(ipaddress.ip_address(text))
    except ValueError:
        return Route(failure=Reply(550, f"{domain} is not an address of the Internet", "5.1.3"))
    return Route((Destination(domain, address),))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _mail_host(data: str) -> _Host:
    preference, host = data.split()
    return _Host(int(preference), host.rstrip("."))


def _lookup_failed(answer: Answer, rrtype: str, name: str) -> Reply:
    """A look-up that failed for now is tried again later (RFC 5321 §5.1, RFC 3463 §3.5)."""
    return Reply(451, f"Look-up of {rrtype} {name} failed: {answer.rcode}; {answer.problem}".rstrip("; "), "4.4.3")

"""Where mail for a domain goes: MX order, the implicit MX, the null MX (RFC 5321 §5.1, RFC 7505)."""

import ipaddress
import itertools
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass

from mailharness.agents.ports import Resolver
from mailharness.clock import Token
from mailharness.dns import Answer
from mailharness.mail import Copy, Reply
from mailharness.mail.address import ascii_form


@dataclass(frozen=True, slots=True)
class Destination:
    """One host to try, at one address."""

    host: str
    address: str


@dataclass(frozen=True, slots=True)
class Route:
    """The destinations in the order to try them, or the reason why there are none."""

    destinations: tuple[Destination, ...] = ()
    failure: Reply | None = None


class Router:
    """One host's way of finding the next: by MX, but for the domains that ``fixed`` sends to a host by name.

    ``address`` is the host's own: what leads back to it, by name or by address, is a loop.
    """

    def __init__(
        self,
        host: str,
        resolver: Resolver,
        rng: random.Random,
        fixed: Mapping[str, str] | None = None,
        *,
        address: str = "",
    ) -> None:
        self.host = host
        self._address = address
        self._resolver = resolver
        self._rng = rng
        self._fixed = {ascii_form(domain).lower(): to for domain, to in (fixed or {}).items()}

    async def route(self, domain: str, of: Copy, work: Token | None = None) -> Route:
        """Where mail for ``domain`` goes, by the answers of the name system; ``work`` rests while it is silent."""
        if domain.startswith("["):
            return self._checked(_literal(domain), domain)
        hop = self._fixed.get(ascii_form(domain).lower())
        if hop is not None:
            return await self._addresses([hop], domain, of, work)
        answer = await self._resolver.resolve(domain, "MX", of, work)
        if answer.rcode not in ("NOERROR", "NXDOMAIN"):
            return Route(failure=_lookup_failed(answer, "MX", domain))
        if answer.rcode == "NXDOMAIN":
            return Route(failure=Reply(550, f"Domain {domain} does not exist", "5.1.2"))
        preferences = [_preference(record.data) for record in answer.records if record.rrtype == "MX"]
        if not preferences:
            return await self._addresses([domain], domain, of, work)  # the implicit MX, RFC 5321 §5.1
        if preferences == [(0, "")]:
            return Route(failure=Reply(556, f"Domain {domain} takes no mail (null MX)", "5.1.10"))  # RFC 7505 §3
        return await self._addresses(self._ordered(preferences), domain, of, work)

    def _checked(self, found: Route, domain: str) -> Route:
        """``found`` up to where it leads to this host itself, which ends it (RFC 5321 §5.1)."""
        usable = tuple(itertools.takewhile(lambda one: not self._is_own(one), found.destinations))
        if found.failure is not None or usable:
            return Route(usable, found.failure)
        return Route(failure=Reply(554, f"Mail for {domain} loops back to {self.host}", "5.4.6"))

    def _is_own(self, destination: Destination) -> bool:
        return destination.host.lower() == self.host.lower() or destination.address == self._address

    def _ordered(self, preferences: list[tuple[int, str]]) -> list[str]:
        """Lowest preference first, equals shuffled by the seed; this host prunes itself and all behind (RFC 5321 §5.1)."""
        own = [preference for preference, host in preferences if host.lower() == self.host.lower()]
        usable = [entry for entry in preferences if not own or entry[0] < min(own)]
        self._rng.shuffle(usable)
        return [host for _, host in sorted(usable, key=lambda entry: entry[0])]

    async def _addresses(self, hosts: list[str], domain: str, of: Copy, work: Token | None) -> Route:
        """All addresses of all hosts, in order; a host without one is passed over while another has some."""
        destinations: list[Destination] = []
        failure: Reply | None = None
        for host in hosts:
            answer = await self._resolver.resolve(host, "A", of, work)
            if answer.rcode not in ("NOERROR", "NXDOMAIN"):
                failure = _lookup_failed(answer, "A", host)
            destinations += [Destination(host, record.data) for record in answer.records if record.rrtype == "A"]
        if destinations or not hosts:
            return self._checked(Route(tuple(destinations)), domain)
        return Route(failure=failure or Reply(550, f"No mail host of {domain} has an address", "5.4.4"))


def _literal(domain: str) -> Route:
    """The host at an address literal (RFC 5321 §4.1.3)."""
    text = re.sub(r"^IPv6:", "", domain[1:-1], flags=re.IGNORECASE)
    try:
        address = str(ipaddress.ip_address(text))
    except ValueError:
        return Route(failure=Reply(550, f"{domain} is not an address of the Internet", "5.1.3"))
    return Route((Destination(domain, address),))


def _preference(data: str) -> tuple[int, str]:
    preference, host = data.split()
    return int(preference), host.rstrip(".")


def _lookup_failed(answer: Answer, rrtype: str, name: str) -> Reply:
    """A look-up that failed for now is tried again later (RFC 5321 §5.1, RFC 3463 §3.5)."""
    return Reply(451, f"Look-up of {rrtype} {name} failed: {answer.rcode}; {answer.problem}".rstrip("; "), "4.4.3")

"""This process inside the world: its own clients reach the world's hosts by their names, at the ports of the standards."""

import os
import socket
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from mailharness.dns import Answer
from mailharness.dns.name import is_within
from mailharness.errors import MisuseError, UnsettledError
from mailharness.net.plan import MAIL_DOORS, Door
from mailharness.net.tls import ca_certificate
from mailharness.world.atlas import RESOLVER
from mailharness.world.checks import check, listed
from mailharness.world.lifetime import Lifetime
from mailharness.world.running_resolver import RunningResolver

if TYPE_CHECKING:
    from mailharness.net.redirect import Redirection

_ALLOW = {"allow": listed(str, cure="a list of names, addresses and networks, as in allow=['db.corp.test', '10.0.0.0/8']")}


class Redirecting(Lifetime):
    """What ``World`` is for the process that it runs in."""

    def redirected(self, *, allow: Iterable[str] = ()) -> "AbstractContextManager[Redirection]":
        """While the block runs, all of this process is in the world, and nothing of it leaves it.

        Names are looked up in the world's DNS; its hosts answer at ports 25, 110, 143, 465, 587, 993 and 995, its resolver
        at port 53 of whatever name server; default SSL contexts trust its authority. A connection to anything else that
        is not loopback, or a look-up of a name that the world does not know, raises EgressError there, and again at the
        end of the block where that went unheard. ``allow`` names what is left alone: names (``*.corp.test`` too),
        addresses and networks. Raises MisuseError where the process is in another world already.
        """
        from mailharness.net.redirect import redirecting

        check("redirected", _ALLOW, allow=allow)
        self.internet  # noqa: B018 - raises where there is none
        return redirecting(self, lambda: WorldDirections(self), allow)


class WorldDirections:
    """Implements ``net.detours.Directions``."""

    def __init__(self, world: Lifetime) -> None:
        self._world = world
        self._process = os.getpid()

    def is_here(self) -> bool:
        return self._world.thread.is_here

    def addresses(self, name: str) -> list[str] | None:
        """Asked of the world's resolver; a silent name server has no time to wait for, and is a temporary failure."""
        internet = self._world.internet
        if os.getpid() != self._process:  # a forked child has no loop of ours to ask, and a copy of the atlas
            host = internet.atlas.hosts.get(name)
            return [host.address] if host else ([] if self._has(name) else None)
        try:
            answer = self._answer(name)
        except MisuseError:  # no name can be written like that
            return []
        except UnsettledError:
            raise self._later() from None
        if answer.rcode == "NXDOMAIN":
            return [] if self._has(name) else None
        if answer.rcode != "NOERROR":
            raise self._later()
        return list(answer.data)

    def _answer(self, name: str) -> Answer:
        internet, thread = self._world.internet, self._world.thread
        resolver = thread.run(internet.names.resolver, RESOLVER)
        running = RunningResolver(
            resolver, None, internet.work, internet.clock, lambda _verb, asking: thread.call(asking), thread.run
        )
        return running.lookup(name)

    def _later(self) -> socket.gaierror:
        return socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    def _has(self, name: str) -> bool:
        """Whether the name is in one of the world's domains, be it there or not."""
        return any(is_within(name, domain) for domain in self._world.internet.sites)

    def is_host(self, address: str) -> bool:
        return self._world.internet.atlas.at(address) is not None

    def port(self, address: str, door: Door) -> int | None:
        host = self._world.internet.atlas.at(address)
        return host.port_of(door) if host is not None and host.running and door in host.doors else None

    def name_at(self, address: str) -> str:
        return self._world.internet.atlas.name_at(address)

    def resolver(self) -> tuple[str, int]:
        return self._world.internet.atlas.hosts[RESOLVER].nameserver

    def hint(self, name: str) -> str:
        hosts = [host.name for host in self._world.internet.atlas.hosts.values() if host.doors.intersection(MAIL_DOORS)]
        return str(MisuseError.unknown("host", name, hosts))

    def certificate(self) -> str:
        return ca_certificate().decode("ascii")

"""The fake Internet of one world: hosts, name servers, listeners and wires, all living on the loop's thread.

Addresses are given out first, sockets bound second, and only then is anything announced. What a host needs is made
when it is first spoken to, so a thousand domains cost little until they are used.
"""

import asyncio
import contextlib
import functools
import itertools
import os
import random
import socket
import weakref
from collections.abc import Callable
from functools import partial
from pathlib import Path

from mailharness.agents.ports import Surroundings
from mailharness.clock import Clock, Work
from mailharness.errors import MisuseError
from mailharness.faults import Switchboard
from mailharness.mail import Copy, Numbering
from mailharness.mail.address import ascii_form
from mailharness.net.acceptor import Acceptor, close_all
from mailharness.net.crossings import Crossings
from mailharness.net.dialer import HostDialer
from mailharness.net.ground import Ground, take_ground
from mailharness.net.listener import Doorman
from mailharness.net.plan import Block, Door
from mailharness.net.tls import Certificates, opportunistic
from mailharness.net.workshop import ThreadWorkshop
from mailharness.smtp import SmtpSession
from mailharness.world.atlas import Atlas
from mailharness.world.blueprint import Domain
from mailharness.world.doors import DoorKeeper
from mailharness.world.files import check_letters, open_files, take_in
from mailharness.world.names import Names
from mailharness.world.roles import Roles
from mailharness.world.running_host import RunningHost
from mailharness.world.site import NameDesk, Site
from mailharness.world.staffing import back_up
from mailharness.world.zones import Servers

_FILTER_PATIENCE = 5.0
"""Real seconds that a user's filter may take."""


class Internet:
    """Everything of one world that is alive. Made in any thread; from ``start`` on it belongs to the loop's."""

    def __init__(
        self,
        domains: tuple[Domain, ...],
        clock: Clock,
        work: Work,
        switchboard: Switchboard,
        rng: random.Random,
        files: tuple[str | Path | None, str | Path | None] = (None, None),
        ground: Ground | None = None,
    ) -> None:
        self.clock, self.work = clock, work
        self.switchboard = switchboard
        self.numbering = Numbering()
        self.crossings = Crossings(self.numbering)
        roles = {domain.name: Roles(domain) for domain in domains}
        servers = Servers.plan(domains, roles)
        self.ground, self.atlas = _settle_on(ground, partial(Atlas, domains=domains, roles=roles, servers=servers))
        with contextlib.ExitStack() as held:
            held.callback(self.ground.close_sockets)
            self.names = Names(self.atlas, servers, domains, roles, clock, work, switchboard, rng)
            held.callback(self.names.questions.let_go)
            self._spool, self._mail, self._storage = open_files(*files, held)
            self._workshop = ThreadWorkshop("mailharness", _FILTER_PATIENCE)
            self.around = self._surroundings(rng)
            self._site_of: dict[str, Site] = {}
            self.sites = {ascii_form(domain.name).lower(): self._site(domain, roles[domain.name]) for domain in domains}
            back_up({key: site.store for key, site in self.sites.items()}, domains)
            check_letters(self._spool, self._site_of)
            take_in(self._mail, self.sites.values())
            self._keeper = DoorKeeper(
                self.around, self.atlas.at, self._site_of_host, self.crossings, self.certificates, self.names.nameserver
            )
            self._held = held.pop_all()
        self._acceptors: list[Acceptor] = []
        self.dns: NameDesk | None = None
        """Set by the world that runs this, for the sites to hand out."""
        self.drafts = itertools.count(1)
        """What users number their letters by."""
        _alive.add(self)

    @property
    def certificates(self) -> Certificates:
        return self.ground.certificates

    def _surroundings(self, rng: random.Random) -> Surroundings:
        atlas = self.atlas
        port = atlas.block.port(Door.SMTP)
        announce = self.switchboard.announce
        dialer = HostDialer(
            self.crossings, self.clock, announce, atlas.address_of, atlas.is_listening, atlas.is_external, port
        )
        return Surroundings(
            clock=self.clock,
            work=self.work,
            announce=announce,
            numbering=self.numbering,
            identify=self._identify,
            dialer=dialer,
            workshop=self._workshop,
            client_tls=opportunistic,
            verified_tls=functools.cache(self.certificates.client),
            on_faults_changed=self.switchboard.on_change,
            salt=rng.getrandbits(64),
            storage=self._storage,
            hears=self.switchboard.hears,
        )

    def _site(self, domain: Domain, roles: Roles) -> Site:
        names = [*roles.nameservers, *roles.doors]
        hosts = {name.lower(): self.atlas.hosts[name.lower()] for name in names}
        site = Site(domain, roles, hosts, self.around, self.names.resolver, self._dns_now)
        self._site_of.update(dict.fromkeys(hosts, site))
        return site

    def _dns_now(self) -> NameDesk:
        if self.dns is None:
            raise MisuseError("the world is not running: use it in `with World(...) as world:`")
        return self.dns

    def _site_of_host(self, host: RunningHost) -> Site | None:
        return self._site_of.get(host.name.lower())

    def _identify(self, session: SmtpSession) -> Copy:
        return self.crossings.identify(session.number)

    def switch(self, host: RunningHost, on: bool) -> None:
        """``host`` is switched on, or off: then whoever is connected to it is cut, and its queue waits."""
        if not on:
            self._keeper.hang_up(host.address)
        if host.reception is not None:
            host.reception.switch(on)

    # -- the spool ----

    def _resume(self) -> None:
        """Go on with what an earlier world left: copies of one letter then are copies of one letter now."""
        letters: dict[int, int] = {}
        for kept in self._spool.kept if self._spool is not None else ():
            host, then = self.atlas.hosts[kept.host.lower()], kept.entry.copy.letter
            self._site_of[kept.host.lower()].reception(host).resume(kept.entry, letters.get(then, 0))
            letters[then] = kept.entry.copy.letter

    # -- life ----

    async def start(self) -> None:
        """Take connections and datagrams; the sockets have been bound before."""
        loop = asyncio.get_running_loop()
        self.names.questions.start(loop)
        for door, sock in self.ground.sockets:
            if sock.type == socket.SOCK_DGRAM:
                loop.add_reader(sock.fileno(), self.names.read_datagrams, sock)
            else:
                self._acceptors.append(Acceptor(loop, sock, self._doorman(door)))
        for door, sock in self.ground.knocking:
            await loop.connect_accepted_socket(self._doorman(door), sock)
        self.ground.knocking.clear()
        self._resume()

    def _doorman(self, door: Door) -> "partial[Doorman]":
        keeper = self._keeper
        return partial(Doorman, door, keeper.admit, partial(keeper.tls_at, door), keeper.proxied)

    async def stop(self) -> None:
        """Close every listener, connection and file. What was queued is gone with the world."""
        self.switchboard.journal.close()
        loop = asyncio.get_running_loop()
        await close_all(self._acceptors)
        for site in self.sites.values():
            site.close()
        self._keeper.close()
        self.names.questions.close(loop)
        for _, sock in self.ground.sockets:
            if sock.type == socket.SOCK_DGRAM:
                loop.remove_reader(sock.fileno())
        self.release()

    def release(self) -> None:
        """Give every socket and file of this world back."""
        self.release_in_child()
        self.ground.close()

    def release_in_child(self) -> None:
        """Close the sockets, as a forked child must that inherited them; the files are the parent's to remove."""
        _alive.discard(self)
        self._held.close()


def _settle_on(ground: Ground | None, plan: Callable[[Block], Atlas]) -> tuple[Ground, Atlas]:
    """``ground``, or some that nobody has, and who is where on it."""
    if ground is not None:
        return ground, plan(ground.block)
    tried: list[Atlas] = []

    def doors(block: Block) -> tuple[list[tuple[Door, list[str]]], frozenset[Door]]:
        tried.append(plan(block))
        return tried[-1].behind(), tried[-1].others()

    return take_ground(doors), tried[-1]


_alive: "weakref.WeakSet[Internet]" = weakref.WeakSet()


def _close_inherited() -> None:
    """A forked child has a copy of every socket; it must not hold a port or answer for its parent."""
    for internet in list(_alive):
        internet.release_in_child()


os.register_at_fork(after_in_child=_close_inherited)

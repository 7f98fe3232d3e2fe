"""The door keeper: decides what takes over a connection that has come in, by the host it reached and the door it took."""

import asyncio
import ssl
import weakref
from collections.abc import Callable
from functools import partial
from ipaddress import ip_network
from typing import TYPE_CHECKING

from mailharness.agents.behaviours import Personality, find_personality
from mailharness.agents.ports import Surroundings
from mailharness.clock import WallClock
from mailharness.faults import PASS, Cut, Drop, Midway, Show, Verdict
from mailharness.imap.profiles import find_profile
from mailharness.mail import NO_COPY, Cause, Copy
from mailharness.mail.address import ascii_form
from mailharness.net.askers import DnsConnection
from mailharness.net.crossings import Crossing, Crossings
from mailharness.net.listener import Incoming, Keeping, LineSession, LineWire, Proxied, sever
from mailharness.net.nameserver import Nameserver
from mailharness.net.plan import Door
from mailharness.net.tls import Certificates, broken
from mailharness.pop3.policy import Policy
from mailharness.smtp import Receiver, ReceiverOptions
from mailharness.smtp.limits import IDLE
from mailharness.trace.events import IMAP, LMTP, POP3, SMTP, Closed, Handshaking, Opened
from mailharness.world.blueprint import Domain, Host
from mailharness.world.running_host import RunningHost
from mailharness.world.site import Site

if TYPE_CHECKING:
    from mailharness.imap import ImapSession
    from mailharness.pop3 import Pop3Session

_PROTOCOL = {
    Door.SMTP: SMTP,
    Door.SUBMISSION: SMTP,
    Door.SUBMISSIONS: SMTP,
    Door.LMTP: LMTP,
    Door.IMAP: IMAP,
    Door.IMAPS: IMAP,
    Door.POP3: POP3,
    Door.POP3S: POP3,
}
MAX_RECIPIENTS = 1000
"""Recipients of one transaction where nothing else is said."""
_SUBMISSION = (Door.SUBMISSION, Door.SUBMISSIONS)
_RECEIVING = frozenset({SMTP, LMTP})


class DoorKeeper:
    """One world's. ``admit`` is asked about every connection."""

    def __init__(
        self,
        around: Surroundings,
        host_at: Callable[[str], RunningHost | None],
        site_of: Callable[[RunningHost], Site | None],
        crossings: Crossings,
        certificates: Certificates,
        nameserver: Nameserver,
    ) -> None:
        self._around = around
        self._host_at = host_at
        self._site_of = site_of
        self._crossings = crossings
        self._certificates = certificates
        self._nameserver = nameserver
        self._options: dict[tuple[str, Door, bool], ReceiverOptions] = {}
        self._policies: dict[str, Policy] = {}
        self._transports: weakref.WeakSet[asyncio.Transport] = weakref.WeakSet()
        self._closed = False

    def admit(self, incoming: Incoming) -> asyncio.Protocol | None:
        """The protocol that takes over; None where nobody listens or a fault says so."""
        host = self._host_at(incoming.address)
        if self._closed or host is None or not host.running or incoming.door not in host.doors:
            return None
        self._transports.add(incoming.transport)
        if incoming.door is Door.DNS:
            return DnsConnection(self._nameserver.take, incoming.address, incoming.peer[0])
        session = self._around.numbering.session()
        crossing = self._crossings.arrive(
            (incoming.proxy or incoming.peer, (incoming.address, host.port_of(incoming.door))), session
        )
        peer = crossing.dialer if crossing else self._peer_name(incoming.peer)
        verdict = self._around.announce(self._opened(host, incoming, session, peer, crossing))
        if isinstance(verdict, Cut):
            self._around.announce(Closed(host=host.name, session=session, protocol=_PROTOCOL[incoming.door], how="reset"))
            return None
        if isinstance(verdict, Drop):  # whoever knocked waits, for an answer that never comes
            self._crossings.rest(session, True)
            return asyncio.Protocol()
        protocol = self._protocol(host, incoming, session, peer, foreign=crossing is None)
        if isinstance(verdict, Midway) and protocol is not None:
            sever(protocol, incoming.transport, verdict.octets)
        return protocol

    def proxied(self, door: Door, address: str) -> Proxied | None:
        """What stands in front of the host at ``address``, where its description says so."""
        host = self._host_at(address)
        site = self._site_of(host) if host is not None and _PROTOCOL.get(door) in _RECEIVING else None
        if host is None or site is None or not site.domain.describe(host.name).proxy:
            return None
        options = self._receiver_options(host, site, door, foreign=True)
        # A host of this world is no proxy, and would wait for ever for the greeting.
        return Proxied(
            trusts=lambda peer: options.trusts(peer) and self._host_at(peer) is None,
            timeout=options.timeout,
            waits=self._transports.add,
            turned_away=self._turned_away,
        )

    def _turned_away(self, incoming: Incoming) -> None:
        """Who does not say for whom it speaks has no session, but the trace tells of it."""
        host = self._host_at(incoming.address)
        if host is not None and not self._closed:
            session = self._around.numbering.session()
            self._around.announce(self._opened(host, incoming, session, self._peer_name(incoming.peer)))
            self._around.announce(Closed(host=host.name, session=session, protocol=_PROTOCOL[incoming.door], how="cut"))

    def _opened(
        self, host: RunningHost, incoming: Incoming, session: int, peer: str, crossing: Crossing | None = None
    ) -> Opened:
        """A user who comes with a letter says so at the door: it may get no further."""
        carried = crossing.copy if crossing and not crossing.copy.copy else NO_COPY
        return Opened(
            host=host.name,
            session=session,
            of=carried,
            protocol=_PROTOCOL[incoming.door],
            peer=peer,
            address=incoming.peer[0],
            port=incoming.peer[1],
            secured=incoming.secured is not None,
        )

    def _peer_name(self, peer: tuple[str, int]) -> str:
        known = self._host_at(peer[0])
        return known.name if known else f"{peer[0]}:{peer[1]}"

    def _protocol(
        self, host: RunningHost, incoming: Incoming, session: int, peer: str, *, foreign: bool
    ) -> asyncio.Protocol | None:
        site = self._site_of(host)
        if site is None:
            return None
        if _PROTOCOL[incoming.door] in _RECEIVING:
            options = self._receiver_options(host, site, incoming.door, foreign=foreign)
            return self._receiver(host, site, options, incoming, session, peer)
        new_session = self._imap if _PROTOCOL[incoming.door] == IMAP else self._pop3
        line_session: LineSession = new_session(host, site, incoming, session)
        kept = self._around.storage if isinstance(self._around.storage, Keeping) else None
        wire = LineWire(line_session, partial(self._judged_tls, host, _PROTOCOL[incoming.door], session), kept)
        if incoming.secured is not None:
            line_session.secured(*incoming.secured)
        return wire

    def _receiver(
        self, host: RunningHost, site: Site, options: ReceiverOptions, incoming: Incoming, session: int, peer: str
    ) -> Receiver:
        around = self._around
        receiver = Receiver(
            options,
            site.reception(host),
            announce=around.announce,
            work=around.work,
            clock=around.clock,
            on_rest=partial(self._crossings.rest, session),
            session=session,
            peer=peer,
            peer_address=incoming.peer if incoming.proxy else None,
        )
        self._crossings.attach(session, receiver.rest_with_client)
        return receiver

    def _receiver_options(self, host: RunningHost, site: Site, door: Door, *, foreign: bool) -> ReceiverOptions:
        options = self._options.get((host.name, door, foreign))
        if options is None:
            options = self._options[host.name, door, foreign] = self._new_options(host, site, door, foreign)
        return options

    def _new_options(self, host: RunningHost, site: Site, door: Door, foreign: bool) -> ReceiverOptions:
        domain = site.domain
        described = domain.describe(host.name)
        make = find_personality(described.personality)
        idle = IDLE if isinstance(self._around.clock, WallClock) else None
        return ReceiverOptions(
            hostname=host.name,
            domain=ascii_form(domain.name),
            max_size=_max_size(domain, described, make),
            max_recipients=described.max_recipients or make.max_recipients or MAX_RECIPIENTS,
            greeting=described.greeting or make.greeting,
            voice=make.voice,
            tls=partial(self.tls_for_host, host),
            implicit_tls=door is Door.SUBMISSIONS,
            offer_auth=Door.SUBMISSION in host.doors and door is not Door.LMTP,
            auth=tuple(described.auth),
            require_auth=domain.require_auth and door in _SUBMISSION,
            require_tls=domain.require_tls and door in _SUBMISSION,
            auth_in_clear=not domain.require_tls,
            timeout=(described.timeout or idle) if foreign else None,
            lmtp=door is Door.LMTP,
            hide=make.hides | frozenset(described.hide),
            limits=described.limits,
            trusted=tuple(ip_network(network) for network in described.trusted),
            smuggling=tuple(described.smuggling),
        )

    def _imap(self, host: RunningHost, site: Site, incoming: Incoming, session: int) -> "ImapSession":
        from mailharness.imap import ImapSession  # a tenth of what there is to load, for who reads mail by it

        around = self._around
        return ImapSession(
            host=host.name,
            session=session,
            clock=around.clock,
            announce=around.announce,
            login=site.store.login,
            named=site.store.named,
            new_copy=self._appended,
            tls_available=incoming.secured is None,
            secured=incoming.secured is not None,
            require_tls=site.domain.require_tls,
            append_limit=site.domain.max_size,
            profile=find_profile(site.domain.describe(host.name).imap),
            mechanisms=tuple(site.domain.describe(host.name).auth),
            hears=around.hears,
        )

    def _appended(self) -> Copy:
        return self._around.numbering.first_copy(Cause.APPEND)

    def _pop3(self, host: RunningHost, site: Site, incoming: Incoming, session: int) -> "Pop3Session":
        from mailharness.pop3 import Pop3Session  # as above

        around = self._around
        return Pop3Session(
            host=host.name,
            session=session,
            clock=around.clock,
            announce=around.announce,
            login=site.store.login,
            tls_available=incoming.secured is None,
            secured=incoming.secured is not None,
            require_tls=site.domain.require_tls,
            named=site.store.named,
            mechanisms=tuple(site.domain.describe(host.name).auth),
            policy=self._policy(host, site.domain.describe(host.name)),
            hears=around.hears,
        )

    def _policy(self, host: RunningHost, described: Host) -> Policy:
        policy = self._policies.get(host.name)
        if policy is None:
            policy = self._policies[host.name] = Policy(described.pop_login_delay, described.pop_expire)
        return policy

    def tls_for_host(self, host: RunningHost, verdict: Verdict = PASS) -> ssl.SSLContext:
        """What the host shakes hands with; something else where a fault says so."""
        if isinstance(verdict, Cut):
            return broken()
        return self._certificates.server(host.name, host.address, verdict.certificate if isinstance(verdict, Show) else "")

    def _judged_tls(self, host: RunningHost, protocol: str, session: int = 0) -> ssl.SSLContext:
        verdict = self._around.announce(Handshaking(host=host.name, session=session, protocol=protocol))
        return self.tls_for_host(host, verdict)

    def tls_at(self, door: Door, address: str) -> ssl.SSLContext:
        """The same for a connection that begins with TLS, before anything else is known of it."""
        host = self._host_at(address)
        assert host is not None
        return self._judged_tls(host, _PROTOCOL[door])

    def close(self) -> None:
        """Cut every connection that is still open, and admit none any more."""
        self._closed = True
        self.hang_up()

    def hang_up(self, address: str = "") -> None:
        """Cut every connection that is still open, or those to the host at ``address``."""
        for transport in list(self._transports):
            if not address or transport.get_extra_info("sockname")[0] == address:
                transport.abort()


def _max_size(domain: Domain, host: Host, make: Personality) -> int:
    """What was given for the host, else for its domain, else what its make takes."""
    given = host.max_size or (domain.max_size if domain.max_size != Domain.max_size else None)
    return given or make.max_size or domain.max_size

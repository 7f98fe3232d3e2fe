"""Name servers: datagrams and connections in, answers out, for every authority and resolver of a world.

One socket serves them all; the address a question was sent to tells who is asked. The datagram side drains what has
come in one turn of the loop, so a burst is not lost to a full buffer. Every question is announced before it is answered,
and the verdict on it carried out here: silence, an answer that comes late, or one that is not the truth.
"""

import asyncio
import socket
from collections.abc import Callable

from mailharness.clock import Clock, Work
from mailharness.dns import About, Asked, Authority, Complaint, Response, Sent, read_query, respond
from mailharness.faults import PASS, Answer, Cut, Delay, Drop, Forged, Verdict
from mailharness.mail import Copy
from mailharness.net.askers import Asker, Datagram
from mailharness.net.forgery import forge, remark
from mailharness.net.recursion import Recursion, Then, written
from mailharness.net.resolver import HostResolver
from mailharness.net.sockets import destination
from mailharness.trace.events import Event, Queried, Responded

_DATAGRAMS = 256
"""How many are read in one turn of the loop."""


class Nameserver:
    """All name servers of one world; who is asked is found by address, and made when it is asked first."""

    def __init__(
        self,
        server_at: Callable[[str], Authority | HostResolver | None],
        announce: Callable[[Event], Verdict],
        name_of: Callable[[str], str],
        copy_of: Callable[[str, int], Copy],
        is_listening: Callable[[str], bool],
        clock: Clock,
        work: Work,
    ) -> None:
        self._server_at = server_at
        self._announce = announce
        self._name_of = name_of
        self._copy_of = copy_of
        self._is_listening = is_listening
        self._clock = clock
        self._work = work
        self._recursions: dict[str, Recursion] = {}

    def read_datagrams(self, sock: socket.socket) -> None:
        """Answer what has come in on ``sock``; called by the loop when there is something."""
        own = sock.getsockname()[0]
        for _ in range(_DATAGRAMS):
            try:
                data, ancillary, _, peer = sock.recvmsg(65_535, 256)
            except OSError:
                return
            self.take(data, Datagram(sock, destination(ancillary, own), peer))

    def take(self, packet: bytes, asker: Asker) -> None:
        """One question; the answer goes to ``asker`` now, later or never."""
        server = self._server_at(asker.at) if self._is_listening(asker.at) else None
        if isinstance(server, Authority):
            self._answer(server, packet, asker)
        elif server is not None:
            self._recurse(self._recursion(server), packet, asker)
        else:
            asker.leave()

    # -- as an authority ----

    def _answer(self, authority: Authority, packet: bytes, asker: Asker) -> None:
        sent = respond(authority, packet, tcp=asker.transport == "tcp")
        if sent is None:
            asker.leave()
            return
        zone = authority.zone_of(sent.about.name) if sent.about.rrtype else None
        query = self._queried(authority.name, sent.about, packet, asker, zone.origin if zone else "")
        verdict = self._announce(query)
        if verdict is PASS:
            self._send(query, asker, sent)
            return

        def find(asked: Asked, then: Then) -> None:
            then(authority.answer(asked.question), False)

        self._carry_out(verdict, query, read_query(packet), asker, find)

    # -- as a resolver ----

    def _recursion(self, resolver: HostResolver) -> Recursion:
        recursion = self._recursions.get(resolver.host)
        if recursion is None:
            recursion = self._recursions[resolver.host] = Recursion(resolver, self._clock, self._work)
        return recursion

    def _recurse(self, recursion: Recursion, packet: bytes, asker: Asker) -> None:
        """A client's question to a resolver, which recurses where it is asked to (RFC 1034 §4.3.1), else recalls."""
        tcp = asker.transport == "tcp"
        sent = recursion.remembered(packet, tcp=tcp)
        asked = None if sent else read_query(packet)
        if sent is None and asked is None:
            asker.leave()
            return
        query = self._queried(recursion.host, sent.about if sent else _about(asked), packet, asker)
        verdict = self._announce(query)
        cached = sent is not None
        if verdict is PASS and isinstance(asked, Asked):
            sent, cached = recursion.finish(packet, asked, tcp=tcp)
        if verdict is PASS and sent is not None:
            self._send(query, asker, sent, cached=cached)
        else:
            self._carry_out(verdict, query, asked or read_query(packet), asker, recursion.answer)

    # -- the verdict ----

    def _carry_out(
        self,
        verdict: Verdict,
        query: Queried,
        asked: Asked | Complaint | None,
        asker: Asker,
        find: Callable[[Asked, Then], None],
    ) -> None:
        """Do what the verdict says of ``query``; the truth, where it is needed, is for ``find`` to say."""
        if isinstance(verdict, Cut):
            asker.cut()
        elif isinstance(verdict, Drop) or asked is None:
            asker.leave()
        elif isinstance(verdict, Delay):
            self._clock.call_later(verdict.seconds, lambda: self._answer_late(query, asked, asker, find))
        elif isinstance(asked, Complaint):
            self._send(query, asker, Sent(asked.wire, _about(asked)))
        elif isinstance(verdict, Answer):
            recursive = not isinstance(self._server_at(asker.at), Authority)
            self._tell(verdict, query, asker, asked, Response(asked.question, ra=recursive), False)
        else:
            find(asked, lambda truth, cached: self._tell(verdict, query, asker, asked, truth, cached))

    def _answer_late(
        self, query: Queried, asked: Asked | Complaint, asker: Asker, find: Callable[[Asked, Then], None]
    ) -> None:
        if not self._is_listening(asker.at):
            asker.leave()
            return
        # The asker reads it in the next turn of the loop and goes on in the one behind: until then it is in flight.
        token, loop = self._work.take(f"a late answer of {query.host}"), asyncio.get_running_loop()
        self._carry_out(PASS, query, asked, asker, find)
        loop.call_soon(loop.call_soon, loop.call_soon, token.give_back)

    def _tell(self, verdict: Verdict, query: Queried, asker: Asker, asked: Asked, truth: Response, cached: bool) -> None:
        tcp = asker.transport == "tcp"
        if isinstance(verdict, Answer | Forged):
            sent = forge(asked, truth, verdict, tcp=tcp)
        else:
            sent = written(asked, truth, tcp=tcp)
        self._send(query, asker, sent, cached=cached, forged=remark(verdict))

    # -- what is told ----

    def _queried(self, host: str, about: About, packet: bytes, asker: Asker, zone: str = "") -> Queried:
        return Queried(
            host=host,
            of=self._copy_of(asker.address, int.from_bytes(packet[:2], "big")),
            by=self._name_of(asker.address),
            name=about.name,
            rrtype=about.rrtype,
            transport=asker.transport,
            zone=zone,
            referral=about.referral,
        )

    def _send(self, query: Queried, asker: Asker, sent: Sent, *, cached: bool = False, forged: str = "") -> None:
        wire, about = sent
        truncated = bool(wire[2] & 2)
        self._announce(
            Responded(
                host=query.host,
                of=query.of,
                by=query.by,
                name=about.name,
                rrtype=about.rrtype,
                rcode=about.rcode,
                answers=() if truncated else about.answers,
                referral=about.referral,
                transport=query.transport,
                cached=cached,
                truncated=truncated,
                forged=forged,
            )
        )
        asker.send(wire)


def _about(asked: Asked | Complaint | None) -> About:
    if isinstance(asked, Asked):
        return About(*asked.question, "")
    return About("", "", asked.rcode if asked else "")

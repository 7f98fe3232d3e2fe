"""Who asks globex's name server from outside, what is heard, and what the journal says was sent."""

import dns.flags
import dns.message
import dns.query
import dns.rdatatype

from mailharness import World
from mailharness.trace.events import Responded
from mailharness.world import Endpoint

GLOBEX, NS, MX = "globex.test", "ns.globex.test", "mail.globex.test"
AA = dns.flags.AA
TRUE = ("MX 10 mail.globex.test.",)
"""What there is to hear when nobody lies."""


def ask(world: World, name: str = GLOBEX, rrtype: str = "MX", *, at: Endpoint | None = None, tcp: bool = False):
    """What a foreign client hears from globex's own name server, or from another."""
    host, port = at or world["globex.test"].nameserver
    how = dns.query.tcp if tcp else dns.query.udp
    return how(dns.message.make_query(name, rrtype), host, port=port, timeout=10)


def texts(rrsets) -> list[str]:
    return [f"{dns.rdatatype.to_text(rrset.rdtype)} {record}" for rrset in rrsets for record in rrset]


def sent(world: World) -> Responded:
    return world.journal.of_kind(Responded)[-1]

"""Names: how a host's name becomes an address, told without a single socket.

A *zone* holds the records of one part of the name space, checked against the rules of the RFCs, or read from a *master
file*. An *authority* is what one name server knows, and answers from its zones: the records, a referral to who knows
more, or a "no" with the SOA. A *resolution* is one look-up on its way from the root: it says whom to ask next and is told
what came back, until there is an *answer*; the *cache* keeps what it learned on the way, for as long as the TTLs allow.
*wire* turns all of it into octets and back.

    zone -> authority.answer -> wire.respond ~ packets ~ wire.parse_response -> resolution -> cache
"""

from mailharness.dns.authority import Authority
from mailharness.dns.cache import Cache, Delegation, Known
from mailharness.dns.masterfile import master_line, parse_master_file, parse_records
from mailharness.dns.message import Question, Response
from mailharness.dns.rdata import TYPES
from mailharness.dns.record import Record
from mailharness.dns.resolution import Resolution
from mailharness.dns.walk import Answer, Query, Step
from mailharness.dns.wire import (
    About,
    Asked,
    Complaint,
    Sent,
    make_query,
    parse_response,
    read_query,
    respond,
    write_response,
)
from mailharness.dns.zone import Zone, apex, delegation, txt

__all__ = [
    "TYPES",
    "About",
    "Answer",
    "Asked",
    "Authority",
    "Cache",
    "Complaint",
    "Delegation",
    "Known",
    "Query",
    "Question",
    "Record",
    "Resolution",
    "Response",
    "Sent",
    "Step",
    "Zone",
    "apex",
    "delegation",
    "make_query",
    "master_line",
    "parse_master_file",
    "parse_records",
    "parse_response",
    "read_query",
    "respond",
    "txt",
    "write_response",
]

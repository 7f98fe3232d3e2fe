"""What an authority answers: two zones as master files, and a table of questions with all that must come back.

The same rows are put to our authority, to NSD and to BIND's named (tests/interop/test_conformance.py). Names are relative
to ``conform.tst``; a section's lines are master-file lines, and their order does not count. What must agree everywhere is
the rcode, the AA bit, the answer section and the authority section; the additional section is ours alone to check, for
what is useful there is for each server to decide (RFC 1034 §4.3.2 step 6, RFC 2181 §9).
"""

import struct
from typing import NamedTuple

ORIGIN = "conform.tst"
ZONE = r"""
$TTL 1h
@           IN SOA ns1 hostmaster\.dns ( 2026010100 ; serial
                                    2h 15m          ; refresh, retry
                                    2w 300 )        ; expire, negative TTL
            NS      ns1
            NS      ns2
            NS      ns.elsewhere.tst.
            MX      20 mx2
            MX      10 mx1
            TXT     "v=spf1 mx -all"
            CAA     0 issue "ca.example.net; policy=ev"
            CAA     128 iodef "mailto:security@conform.tst"
ns1     300 IN A    127.0.0.53
        IN 300 AAAA ::1
ns2         A       127.0.0.54
mx1         A       127.0.0.11
mx1         AAAA    2001:db8::11
mx2         A       127.0.0.12

; mail
null        MX      0 .
three       MX      10 mx1
            MX      10 mx2
            MX      30 backup.elsewhere.tst.
dangling    MX      10 nobody
_dmarc      TXT     "v=DMARC1; p=reject"
odd\.name   TXT     "escapes: \"quoted\" \\ \065\009\200" unquoted ""
$ORIGIN _tcp.conform.tst.
_imap       SRV     0 1 143 mx1.conform.tst.
            SRV     0 2 143 mx2.conform.tst.
_pop3       SRV     0 0 0 .
_25.mx1     TLSA    3 1 1 0c72ac70b745ac19998811b131d662c9ac69dbdbe7cb23e5b514b56664c5d3d6
$ORIGIN conform.tst.
mixed       SSHFP   4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789
            HINFO   "PDP-11" UNIX
            NAPTR   100 10 "S" "SIP+D2U" "" _sip._udp
            NAPTR   102 10 "U" "E2U+email" "!^.*$!mailto:information@conform.tst!i" .
            TYPE65280 \# 4 c0ffee00
            TYPE65281 \# 0
            RP      hostmaster\.dns text
            URI     10 1 "https://conform.tst/"
            OPENPGPKEY mDMEXEcE6RYJKwYBBAHaRw8BAQdA
            PTR     mx1
generic     A       \# 4 7f00000d
            CLASS1 TYPE16 \# 6 05 68656c6c6f
service     HTTPS   1 . alpn="h2,h3" port=8443 ipv4hint=127.0.0.11
            SVCB    0 mx1
            DNSKEY  257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==

; aliases
www         CNAME   mx1
ftp         CNAME   www
far         CNAME   www.elsewhere.tst.
dead        CNAME   gone
bare        CNAME   mx2
into        CNAME   host.sub
rootward    CNAME   .
CaSe        CNAME   MiXeD

; wildcards and empty non-terminals
*.wild      MX      10 mx1
            TXT     any
real.wild   A       127.0.0.30
*.alias     CNAME   mx1
a.deep.under A      127.0.0.20
x.*.star    TXT     "below an asterisk"

; delegations
sub         NS      ns.sub
            NS      ns.sib
            NS      ns.elsewhere.tst.
            DS      60485 13 2 d4b7d520e7bb5f0f67674a0cceb1e3e0614b93c4f9e99b8383f6a1e4469da50a
ns.sub      A       127.0.0.40
            AAAA    ::40
sib         NS      ns.sib
ns.sib      A       127.0.0.41
both        NS      ns1
            DS      1 13 2 0000000000000000000000000000000000000000000000000000000000000001
self        NS      self
            A       127.0.0.43
old         DNAME   new
a.new       A       127.0.0.50
alias.new   CNAME   www
away        DNAME   elsewhere.tst.
"""
DKIM = f'"v=DKIM1; k=rsa; p={"MIGf" * 59}"', f'"{"DCBi" * 40}"'
"""A key that is too long for one string."""
ZONE += f"s1._domainkey TXT ( {DKIM[0]}\n  {DKIM[1]} )"
MANY = tuple(f"many A 127.0.1.{number}" for number in range(40))
"""More at one name than 512 octets hold, and less than 1,232."""
ZONE += "\n".join(("", *MANY, ""))
CHILD_ORIGIN = "both.conform.tst"
CHILD = r"""
@ 3600 SOA ns1.conform.tst. hostmaster.conform.tst. 1 7200 900 1209600 300
       NS  ns1.conform.tst.
www    A   127.0.0.60
"""
NO = ("@ 300 SOA ns1 hostmaster\\.dns 2026010100 7200 900 1209600 300",)
NO_CHILD = ("both 300 SOA ns1 hostmaster 1 7200 900 1209600 300",)
ADDRESSES = {
    "ns1": ("ns1 300 A 127.0.0.53", "ns1 300 AAAA ::1"),
    "ns2": ("ns2 A 127.0.0.54",),
    "mx1": ("mx1 A 127.0.0.11", "mx1 AAAA 2001:db8::11"),
    "mx2": ("mx2 A 127.0.0.12",),
    "ns.sub": ("ns.sub A 127.0.0.40", "ns.sub AAAA ::40"),
    "ns.sib": ("ns.sib A 127.0.0.41",),
    "self": ("self A 127.0.0.43",),
}
SUB = ("sub NS ns.sub", "sub NS ns.sib", "sub NS ns.elsewhere.tst.")
DIGEST = "d4b7d520e7bb5f0f67674a0cceb1e3e0614b93c4f9e99b8383f6a1e4469da50a"
KEY = next(line for line in ZONE.splitlines() if "DNSKEY" in line).split()[-1]


class Row(NamedTuple):
    """A question such as "mx1 A", the head "NOERROR aa", the sections; the additional one is those hosts' addresses."""

    question: str
    head: str
    answer: tuple[str, ...] = ()
    authority: tuple[str, ...] = ()
    additional: str = ""
    disagree: frozenset[str] = frozenset()
    """Which of "nsd" and "named" answer otherwise, and may: the reason stands beside."""


def there(question: str, *answer: str, additional: str = "", disagree: str = "") -> Row:
    """An answer with authority, each line without its owner if that is the name asked for."""
    name = question.split()[0]
    lines = tuple(f"{name}{line}" if line.startswith(" ") else line for line in answer)
    return Row(question, "NOERROR aa", lines, (), additional, frozenset(disagree.split()))


def empty(question: str, *chain: str, soa: tuple[str, ...] = NO) -> Row:
    """The name is there, such records are not (RFC 2308 §2.2)."""
    return Row(question, "NOERROR aa", chain, soa)


def gone(question: str, *chain: str, soa: tuple[str, ...] = NO) -> Row:
    """There is no such name (RFC 2308 §2.1)."""
    return Row(question, "NXDOMAIN aa", chain, soa)


def referred(question: str, *cut: str, additional: str) -> Row:
    """Somebody else is the authority (RFC 1034 §4.3.2 step 3b)."""
    return Row(question, "NOERROR", (), cut, additional)


MX1 = ("mx1 A 127.0.0.11", "mx1 AAAA 2001:db8::11")
ROWS = [
    # each type, as it was declared
    there("mx1 A", " A 127.0.0.11"),
    there("MX1 a", " A 127.0.0.11"),
    there("mx1 AAAA", " AAAA 2001:db8::11"),
    there("@ SOA", " SOA ns1 hostmaster\\.dns 2026010100 7200 900 1209600 300"),
    there("@ NS", " NS ns1", " NS ns2", " NS ns.elsewhere.tst.", additional="ns1 ns2"),
    there("@ MX", " MX 20 mx2", " MX 10 mx1", additional="mx1 mx2"),
    there("@ TXT", ' TXT "v=spf1 mx -all"'),
    there("@ CAA", ' CAA 0 issue "ca.example.net; policy=ev"', ' CAA 128 iodef "mailto:security@conform.tst"'),
    there("null MX", " MX 0 ."),
    there("three MX", " MX 10 mx1", " MX 10 mx2", " MX 30 backup.elsewhere.tst.", additional="mx1 mx2"),
    there("dangling MX", " MX 10 nobody"),
    there("_dmarc TXT", ' TXT "v=DMARC1; p=reject"'),
    there("s1._domainkey TXT", f" TXT {DKIM[0]} {DKIM[1]}"),
    there(r"odd\.name TXT", r' TXT "escapes: \"quoted\" \\ A\009\200" "unquoted" ""'),
    there("_imap._tcp SRV", " SRV 0 1 143 mx1", " SRV 0 2 143 mx2", additional="mx1 mx2"),
    there("_pop3._tcp SRV", " SRV 0 0 0 ."),
    there("_25.mx1._tcp TLSA", " TLSA 3 1 1 0C72AC70B745AC19998811B131D662C9AC69DBDBE7CB23E5B514B56664C5D3D6"),
    there("mixed SSHFP", " SSHFP 4 2 123456789ABCDEF67890123456789ABCDEF67890123456789ABCDEF123456789"),
    there("mixed HINFO", ' HINFO "PDP-11" "UNIX"'),
    there(
        "mixed NAPTR",
        ' NAPTR 100 10 "S" "SIP+D2U" "" _sip._udp',
        ' NAPTR 102 10 "U" "E2U+email" "!^.*$!mailto:information@conform.tst!i" .',
    ),
    there("mixed TYPE65280", r" TYPE65280 \# 4 c0ffee00"),
    there("mixed TYPE65281", r" TYPE65281 \# 0"),
    there("mixed RP", r" RP hostmaster\.dns text"),
    there("mixed URI", ' URI 10 1 "https://conform.tst/"'),
    there("mixed OPENPGPKEY", " OPENPGPKEY mDMEXEcE6RYJKwYBBAHaRw8BAQdA"),
    there("mixed PTR", " PTR mx1"),
    there("generic A", " A 127.0.0.13"),
    there("generic TXT", ' TXT "hello"'),
    there("service HTTPS", " HTTPS 1 . alpn=h2,h3 port=8443 ipv4hint=127.0.0.11"),
    there("service SVCB", " SVCB 0 mx1"),
    there("service DNSKEY", f" DNSKEY 257 3 13 {KEY}"),
    there("mx1 ANY", " A 127.0.0.11", " AAAA 2001:db8::11", disagree="nsd"),  # one RRset will do (RFC 8482 §4.1)
    there("null ANY", " MX 0 ."),
    # the name is there, the type is not
    empty("mx2 AAAA"),
    empty("mx1 MX"),
    empty("@ A"),
    empty("@ DS"),  # nobody above is served here: the child says no (RFC 4035 §3.1.4.1)
    empty("mx1 TYPE65280"),
    empty("under A"),
    empty("deep.under ANY"),
    empty("_tcp SRV"),
    # there is no such name
    gone("gone A"),
    gone("x.mx1 A"),
    gone("b.deep.under A"),
    gone("_submission._tcp SRV"),
    gone("gone DS"),
    # aliases
    there("www A", "www CNAME mx1", "mx1 A 127.0.0.11"),
    there("www CNAME", " CNAME mx1"),
    there("www ANY", " CNAME mx1"),
    there("ftp AAAA", "ftp CNAME www", "www CNAME mx1", "mx1 AAAA 2001:db8::11"),
    there("far A", " CNAME www.elsewhere.tst."),
    there("rootward A", " CNAME ."),
    gone("dead A", "dead CNAME gone"),  # RFC 6604 §3
    empty("bare AAAA", "bare CNAME mx2"),
    empty("case MX", "CaSe CNAME MiXeD"),
    there("www MX", "www CNAME mx1")._replace(authority=NO),
    Row("into A", "NOERROR aa", ("into CNAME host.sub",), SUB, "ns.sub ns.sib"),
    # wildcards (RFC 4592)
    there("any.wild MX", " MX 10 mx1", additional="mx1"),
    there("a.b.wild TXT", " TXT any"),
    there("any.wild ANY", " MX 10 mx1", " TXT any", additional="mx1", disagree="nsd"),
    there("*.wild MX", " MX 10 mx1", additional="mx1"),
    there("x.*.star TXT", ' TXT "below an asterisk"'),
    there("any.alias A", "any.alias CNAME mx1", "mx1 A 127.0.0.11"),
    there("any.alias CNAME", " CNAME mx1"),
    empty("any.wild A"),
    empty("wild MX"),
    empty("real.wild MX"),
    empty("*.star TXT"),
    empty("y.star TXT"),  # the asterisk is an empty non-terminal: it is a source of synthesis, and has no data
    empty("any.alias MX", "any.alias CNAME mx1"),
    gone("x.real.wild MX"),
    gone("y.*.wild MX"),
    gone("y.*.star TXT"),
    # delegations
    referred("sub A", *SUB, additional="ns.sub ns.sib"),
    referred("sub NS", *SUB, additional="ns.sub ns.sib"),
    referred("sub ANY", *SUB, additional="ns.sub ns.sib"),
    referred("www.sub MX", *SUB, additional="ns.sub ns.sib"),
    referred("ns.sub A", *SUB, additional="ns.sub ns.sib"),  # glue is no answer
    referred("x.sub DS", *SUB, additional="ns.sub ns.sib"),
    referred("host.sib A", "sib NS ns.sib", additional="ns.sib"),
    referred("self A", "self NS self", additional="self"),
    there("sub DS", f" DS 60485 13 2 {DIGEST}"),  # the parent answers (RFC 4035 §3.1.4.1)
    empty("sib DS"),
    there("both DS", f" DS 1 13 2 {'0' * 63}1"),  # though the child is served here too
    there("both NS", " NS ns1"),
    there("www.both A", " A 127.0.0.60"),
    empty("both MX", soa=NO_CHILD),
    gone("gone.both A", soa=NO_CHILD),
    # substitution of names (RFC 6672)
    there("old DNAME", " DNAME new"),
    there("a.old A", "old DNAME new", "a.old CNAME a.new", "a.new A 127.0.0.50"),
    there("alias.old CNAME", "old DNAME new", "alias.old CNAME alias.new"),
    gone("x.y.old A", "old DNAME new", "x.y.old CNAME x.y.new"),
    there("x.away MX", "away DNAME elsewhere.tst.", "x.away CNAME x.elsewhere.tst."),
    empty("old A"),
    # not ours
    Row("elsewhere.tst. A", "REFUSED"),
    Row("tst. NS", "REFUSED"),
    Row(". NS", "REFUSED"),
]


class Packet(NamedTuple):
    """Octets behind the id, the rcode that they deserve, and what "nsd" and "named" say if it is something else."""

    octets: bytes
    rcode: str
    nsd: str = ""
    named: str = ""


def head(flags: int = 0, questions: int = 1, answers: int = 0, authorities: int = 0, additionals: int = 0) -> bytes:
    return struct.pack("!HHHHH", flags, questions, answers, authorities, additionals)


NAME = b"\x03mx1\x07conform\x03tst\0"
ASK_A = b"\0\x01\0\x01"
OPT = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
PACKETS = {
    "a good one": Packet(head() + NAME + ASK_A, "NOERROR"),
    "a good one with an OPT": Packet(head(additionals=1) + NAME + ASK_A + OPT, "NOERROR"),
    "an option of EDNS that nobody knows": Packet(
        head(additionals=1) + NAME + ASK_A + OPT[:-1] + b"\x06\xfd\xe9\0\x02hi", "NOERROR"
    ),
    "EDNS version 1": Packet(head(additionals=1) + NAME + ASK_A + OPT.replace(b"\xd0\0\0", b"\xd0\0\x01"), "BADVERS"),
    "two OPTs": Packet(head(additionals=2) + NAME + ASK_A + OPT * 2, "FORMERR"),
    "an OPT that is cut": Packet(head(additionals=1) + NAME + ASK_A + OPT[:-1], "FORMERR"),
    "no question": Packet(head(questions=0), "FORMERR", nsd="silence"),
    "two questions": Packet(head(questions=2) + (NAME + ASK_A) * 2, "FORMERR"),
    "a question that is not there": Packet(head(), "FORMERR", nsd="silence"),
    "a name without an end": Packet(head() + NAME[:-1], "FORMERR"),
    "a question without a class": Packet(head() + NAME + ASK_A[:2], "FORMERR"),
    "a name that points at itself": Packet(head() + b"\xc0\x0c" + ASK_A, "FORMERR"),
    "a label of no known kind": Packet(head() + b"\x41" + NAME + ASK_A, "FORMERR"),
    "a name over 255 octets": Packet(head() + (b"\x3f" + b"x" * 63) * 4 + b"\0" + ASK_A, "FORMERR"),
    "answers that are not there": Packet(head(answers=7) + NAME + ASK_A, "FORMERR"),
    "octets behind the end": Packet(head() + NAME + ASK_A + b"trailing", "FORMERR", nsd="NOERROR", named="NOERROR"),
    "IQUERY": Packet(head(0x0800) + NAME + ASK_A, "NOTIMP"),
    "STATUS": Packet(head(0x1000) + NAME + ASK_A, "NOTIMP"),
    "an opcode that nobody has": Packet(head(0x7800) + NAME + ASK_A, "NOTIMP"),
    "class CH": Packet(head() + NAME + b"\0\x01\0\x03", "REFUSED"),
    "a transfer": Packet(head() + b"\x07conform\x03tst\0\0\xfc\0\x01", "REFUSED"),
}

"""The weather of a storm: every fault that there is, and every behaviour of a host, drawn by a seed.

Two kinds of faults are left undrawn, since by the RFC they lose letters. One is a lie of success: a 250 where nothing was
taken. The other is a final refusal of a report, of which nobody is told (RFC 5321 §6.1): what refuses for good is drawn
for senders that have an address, or, where no sender can be named (a name in the DNS, a mailbox), in the domain whose
users read and never write.
"""

import random
from collections.abc import Callable, Mapping
from typing import Any

from mailharness import behaviours, faults
from mailharness.faults import Fault

DOMAINS = tuple(f"d{n}.test" for n in range(10))
READERS = DOMAINS[-1]
"""The domain to whose users no report is ever due: they write nothing."""
WRITERS = DOMAINS[:-1]
USERS = ("ann", "ben", "cleo")

_SMTP, _NET, _TLS, _DISK, _DNS = faults.smtp, faults.network, faults.tls, faults.storage, faults.dns
_ANSWERED = ("CONNECT", "EHLO", "STARTTLS", "MAIL", "RCPT", "DATA", "EOD", "QUIT")
_MOMENTS = (*_ANSWERED, "BODY")
_OF_A_LETTER = ("MAIL", "RCPT", "DATA", "EOD")
_WITHOUT_TLS = tuple(moment for moment in _ANSWERED if moment not in ("STARTTLS", "QUIT"))
_FOR_NOW = ("421 4.3.2 closing", "451 4.7.1 later", "452 4.3.1 full")
_FOR_GOOD = ("550 5.7.1 no", "554 5.6.0 never", "552 5.3.4 too big")
_EXTENSIONS = ("PIPELINING", "STARTTLS", "ENHANCEDSTATUSCODES", "SIZE", "8BITMIME", "DSN", "CHUNKING", "SMTPUTF8")
_SECONDS = (1, 60, 400, 4000)
_OCTETS = (0, 10, 200, 10**6)
_MORTALS = {"sender": "*.test"}
"""Whoever has an address: all but the null path."""

Which = dict[str, Any]
Draw = Callable[[random.Random, Which], Fault]
Make = Callable[..., Fault]


def _mx(rng: random.Random) -> str:
    return f"{rng.choice(('mx1', 'mx2'))}.{rng.choice(DOMAINS)}"


def _host(rng: random.Random) -> str:
    """A machine that sends."""
    return f"{rng.choice(('out', 'mx1', 'mx2'))}.{rng.choice(DOMAINS)}"


def _out(rng: random.Random) -> str:
    return f"out.{rng.choice(WRITERS)}"


def _user(rng: random.Random) -> str:
    return f"{rng.choice(USERS)}@{rng.choice(DOMAINS)}"


def _at(make: Make, moments: tuple[str, ...], *more: tuple[Any, ...]) -> Draw:
    """A fault of an MX host at one of these moments; what may stand behind that is chosen from each of ``more``."""
    return lambda rng, which: make(_mx(rng), rng.choice(moments), *[rng.choice(one) for one in more], **which)


def _by(make: Make, moments: tuple[str, ...], *more: tuple[Any, ...], **whose: str) -> Draw:
    """The same of a client."""
    return lambda rng, which: make(
        _host(rng), rng.choice(moments), *[rng.choice(one) for one in more], end="client", **which, **whose
    )


def _of(who: Callable[[random.Random], str], make: Make, *more: tuple[Any, ...], **whose: str) -> Draw:
    """A fault that is told by one name, and what is chosen from each of ``more``."""
    return lambda rng, which: make(who(rng), *[rng.choice(one) for one in more], **which, **whose)


def _named(make: Make, *more: tuple[Any, ...]) -> Draw:
    """A fault in the DNS, of any domain."""
    return _of(lambda rng: rng.choice((*DOMAINS, f"*.{rng.choice(DOMAINS)}")), make, *more)


def _readers(make: Make, *more: tuple[Any, ...]) -> Draw:
    """One that can be the end of letters, and would be of reports."""
    return _of(lambda _: READERS, make, *more)


def _refusing(make: Make, *codes: Any) -> Draw:
    return lambda rng, which: make(_mx(rng), rng.choice(_OF_A_LETTER), rng.choice(codes), **which, **_MORTALS)


def _hiding(rng: random.Random, which: Which) -> Fault:
    """In whole sessions: an extension that was announced and is not there any more would be a lie."""
    return _SMTP.hide(_mx(rng), rng.choice(_EXTENSIONS), session=rng.choice((1, 2, 5)), **which)


def _wrong_command(rng: random.Random, which: Which) -> Fault:
    return _SMTP.wrong_command(_host(rng), rng.choice(("MAIL", "RCPT", "DATA")), "NOPE", **which, **_MORTALS)


def _poisoned(rng: random.Random, which: Which) -> Fault:
    return _DNS.poison(*rng.sample(DOMAINS, 2), **which)


def _dead_server(rng: random.Random, which: Which) -> Fault:
    return _DNS.dead_server(f"ns.{rng.choice(DOMAINS)}", **which)


def _link(make: Make, *more: tuple[Any, ...]) -> Draw:
    return lambda rng, which: make(_host(rng), rng.choice((_mx(rng), "*")), *[rng.choice(one) for one in more], **which)


BETWEEN_HOSTS: Mapping[str, tuple[Draw, ...]] = {
    "smtp.reply": (_at(_SMTP.reply, _ANSWERED, _FOR_NOW), _refusing(_SMTP.reply, *_FOR_GOOD)),
    "smtp.garbage": (
        _at(_SMTP.garbage, _MOMENTS),
        _at(_SMTP.garbage, _ANSWERED, ("250-never ends",)),
        _by(_SMTP.garbage, ("EHLO", "STARTTLS")),
        _by(_SMTP.garbage, ("MAIL", "RCPT", "DATA"), **_MORTALS),
        _by(_SMTP.garbage, ("BODY",), ("X-Garbage: \x7f\x80",), **_MORTALS),  # in the first line of a header
    ),
    "smtp.delay": (_at(_SMTP.delay, _MOMENTS, _SECONDS), _by(_SMTP.delay, _MOMENTS, _SECONDS)),
    "smtp.hang": (_at(_SMTP.hang, _MOMENTS), _by(_SMTP.hang, _MOMENTS)),
    "smtp.close": (_at(_SMTP.close, _MOMENTS), _by(_SMTP.close, _MOMENTS)),
    "smtp.reset": (_at(_SMTP.reset, _MOMENTS), _by(_SMTP.reset, _MOMENTS)),
    "smtp.drop_after": (
        _of(_mx, _SMTP.drop_after, _OCTETS),
        lambda rng, which: _SMTP.drop_after(_host(rng), rng.choice(_OCTETS), end="client", **which),
    ),
    "smtp.slow_reply": (_at(_SMTP.slow_reply, _ANSWERED, _SECONDS),),
    "smtp.drip": (_at(_SMTP.drip, _ANSWERED, (0.1, 1, 10)),),
    "smtp.multi_line": (_at(_SMTP.multi_line, _ANSWERED, (1, 3, 40)),),
    "smtp.wrong_code": (_at(_SMTP.wrong_code, _ANSWERED, (421, 451)), _refusing(_SMTP.wrong_code, 354, 550)),
    "smtp.lose_reply": (_at(_SMTP.lose_reply, _ANSWERED), _at(_SMTP.lose_reply, ("EOD",))),
    "smtp.hide": (_hiding,),
    "smtp.wrong_command": (_wrong_command,),
    "smtp.say_helo": (_of(_host, _SMTP.say_helo),),
    "smtp.skip_quit": (_of(_host, _SMTP.skip_quit),),
    "network.refuse": (_of(_mx, _NET.refuse),),
    "network.blackhole": (_of(_mx, _NET.blackhole),),
    "network.unreachable": (_of(_mx, _NET.unreachable),),
    "network.reset_after": (_of(_mx, _NET.reset_after, (0, 10, 100, 500)),),
    "network.partition": (_link(_NET.partition),),
    "network.latency": (_link(_NET.latency, (0.1, 5, 60)),),
    "network.bandwidth": (_link(_NET.bandwidth, (0.1, 5, 100)),),
    "tls.strip_starttls": (_of(_mx, _TLS.strip_starttls),),
    "tls.refuse_starttls": (_of(_mx, _TLS.refuse_starttls),),
    "tls.fail_handshake": (_of(_mx, _TLS.fail_handshake),),
    "tls.certificate": (_of(_mx, _TLS.certificate, ("expired", "wrong name", "unknown ca", "self-signed")),),
    "storage.disk_full": (_of(_mx, _DISK.disk_full, ("before", "after")),),
    "storage.slow": (_of(_mx, _DISK.slow, _SECONDS),),
    "storage.mailbox_locked": (_of(_user, _DISK.mailbox_locked),),
    "storage.mailbox_missing": (_of(lambda rng: f"{rng.choice(USERS)}@{READERS}", _DISK.mailbox_missing),),
    "storage.over_quota": (_of(lambda rng: f"{rng.choice(USERS)}@{READERS}", _DISK.over_quota),),
    "dns.servfail": (_named(_DNS.servfail),),
    "dns.refused": (_named(_DNS.refused),),
    "dns.no_answer": (_named(_DNS.no_answer),),
    "dns.delay": (_named(_DNS.delay, (1, 60)),),
    "dns.dead_server": (_dead_server,),
    "dns.truncate": (_named(_DNS.truncate),),
    "dns.wrong_id": (_named(_DNS.wrong_id),),
    "dns.wrong_question": (_named(_DNS.wrong_question),),
    "dns.lame": (_named(_DNS.lame),),
    "dns.poison": (_poisoned,),
    "dns.expired_signature": (_named(_DNS.expired_signature),),
    "dns.nxdomain": (_readers(_DNS.nxdomain),),
    "dns.empty_answer": (_readers(_DNS.empty_answer),),
    "dns.cname_loop": (_readers(_DNS.cname_loop),),
    "dns.mx_to_cname": (_readers(_DNS.mx_to_cname, (f"mx1.{READERS}",)),),
    "dns.mx_to_nothing": (_readers(_DNS.mx_to_nothing),),
    "dns.mx_to_dead": (_readers(_DNS.mx_to_dead),),
}
"""How each fault, by the name it has in a plan, is drawn at the hosts that pass letters on."""


def _submitting(make: Make, *more: tuple[Any, ...]) -> Draw:
    return lambda rng, which: make(_out(rng), rng.choice(_WITHOUT_TLS), *[rng.choice(one) for one in more], **which)


AT_SUBMISSION: tuple[Draw, ...] = (
    _submitting(_SMTP.reply, _FOR_NOW + _FOR_GOOD),
    _submitting(_SMTP.garbage),
    _submitting(_SMTP.close),
    _submitting(_SMTP.reset),
    _submitting(_SMTP.wrong_code, (421, 451, 550)),
    _submitting(_SMTP.multi_line),
    _submitting(_SMTP.lose_reply),
    lambda rng, which: _SMTP.lose_reply(_out(rng), **which),
    _of(_out, _SMTP.drop_after, _OCTETS),
    _of(_out, _SMTP.hide, ("SIZE", "8BITMIME", "PIPELINING")),
    _of(_out, _NET.refuse),
    _of(_out, _NET.unreachable),
    _of(_out, _NET.reset_after, (0, 10, 100, 500)),
    _of(_out, _DISK.disk_full, ("before",)),
)
"""Where a program of somebody else's submits: whatever answers, or ends, at once. What waits for the world's clock would
stop the program whose test moves the clock."""


def blow(rng: random.Random) -> Fault:
    """Any fault, now and then, for a while, perhaps not at all."""
    which: Which = {"probability": rng.choice((0.05, 0.3, 0.8)), "times": rng.choice((None, 1, 5)), "optional": True}
    which["until"] = rng.choice((60, 3600, 86_400))
    if rng.random() < 0.15:
        return rng.choice(AT_SUBMISSION)(rng, which)
    return rng.choice(BETWEEN_HOSTS[rng.choice(list(BETWEEN_HOSTS))])(rng, which)


BEHAVIOURS: Mapping[str, Callable[[random.Random], behaviours.Behaviour]] = {
    "greylisting": lambda rng: behaviours.greylisting(delay=rng.choice((60, 300)), network=rng.choice((24, 32))),
    "first_contact": lambda rng: behaviours.first_contact(delay=rng.choice((60, 600))),
    "rate_limit": lambda rng: behaviours.rate_limit(
        messages=100, per=600, by=rng.choice(("client", "sender", "sender_domain", "recipient", "recipient_domain"))
    ),
    "recipient_quota": lambda _: behaviours.recipient_quota(messages=60, per=600),
    "connection_limit": lambda rng: behaviours.connection_limit(total=30, per_client=rng.choice((1, 5))),
    "tarpit": lambda rng: behaviours.tarpit(
        seconds=rng.choice((1, 20)), after=rng.choice((0, 5)), of=rng.choice(("rcpt", "error", "every"))
    ),
    "block": lambda rng: behaviours.block(senders=[f"{rng.choice(USERS)}@{rng.choice(WRITERS)}"]),
    "allow": lambda rng: behaviours.allow(clients=[f"*.{rng.choice(DOMAINS)}"]),
}
"""How each behaviour of a host is drawn."""


def manners(rng: random.Random) -> list[behaviours.Behaviour]:
    """How one MX host behaves all the time."""
    return [BEHAVIOURS[name](rng) for name in rng.sample(list(BEHAVIOURS), rng.choice((0, 1, 2)))]

"""How a letter fits a server: what is said of it in MAIL, what is converted, and who is refused without being asked.

All that is decided here is decided by what EHLO announced; where the letter fits, its octets stay as they are.
"""

from collections.abc import Set
from dataclasses import dataclass, field

from mailharness.mail import Address, Envelope, Message, Reply
from mailharness.mail.address import ascii_form
from mailharness.mail.conversion import UnconvertibleError, converted
from mailharness.smtp.offer import Offer
from mailharness.smtp.xtext import original_recipient, xtext

NO_SMTPUTF8 = Reply(550, "The next server does not speak SMTPUTF8, which this letter needs", "5.6.7")
HEADER_IN_8_BITS = Reply(550, "The next server takes 7 bits only, and the letter's header has 8-bit octets", "5.6.7")
NO_BINARY = Reply(554, "The next server takes no BINARYMIME, and this letter is not converted", "5.6.3")
TOO_BIG = Reply(552, "The letter is larger than the next server takes", "5.3.4")
NOT_VERIFIED = Reply(550, "REQUIRETLS: the next server was not reached over TLS with a certificate to trust", "5.7.10")
NO_REQUIRETLS = Reply(550, "REQUIRETLS: the next server does not offer it", "5.7.30")
OVER_THE_LIMIT = Reply(452, "More recipients than the next server takes in one transaction", "4.5.3")

_NOTIFY = ("NEVER", "SUCCESS", "FAILURE", "DELAY")


@dataclass(slots=True)
class Fit:
    """One letter as one server gets it."""

    recipients: tuple[Address, ...]
    message: Message
    refused: dict[Address, Reply] = field(default_factory=dict)
    """Those that are not asked for, each with a reply of our own."""
    body: str = ""
    """What BODY says, "" where it is not said."""
    utf8: bool = False
    """SMTPUTF8 is said."""
    in_a_labels: bool = False
    """Domains are written in ASCII, which not all of them are."""
    chunked: bool = False
    """It goes by BDAT, which adds no octet, and not by DATA."""

    def refuse(self, recipients: tuple[Address, ...], reply: Reply) -> None:
        self.refused |= dict.fromkeys(recipients, reply)
        self.recipients = tuple(address for address in self.recipients if address not in self.refused)


def fitted(
    envelope: Envelope, message: Message, offer: Offer, *, chunking: bool = False, domains: Set[str] = frozenset()
) -> Fit:
    """How ``envelope`` and ``message`` go to a server with this ``offer``; without recipients they do not go at all.

    ``chunking`` prefers BDAT where it is offered; a binary letter has no other way. ``domains`` are those of the recipients
    that the session has had before.
    """
    fit = Fit(envelope.recipients, message, chunked=(chunking or envelope.binary) and "chunking" in offer)
    if envelope.require_tls or envelope.binary:
        objection = _objection(envelope, offer)
        if objection is not None:
            fit.refuse(fit.recipients, objection)
            return fit
    _fit_addresses(fit, envelope, offer)
    _fit_body(fit, envelope, offer)
    if 0 < offer.max_size < len(fit.message) + missing_crlf(fit):  # RFC 1870 §6.1
        fit.refuse(fit.recipients, TOO_BIG)
    if offer.max_recipients or offer.max_domains:
        _fit_limits(fit, offer, set(domains))
    return fit


def _objection(envelope: Envelope, offer: Offer) -> Reply | None:
    """Why the letter may not go to this server at all."""
    if envelope.require_tls and not offer.verified:  # RFC 8689 §4.2.1
        return NOT_VERIFIED
    if envelope.require_tls and "requiretls" not in offer:
        return NO_REQUIRETLS
    if envelope.binary and not ("binarymime" in offer and "chunking" in offer):  # RFC 3030 §3
        return NO_BINARY
    return None


def _fit_addresses(fit: Fit, envelope: Envelope, offer: Offer) -> None:
    """SMTPUTF8 where it is needed and offered; without it only what has an ASCII form (RFC 6531 §3.2)."""
    senders = (envelope.sender,) if envelope.sender else ()
    in_header = envelope.smtputf8 and not fit.message.header_bytes.isascii()
    if not in_header and all(address.is_ascii for address in fit.recipients + senders):
        return
    if "smtputf8" in offer:
        fit.utf8 = True
    elif in_header or not all(ascii_path(address).isascii() for address in senders):
        fit.refuse(fit.recipients, NO_SMTPUTF8)
    else:
        fit.in_a_labels = True
        fit.refuse(tuple(address for address in fit.recipients if not ascii_path(address).isascii()), NO_SMTPUTF8)


def _fit_body(fit: Fit, envelope: Envelope, offer: Offer) -> None:
    if envelope.binary:
        fit.body = "BINARYMIME"
        return
    eight_bit = not all(map(bytes.isascii, fit.message.pieces()))
    if "8bitmime" in offer:
        fit.body = "8BITMIME" if eight_bit or envelope.eight_bit else ""
    elif eight_bit and fit.recipients:  # RFC 6152 §3
        try:
            fit.message = converted(fit.message, header_too=not fit.utf8)
        except UnconvertibleError as error:
            refusal = Reply(554, f"The next server takes 7 bits only, and the letter cannot be converted: {error}", "5.6.3")
            fit.refuse(fit.recipients, HEADER_IN_8_BITS if error.in_header else refusal)


def domain_of(address: Address) -> str:
    """The domain by which recipients are counted."""
    return ascii_form(address.domain).lower()


def _fit_limits(fit: Fit, offer: Offer, domains: set[str]) -> None:
    """Who is over a limit waits for another transaction, or another session (RFC 9422 §4.2, §4.3)."""
    taken: dict[Address, None] = {}
    for address in fit.recipients:
        domain = domain_of(address)
        room = not offer.max_domains or domain in domains or len(domains) < offer.max_domains
        if room and (not offer.max_recipients or len(taken) < offer.max_recipients):
            domains.add(domain)
            taken[address] = None
    if len(taken) < len(fit.recipients):
        fit.refuse(tuple(address for address in fit.recipients if address not in taken), OVER_THE_LIMIT)


# -- what is said ----


def commands(fit: Fit, envelope: Envelope, offer: Offer) -> list[bytes]:
    """MAIL and a RCPT for each recipient."""
    shown = ascii_path if fit.in_a_labels else str
    mail = f"MAIL FROM:<{shown(envelope.sender) if envelope.sender else ''}>"
    if "size" in offer.extensions:  # RFC 1870 §3
        mail += f" SIZE={len(fit.message) + missing_crlf(fit)}"
    if fit.body:
        mail += f" BODY={fit.body}"
    if fit.utf8:
        mail += " SMTPUTF8"
    if envelope.require_tls:
        mail += " REQUIRETLS"
    if not (envelope.requests or envelope.ret or envelope.envid) or "dsn" not in offer.extensions:
        return [f"{mail}\r\n".encode(), *(f"RCPT TO:<{shown(address)}>\r\n".encode() for address in fit.recipients)]
    mail += f" RET={envelope.ret}" * bool(envelope.ret) + f" ENVID={xtext(envelope.envid)}" * bool(envelope.envid)
    rcpts = (f"RCPT TO:<{shown(address)}>{_asked(envelope, address)}" for address in fit.recipients)
    return [f"{line}\r\n".encode() for line in (mail, *rcpts)]


def _asked(envelope: Envelope, recipient: Address) -> str:
    """NOTIFY and ORCPT as they came (RFC 3461 §5.2.1); none is added, since only who received the letter knows the first
    address."""
    request = envelope.request(recipient)
    notify = ",".join(word for word in _NOTIFY if word in (request.notify or ()))
    words = [f" NOTIFY={notify}"] * bool(notify) + [f" ORCPT={original_recipient(request.orcpt)}"] * bool(request.orcpt)
    return "".join(words)


def ascii_path(address: Address) -> str:
    """The address with its domain in A-labels; a local part has no other form than its own (RFC 6531 §3.2)."""
    return f"{address.local}@{ascii_form(address.domain)}"


def missing_crlf(fit: Fit) -> int:
    """How many octets DATA adds to end the message in CRLF."""
    message = fit.message
    if fit.chunked or not len(message):
        return 0
    return 0 if (message.original or message.prepended[-1]).endswith(b"\r\n") else 2

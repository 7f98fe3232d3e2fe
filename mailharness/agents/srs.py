"""The Sender Rewriting Scheme: an envelope sender of the forwarder's domain that leads back to the original sender.

``SRS0=HHHH=TT=globex.test=bob@acme.test`` is bob@globex.test as acme.test wrote him: HHHH proves that acme.test did, TT
is the day on which it did, by the world's clock.
"""

import hashlib
import hmac
import re

from mailharness.errors import MisuseError
from mailharness.mail import Address
from mailharness.mail.address import ascii_form

_DAY = 86400
_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_CYCLE = len(_DIGITS) ** 2
_VALID_DAYS = 21
_MAX_LOCAL = 64
"""Octets of a local part (RFC 5321 §4.5.3.1.1)."""
_WRAPPED = re.compile(r"SRS0=([0-9a-f]{4})=([a-z2-7]{2})=([^=]+)=(.+)", re.IGNORECASE)


class Srs:
    """One domain's. Its secret is made of ``salt``, which the world's seed decides: a world that goes on with the queues of
    an earlier one knows its addresses."""

    def __init__(self, domain: str, salt: int) -> None:
        self.domain = domain
        self._secret = f"{salt} {domain}".lower().encode()

    def wrap(self, sender: Address, now: float) -> Address | None:
        """``sender`` as an address of this domain; None where there is no room for it, or it is quoted.

        A sender that was wrapped elsewhere is wrapped once more, whole.
        """
        day = int(now // _DAY) % _CYCLE
        stamp = _DIGITS[day // len(_DIGITS)] + _DIGITS[day % len(_DIGITS)]
        domain = ascii_form(sender.domain)
        local = f"SRS0={self._proof(stamp, domain, sender.local)}={stamp}={domain}={sender.local}"
        if sender.local.startswith('"') or domain.startswith("[") or len(local.encode()) > _MAX_LOCAL:
            return None
        return Address(local, self.domain)

    def unwrap(self, local: str, now: float) -> Address | None:
        """The sender that ``local`` leads back to; None for what this domain did not write, or more than 21 days ago."""
        match = _WRAPPED.fullmatch(local)
        if match is None:
            return None
        proof, stamp, domain, sender = match.groups()
        high, low = (_DIGITS.index(digit) for digit in stamp.upper())
        age = (int(now // _DAY) - high * len(_DIGITS) - low) % _CYCLE
        if age > _VALID_DAYS or not hmac.compare_digest(proof.lower(), self._proof(stamp, domain, sender).lower()):
            return None
        try:
            return Address.parse(f"{sender}@{domain}")
        except MisuseError:
            return None

    def _proof(self, stamp: str, domain: str, local: str) -> str:
        """Made without case: some hosts on the way change it."""
        said = f"{stamp}={domain}={local}".lower().encode()
        return hmac.new(self._secret, said, hashlib.sha256).hexdigest()[:4]

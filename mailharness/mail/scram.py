"""SCRAM-SHA-256 as a server (RFC 5802, RFC 7677): its messages read and written, a password proved and never sent.

Channel binding is not offered.
"""

import binascii
import hashlib
import hmac
import re
import stringprep
import unicodedata
from base64 import b64decode, b64encode
from typing import NamedTuple

ITERATIONS = 4096
"""The fewest that a server may ask for (RFC 7677 §4)."""
_HASH = "sha256"
_NONCE = r"r=(?P<nonce>[!-+\--~]+)(?:,.*)?"
_CLIENT_FIRST = re.compile(rf"(?P<gs2>[ny],(?:a=(?P<authorization>[^,]*))?,)(?P<bare>n=(?P<user>[^,]+),{_NONCE})")
_CLIENT_FINAL = re.compile(rf"(?P<unproved>c=(?P<binding>[A-Za-z0-9+/=]+),{_NONCE}),p=(?P<proof>[A-Za-z0-9+/=]+)")
_ESCAPES = re.compile(r"=(?!2C|3D)")


class ClientFirst(NamedTuple):
    """The client's first message: who it is, for whom it acts ("" for itself), and its half of the nonce."""

    gs2: str
    bare: str
    authorization: str
    user: str
    nonce: str


class ClientFinal(NamedTuple):
    """Its last: what was bound, the whole nonce, and the proof; ``unproved`` is all of it but the proof."""

    unproved: str
    binding: bytes
    nonce: str
    proof: bytes

    def continues(self, first: ClientFirst, greeting: str) -> bool:
        """Whether it belongs to the exchange that began so (RFC 5802 §5.1, c and r)."""
        return self.binding == first.gs2.encode("utf-8", "surrogateescape") and greeting.startswith(f"r={self.nonce},")


def client_first(text: str) -> ClientFirst | None:
    """The message, None where it is none; one that binds a channel, or wants an extension (m=), is none here."""
    match = _CLIENT_FIRST.fullmatch(text)
    if match is None or any(_ESCAPES.search(match[name] or "") for name in ("user", "authorization")):
        return None
    authorization, user = _plain(match["authorization"] or ""), _plain(match["user"])
    return ClientFirst(match["gs2"], match["bare"], authorization, user, match["nonce"])


def client_final(text: str) -> ClientFinal | None:
    """The message, None where it is none."""
    match = _CLIENT_FINAL.fullmatch(text)
    if match is None:
        return None
    try:
        binding, proof = (b64decode(match[name], validate=True) for name in ("binding", "proof"))
    except binascii.Error:
        return None
    return ClientFinal(match["unproved"], binding, match["nonce"], proof)


class Verifier:
    """What a server keeps of a password."""

    def __init__(self, password: str, salt: bytes) -> None:
        self._salt = salt
        octets = prepared(password).encode("utf-8", "surrogateescape")
        self._salted = hashlib.pbkdf2_hmac(_HASH, octets, self._salt, ITERATIONS)

    def server_first(self, first: ClientFirst, nonce: str) -> str:
        """The nonce made whole, the salt, the iterations."""
        return f"r={first.nonce}{nonce.replace(',', '')},s={b64encode(self._salt).decode()},i={ITERATIONS}"

    def server_final(self, first: ClientFirst, greeting: str, final: ClientFinal) -> str | None:
        """Our proof in return for the client's; None where that is wrong (RFC 5802 §3)."""
        told = f"{first.bare},{greeting},{final.unproved}".encode("utf-8", "surrogateescape")
        client_key = _mac(self._salted, b"Client Key")
        signature = _mac(hashlib.sha256(client_key).digest(), told)
        right = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        if not hmac.compare_digest(right, final.proof):
            return None
        return f"v={b64encode(_mac(_mac(self._salted, b'Server Key'), told)).decode()}"


def prepared(password: str) -> str:
    """``password`` in the one form in which both sides salt it (RFC 4013 §2.1, §2.2); what is forbidden is let pass."""
    mapped = "".join(
        " " if stringprep.in_table_c12(letter) else letter for letter in password if not stringprep.in_table_b1(letter)
    )
    return unicodedata.normalize("NFKC", mapped)


def _mac(key: bytes, octets: bytes) -> bytes:
    return hmac.digest(key, octets, _HASH)


def _plain(name: str) -> str:
    return name.replace("=2C", ",").replace("=3D", "=")

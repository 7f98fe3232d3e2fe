"""The mechanisms by which a client proves who it is, without I/O (RFC 4422).

A mechanism is a generator: it yields challenges, is sent responses, and returns the account's name or None. What is no
response of its kind raises RemoteProtocolError with the reply of SMTP; so does, as ``OtherIdentityError``, a client that
proves who it is and wants to act for another (RFC 4422 §3.4.1). One table serves SMTP, IMAP and POP3.
"""

import binascii
import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from mailharness.errors import RemoteProtocolError
from mailharness.mail import scram


class OtherIdentityError(RemoteProtocolError):
    """Whoever it is has proved it, and may not act for whom it wants to."""

    def __init__(self) -> None:
        super().__init__("nobody acts for another here", "535 5.7.8 Nobody acts for another here")


class Credentials(NamedTuple):
    """The account's name, and the secrets that prove it: its password, and what serves as its OAuth token."""

    account: str
    password: str
    token: str


@dataclass(frozen=True, slots=True)
class Checks:
    """Whom a mechanism asks: ``password(user, password)`` names the account, ``credentials(user)`` its secrets."""

    password: Callable[[str, str], str | None]
    credentials: Callable[[str], Credentials | None]
    nonce: str
    """Never the same twice: what CRAM-MD5 and SCRAM challenge with."""


Exchange: TypeAlias = Generator[bytes, bytes, str | None]
Mechanism: TypeAlias = Callable[[Checks, bytes | None], Exchange]
"""Begins an exchange, with the initial response if there was one (RFC 4954 §4)."""

_BEARER = re.compile(r"auth=Bearer +([^\x01]+)", re.IGNORECASE)
_GS2_HEADER = re.compile(r"[ny],(?:a=([^,]*))?,")


def _plain(checks: Checks, response: bytes | None) -> Exchange:
    """RFC 4616 §2."""
    words = _text((yield b"") if response is None else response).split("\0")
    if len(words) != 3:
        raise _unreadable("PLAIN is authorization identity, NUL, user, NUL, password")
    return _acting_for(words[0], words[1], checks.password(words[1], words[2]))


def _login(checks: Checks, response: bytes | None) -> Exchange:
    """It has no standard; some clients read the questions."""
    user = _text((yield b"Username:") if response is None else response)
    return checks.password(user, _text((yield b"Password:")))


def _cram_md5(checks: Checks, response: bytes | None) -> Exchange:
    """RFC 2195 §2."""
    if response is not None:  # RFC 4954 §4: the server speaks first here
        raise _unreadable("CRAM-MD5 has no initial response")
    challenge = f"<{checks.nonce}>".encode()
    user, _, digest = _text((yield challenge)).rpartition(" ")
    known = checks.credentials(user)
    secret = known.password if known else ""
    right = hmac.new(secret.encode("utf-8", "surrogateescape"), challenge, hashlib.md5).hexdigest()
    return (
        known.account
        if known and hmac.compare_digest(right.encode(), digest.lower().encode("utf-8", "surrogateescape"))
        else None
    )


def _scram_sha_256(checks: Checks, response: bytes | None) -> Exchange:
    """RFC 5802 §3, RFC 7677 §3. A name that is nobody's is asked for its proof like any other (§7)."""
    first = scram.client_first(_text((yield b"") if response is None else response))
    if first is None:
        raise _unreadable("SCRAM begins with a GS2 header, n=user and r=nonce, without channel binding")
    known = checks.credentials(first.user)
    salt = hashlib.sha256(f"{first.user} {checks.nonce}".encode("utf-8", "surrogateescape")).digest()[:16]
    verifier = scram.Verifier(known.password if known else "", salt)
    greeting = verifier.server_first(first, checks.nonce)
    final = scram.client_final(_text((yield greeting.encode())))
    if final is None or not final.continues(first, greeting):
        raise _unreadable("SCRAM ends with c=, the whole r=nonce, and p=proof")
    signature = verifier.server_final(first, greeting, final)
    if known is None or signature is None:
        return None
    yield signature.encode()
    return _acting_for(first.authorization, first.user, known.account)


def _xoauth2(checks: Checks, response: bytes | None) -> Exchange:
    """Google's and Microsoft's: ``user=...^Aauth=Bearer ...^A^A``."""
    text = _text((yield b"") if response is None else response)
    user = next((word[5:] for word in text.split("\x01") if word.startswith("user=")), "")
    account = _bearer(checks, user, text)
    if account is None:
        yield _error(status="401", schemes="bearer", scope="https://mail.google.com/")
    return account


def _oauthbearer(checks: Checks, response: bytes | None) -> Exchange:
    """RFC 7628 §3.1; the error is a challenge whose answer is of no account (§3.2.3)."""
    text = _text((yield b"") if response is None else response)
    header = _GS2_HEADER.match(text)
    if header is None:
        raise _unreadable("OAUTHBEARER begins with a GS2 header")
    user = (header[1] or "").replace("=2C", ",").replace("=3D", "=")
    account = _bearer(checks, user, text)
    if account is None:
        yield _error(status="invalid_token")
    return account


def _acting_for(identity: str, user: str, account: str | None) -> str | None:
    if account is not None and identity not in ("", user, account):
        raise OtherIdentityError
    return account


def _bearer(checks: Checks, user: str, text: str) -> str | None:
    token = _BEARER.search(text)
    known = checks.credentials(user)
    return known.account if known and token and known.token and token[1] == known.token else None


def _error(**words: str) -> bytes:
    import json  # loaded where it is wanted

    return json.dumps(words).encode()


def _text(response: bytes) -> str:
    return response.decode("utf-8", "surrogateescape")


def _unreadable(why: str) -> RemoteProtocolError:
    return RemoteProtocolError(why, f"501 5.5.2 {why}")


MECHANISMS: Mapping[str, Mechanism] = {
    "PLAIN": _plain,
    "LOGIN": _login,
    "CRAM-MD5": _cram_md5,
    "SCRAM-SHA-256": _scram_sha_256,
    "XOAUTH2": _xoauth2,
    "OAUTHBEARER": _oauthbearer,
}
"""By name, in the order of the announcement."""


class Dialog:
    """One exchange in base64, as it crosses IMAP and POP3: each answer is a challenge to send on, or who it is.

    Raises RemoteProtocolError for what is no answer, and for ``*``, by which the client gives up (RFC 4422 §3.5).
    """

    def __init__(self, mechanism: str, checks: Checks) -> None:
        self.mechanism = mechanism
        self._checks = checks
        self._exchange: Exchange | None = None

    def begin(self, initial: bytes | None) -> "str | Proved":
        """With the client's initial response, where there was one; ``=`` is an empty one (RFC 4959 §3, RFC 5034 §4)."""
        response = None if initial is None else _unpacked(b"" if initial == b"=" else initial)
        exchange = self._exchange = MECHANISMS[self.mechanism](self._checks, response)
        return self._going(lambda: next(exchange))

    def go_on(self, line: bytes) -> "str | Proved":
        """With the client's next line."""
        exchange = self._exchange
        assert exchange is not None, "an exchange begins before it goes on"
        if line == b"*":
            raise RemoteProtocolError("given up", "501 5.7.0 Given up")
        response = _unpacked(line)
        return self._going(lambda: exchange.send(response))

    def _going(self, step: Callable[[], bytes]) -> "str | Proved":
        try:
            return b64encode(step()).decode("ascii")
        except StopIteration as end:
            return Proved(end.value)


class Proved(NamedTuple):
    """The end of an exchange: the account's name, or None where nothing was proved."""

    account: str | None


def _unpacked(line: bytes) -> bytes:
    try:
        return b64decode(line, validate=True)
    except binascii.Error:
        raise _unreadable("that is no base64") from None

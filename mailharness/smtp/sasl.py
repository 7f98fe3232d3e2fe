"""The mechanisms by which a client proves who it is, without I/O (RFC 4422).

A mechanism is a generator: it yields challenges, is sent responses, and returns the account's name or None. What is no
response of its kind raises RemoteProtocolError with the reply.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from mailharness.errors import RemoteProtocolError


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
    """Never the same twice: what CRAM-MD5 challenges with."""


Exchange: TypeAlias = Generator[bytes, bytes, str | None]
Mechanism: TypeAlias = Callable[[Checks, bytes | None], Exchange]
"""Begins an exchange, with the initial response if there was one (RFC 4954 §4)."""

_BEARER = re.compile(r"auth=Bearer +([^\x01]+)", re.IGNORECASE)
_GS2_HEADER = re.compile(r"[ny],(?:a=([^,]*))?,")


def _plain(checks: Checks, response: bytes | None) -> Exchange:
    """RFC 4616 §2. Nobody may act as somebody else."""
    words = _text((yield b"") if response is None else response).split("\0")
    if len(words) != 3:
        raise _unreadable("PLAIN is authorization identity, NUL, user, NUL, password")
    account = checks.password(words[1], words[2])
    return account if words[0] in ("", words[1], account) else None


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
    "XOAUTH2": _xoauth2,
    "OAUTHBEARER": _oauthbearer,
}
"""By name, in the order of the announcement."""

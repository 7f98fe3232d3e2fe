"""AUTH as a client (RFC 4954 §4): which mechanism, and what each says; no socket here.

    conversation = spoken(login, "CRAM-MD5");  line = next(conversation);  line = conversation.send(challenge)

Each line is a whole command line without its CRLF; ``challenge`` is the text of a 334.
"""

import base64
import binascii
import hmac
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from mailharness.mail import Reply

_COMMAND_LIMIT = 512
CANCEL = "*"
NO_MECHANISM = Reply(504, "The server offers no mechanism that may be used here", "5.5.4")
NO_AUTH = Reply(502, "The server offers no AUTH", "5.5.1")


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs in: by a password, or by an OAuth 2.0 ``token`` where there is one.

    ``mechanism`` is the best of those offered unless it is named. Without ``in_clear`` nothing that gives the secret away
    is sent without TLS.
    """

    user: str
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    mechanism: str = ""
    in_clear: bool = True


def _plain(login: Login, _challenge: bytes, step: int) -> bytes | None:  # RFC 4616 §2
    return f"\0{login.user}\0{login.password}".encode() if step == 0 else None


def _login(login: Login, _challenge: bytes, step: int) -> bytes | None:
    return (login.user, login.password)[step].encode() if step < 2 else None


def _cram_md5(login: Login, challenge: bytes, step: int) -> bytes | None:  # RFC 2195 §2
    digest = hmac.new(login.password.encode(), challenge, "md5").hexdigest()
    return f"{login.user} {digest}".encode() if step == 0 else None


def _xoauth2(login: Login, _challenge: bytes, step: int) -> bytes | None:
    said = (f"user={login.user}\x01auth=Bearer {login.token}\x01\x01", "")
    return said[step].encode() if step < 2 else None


def _oauthbearer(login: Login, _challenge: bytes, step: int) -> bytes | None:  # RFC 7628 §3.1, §3.2.3
    user = login.user.replace("=", "=3D").replace(",", "=2C")  # RFC 5801 §4
    said = (f"n,a={user},\x01auth=Bearer {login.token}\x01\x01", "\x01")
    return said[step].encode() if step < 2 else None


class Mechanism(NamedTuple):
    """``respond(login, challenge, step)`` says what is answered, or None where there is nothing left to say."""

    respond: Callable[[Login, bytes, int], bytes | None]
    by_token: bool = False
    client_first: bool = True
    tells_secret: bool = True


MECHANISMS: dict[str, Mechanism] = {
    "CRAM-MD5": Mechanism(_cram_md5, client_first=False, tells_secret=False),
    "PLAIN": Mechanism(_plain),
    "LOGIN": Mechanism(_login, client_first=False),
    "OAUTHBEARER": Mechanism(_oauthbearer, by_token=True),
    "XOAUTH2": Mechanism(_xoauth2, by_token=True),
}
"""By name, the best first."""


def choose(login: Login, offered: Iterable[str], *, secured: bool) -> str | None:
    """The mechanism to use with a server that offers these, or None where none is both known and allowed."""
    known = {name.upper() for name in offered}
    for name, mechanism in MECHANISMS.items():
        wanted = name == login.mechanism.upper() if login.mechanism else mechanism.by_token == bool(login.token)
        if wanted and name in known and (secured or login.in_clear or not mechanism.tells_secret):
            return name
    return None


def spoken(login: Login, name: str) -> Generator[str, str, None]:
    """The client's lines in order; ends where the server has asked more than the mechanism knows."""
    respond, _, client_first, _ = MECHANISMS[name]
    line, step = f"AUTH {name}", 0
    if client_first:
        whole = f"{line} {_base64(respond(login, b'', 0) or b'') or '='}"
        if len(whole) + 2 <= _COMMAND_LIMIT:  # RFC 4954 §4: else it waits to be asked
            line, step = whole, 1
    while line != CANCEL:
        challenge = yield line
        response = _response(login, name, challenge, step)
        line, step = CANCEL if response is None else _base64(response), step + 1
    yield line


def _response(login: Login, name: str, challenge: str, step: int) -> bytes | None:
    try:
        octets = base64.b64decode(challenge, validate=True)
    except (binascii.Error, ValueError):
        return None
    return MECHANISMS[name].respond(login, octets, step)


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")

"""The commands of POP3, filed by the state in which they may be given (RFC 1939 §4 to §7, and its extensions).

A command is a function of the visit and its arguments that returns a response; the session around it knows how lines
arrive and leave. RFC 2449 brings CAPA and response codes, RFC 2595 STLS, RFC 5034 AUTH, RFC 6856 UTF8 and LANG. Letters
cross as they are whether or not the client has asked for UTF8, as from most servers: RFC 6856 §2.1 would have those
with UTF-8 in their headers changed for clients that have not.
"""

import math
import re
from collections.abc import Callable
from typing import NamedTuple

from mailharness.errors import RemoteProtocolError
from mailharness.mail.sasl import Dialog, Proved
from mailharness.mailbox import Account, MailboxError, StoredMessage, Then
from mailharness.pop3.errors import code_of
from mailharness.pop3.multiline import multiline, top, transfer_size
from mailharness.pop3.visit import Response, State, Visit

# -- AUTHORIZATION ----

_STLS_FIRST = Response("-ERR STLS first: no password crosses here without TLS")


def _user(visit: Visit, name: str) -> Response:
    if not visit.may_send_password:
        return _STLS_FIRST
    visit.name = name
    return Response("+OK send PASS")  # RFC 1939 §13: says nothing about whether there is such a user


def _pass(visit: Visit, password: str) -> Response:
    name, visit.name = visit.name, ""
    if not visit.may_send_password:
        return _STLS_FIRST
    if not name:
        return Response("-ERR USER first")
    return _entered(visit, visit.login(name, password), "USER")


def _apop(visit: Visit, name: str, digest: str) -> Response:
    """RFC 1939 §7."""
    if not visit.timestamp:
        return Response("-ERR the greeting had no timestamp")
    return _entered(visit, visit.digested(name, digest.lower()), "APOP")


def _entered(visit: Visit, account: Account | None, mechanism: str) -> Response:
    if account is None:
        return Response("-ERR [AUTH] wrong name or password")  # RFC 3206 §4
    visit.enter(account, mechanism)
    return Response(f"+OK {account.address} logged in")


def _auth(visit: Visit, mechanism: str | None, initial: str | None) -> Response:
    """RFC 5034 §4. Without a mechanism: which there are, as in the days before CAPA."""
    if not visit.may_send_password:
        return _STLS_FIRST
    if mechanism is None:
        return Response("+OK mechanisms follow", multiline("".join(f"{name}\r\n" for name in visit.mechanisms).encode()))
    dialog = visit.dialog(mechanism)
    if dialog is None:
        return Response("-ERR that mechanism is not offered")
    return _going(visit, dialog, lambda: dialog.begin(initial.encode("utf-8", "replace") if initial else None))


def _going(visit: Visit, dialog: Dialog, step: Callable[[], str | Proved]) -> Response:
    try:
        said = step()
    except RemoteProtocolError as error:
        return Response(f"-ERR {error}")
    if isinstance(said, str):
        return Response(f"+ {said}", take=lambda line: _go_on(visit, dialog, line))
    return _entered(visit, visit.proved(said), dialog.mechanism)


def _go_on(visit: Visit, dialog: Dialog, line: bytes) -> Response:
    return answered(lambda: _going(visit, dialog, lambda: dialog.go_on(line)))


def _stls(visit: Visit) -> Response:
    if not visit.may_start_tls:
        return Response("-ERR TLS is on already" if visit.secured else "-ERR TLS is not offered here")
    if visit.utf8:  # RFC 6856 §2.1
        return Response("-ERR too late: STLS comes before UTF8")
    return Response("+OK begin TLS", then=Then.START_TLS)


def _utf8(visit: Visit) -> Response:
    """RFC 6856 §2.1."""
    visit.utf8 = True
    return Response("+OK UTF-8 it is")


def _farewell(_visit: Visit) -> Response:
    return Response("+OK bye", then=Then.CLOSE)


# -- both states ----

_CAPABILITIES: tuple[tuple[str, Callable[[Visit], bool]], ...] = (
    ("TOP", lambda _visit: True),
    ("UIDL", lambda _visit: True),
    ("USER", lambda visit: visit.may_send_password),
    ("SASL {mechanisms}", lambda visit: visit.may_send_password and bool(visit.mechanisms)),
    ("STLS", lambda visit: visit.may_start_tls),
    ("RESP-CODES", lambda _visit: True),
    ("AUTH-RESP-CODE", lambda _visit: True),
    ("PIPELINING", lambda _visit: True),
    ("EXPIRE {expire}", lambda _visit: True),
    ("LOGIN-DELAY {login_delay}", lambda visit: bool(visit.policy.login_delay)),
    ("UTF8 USER", lambda _visit: True),
    ("LANG", lambda _visit: True),
    ("IMPLEMENTATION mailharness", lambda _visit: True),
)
"""What is offered (RFC 2449 §6), and when."""
LANGUAGES = {"i-default": "Default", "en": "English"}
"""What responses are written in: tag and name."""


def _capa(visit: Visit) -> Response:
    policy = visit.policy
    words = {
        "mechanisms": " ".join(visit.mechanisms),
        "expire": "NEVER" if policy.expire is None else policy.expire,
        "login_delay": math.ceil(policy.login_delay),
    }
    offered = [f"{name}\r\n".format(**words) for name, is_offered in _CAPABILITIES if is_offered(visit)]
    return Response("+OK capabilities follow", multiline("".join(offered).encode()))


def _lang(_visit: Visit, tag: str) -> Response:
    """RFC 6856 §3.2. Whichever is asked for, the words are these."""
    if not tag:
        lines = "".join(f"{known} {name}\r\n" for known, name in LANGUAGES.items())
        return Response("+OK languages follow", multiline(lines.encode()))
    known = "i-default" if tag == "*" else tag.lower()
    return Response(f"+OK {known} it is") if known in LANGUAGES else Response("-ERR that language is not spoken here")


# -- TRANSACTION ----


def _noop(_visit: Visit) -> Response:
    return Response("+OK")


def _stat(visit: Visit) -> Response:
    sizes = [transfer_size(stored.message) for _, stored in visit.maildrop.listing()]
    return Response(f"+OK {len(sizes)} {sum(sizes)}")


def _scan(visit: Visit, number: str, show: Callable[[StoredMessage], object]) -> Response:
    """One line about one message, or about each that is there: the shape of LIST and UIDL."""
    if number:
        return Response(f"+OK {int(number)} {show(visit.maildrop.message(int(number)))}")
    lines = [f"{n} {show(stored)}\r\n" for n, stored in visit.maildrop.listing()]
    return Response(f"+OK {len(lines)} messages", multiline("".join(lines).encode()))


def _list(visit: Visit, number: str) -> Response:
    return _scan(visit, number, lambda stored: transfer_size(stored.message))


def _uidl(visit: Visit, number: str) -> Response:
    return _scan(visit, number, visit.maildrop.uidl)


def _retr(visit: Visit, number: str) -> Response:
    stored = visit.maildrop.message(int(number))
    visit.retrieved(stored)
    return Response(f"+OK {transfer_size(stored.message)} octets", multiline(bytes(stored.message)))


def _top(visit: Visit, number: str, lines: str) -> Response:
    stored = visit.maildrop.message(int(number))
    visit.tell_fetched(stored, peek=True)
    return Response("+OK the top of it follows", multiline(top(bytes(stored.message), int(lines))))


def _dele(visit: Visit, number: str) -> Response:
    visit.maildrop.delete(int(number))
    return Response(f"+OK message {int(number)} is marked as deleted")


def _rset(visit: Visit) -> Response:
    visit.maildrop.reset()
    return Response("+OK nothing is marked as deleted")


def _quit(visit: Visit) -> Response:
    return Response(f"+OK bye, {visit.update()} removed", then=Then.CLOSE)


# -- the table ----


class Command(NamedTuple):
    """A command's function, the form of its arguments (a group each), and that form in words."""

    run: Callable[..., Response]
    arguments: re.Pattern[str]
    usage: str


_NOTHING = (re.compile(r" *"), "")
_TEXT = (re.compile(r"(.+)", re.DOTALL), " text")  # RFC 1939 §7: a password may contain spaces
_NAME_AND_DIGEST = (re.compile(r"(.+) ([0-9A-Fa-f]{32})", re.DOTALL), " name digest")
_MECHANISM = (re.compile(r" *(?:([A-Za-z0-9_-]+)(?: ([^ ]+))? *)?"), " mechanism [initial-response]")
_MAYBE_TAG = (re.compile(r" *([A-Za-z0-9*-]*) *"), " [language]")
_NUMBER = (re.compile(r" *([0-9]+) *"), " number")
_MAYBE_NUMBER = (re.compile(r" *([0-9]*) *"), " [number]")
_TWO_NUMBERS = (re.compile(r" *([0-9]+) +([0-9]+) *"), " number lines")

COMMANDS: dict[State, dict[str, Command]] = {
    State.AUTHORIZATION: {
        "USER": Command(_user, *_TEXT),
        "PASS": Command(_pass, *_TEXT),
        "APOP": Command(_apop, *_NAME_AND_DIGEST),
        "AUTH": Command(_auth, *_MECHANISM),
        "STLS": Command(_stls, *_NOTHING),
        "UTF8": Command(_utf8, *_NOTHING),
        "LANG": Command(_lang, *_MAYBE_TAG),
        "CAPA": Command(_capa, *_NOTHING),
        "QUIT": Command(_farewell, *_NOTHING),
    },
    State.TRANSACTION: {
        "STAT": Command(_stat, *_NOTHING),
        "LIST": Command(_list, *_MAYBE_NUMBER),
        "UIDL": Command(_uidl, *_MAYBE_NUMBER),
        "RETR": Command(_retr, *_NUMBER),
        "TOP": Command(_top, *_TWO_NUMBERS),
        "DELE": Command(_dele, *_NUMBER),
        "RSET": Command(_rset, *_NOTHING),
        "NOOP": Command(_noop, *_NOTHING),
        "CAPA": Command(_capa, *_NOTHING),
        "LANG": Command(_lang, *_MAYBE_TAG),
        "QUIT": Command(_quit, *_NOTHING),
    },
}
VERBS = frozenset(verb for filed in COMMANDS.values() for verb in filed)


def respond(visit: Visit, verb: str, arguments: str) -> Response:
    """Carry out one command; ``verb`` in upper case, ``arguments`` whatever followed its space. Never raises."""
    command = COMMANDS[visit.state].get(verb)
    if command is None:
        known = verb in VERBS
        return Response(f"-ERR {verb} is not for the {visit.state} state" if known else "-ERR unknown command")
    match = command.arguments.fullmatch(arguments)
    if match is None:
        return Response(f"-ERR say {verb}{command.usage}")
    return answered(lambda: command.run(visit, *match.groups()))


def answered(run: Callable[[], Response]) -> Response:
    """What ``run`` returns, or the response that its refusal means (RFC 2449 §8)."""
    try:
        return run()
    except MailboxError as error:
        return Response(" ".join(filter(None, ("-ERR", code_of(error), str(error)))))

"""The commands of POP3, filed by the state in which they may be given (RFC 1939 §4 to §7, RFC 2449, RFC 2595).

A command is a function of the visit and its arguments that returns a response; the session around it knows how lines
arrive and leave.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from mailharness.mailbox import Account, InUseError, MailboxError, MailboxVisit, Maildrop, StoredMessage, Then
from mailharness.pop3.multiline import multiline, top, transfer_size
from mailharness.trace.events import POP3


class State(StrEnum):
    """Where a session stands (RFC 1939 §3)."""

    AUTHORIZATION = "AUTHORIZATION"
    TRANSACTION = "TRANSACTION"


class Response(NamedTuple):
    """A status line without CRLF, and the encoded data of a multi-line response with its final dot."""

    status: str
    data: bytes = b""
    then: Then = Then.GO_ON


@dataclass(kw_only=True, eq=False)
class Visit(MailboxVisit):
    """One client's way through the states, with the maildrop that they hold."""

    protocol = POP3
    mailbox_name = Maildrop.mailbox

    name: str = field(default="", init=False)
    """What the client called themselves by USER."""
    _maildrop: Maildrop | None = field(default=None, init=False)

    @property
    def state(self) -> State:
        return State.AUTHORIZATION if self._maildrop is None else State.TRANSACTION

    @property
    def maildrop(self) -> Maildrop:
        """The maildrop that was locked at login; only there in the TRANSACTION state."""
        assert self._maildrop is not None, "the table of commands lets nobody in without a login"
        return self._maildrop

    def enter(self, account: Account, mechanism: str = "USER") -> None:
        """Lock the account's maildrop. Raises InUseError."""
        self._maildrop = Maildrop(account)
        super().enter(account, mechanism)

    def secure(self) -> None:
        """What the client said in the clear is forgotten (RFC 2595 §4)."""
        super().secure()
        self.name = ""

    def remove_marked(self) -> int:
        """RFC 1939 §6: the UPDATE state. Returns how many messages went."""
        removed = self.maildrop.quit()
        for stored in removed:
            self.tell_removed(stored)
        return len(removed)

    def leave(self) -> None:
        """Give the maildrop back without removing anything (RFC 1939 §3)."""
        if self._maildrop is not None:
            self._maildrop.release()


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
    account = visit.login(name, password)
    if account is None:
        return Response("-ERR [AUTH] wrong name or password")  # RFC 3206 §4
    visit.enter(account)
    return Response(f"+OK {account.address} logged in")


def _stls(visit: Visit) -> Response:
    if not visit.may_start_tls:
        return Response("-ERR TLS is on already" if visit.secured else "-ERR TLS is not offered here")
    return Response("+OK begin TLS", then=Then.START_TLS)


def _farewell(_visit: Visit) -> Response:
    return Response("+OK bye", then=Then.CLOSE)


# -- both states ----

_CAPABILITIES: tuple[tuple[str, Callable[[Visit], bool]], ...] = (
    ("TOP", lambda _visit: True),
    ("UIDL", lambda _visit: True),
    ("USER", lambda visit: visit.may_send_password),
    ("STLS", lambda visit: visit.may_start_tls),
    ("RESP-CODES", lambda _visit: True),
    ("AUTH-RESP-CODE", lambda _visit: True),
    ("PIPELINING", lambda _visit: True),
    ("EXPIRE NEVER", lambda _visit: True),
    ("IMPLEMENTATION mailharness", lambda _visit: True),
)


def _capa(visit: Visit) -> Response:
    offered = [f"{name}\r\n" for name, is_offered in _CAPABILITIES if is_offered(visit)]
    return Response("+OK capabilities follow", multiline("".join(offered).encode()))


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
    visit.maildrop.mark_seen(stored)
    visit.tell_fetched(stored, peek=False)
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
    return Response(f"+OK bye, {visit.remove_marked()} removed", then=Then.CLOSE)


# -- the table ----


class Command(NamedTuple):
    """A command's function, the form of its arguments (a group each), and that form in words."""

    run: Callable[..., Response]
    arguments: re.Pattern[str]
    usage: str


_NOTHING = (re.compile(r" *"), "")
_TEXT = (re.compile(r"(.+)", re.DOTALL), " text")  # RFC 1939 §7: a password may contain spaces
_NUMBER = (re.compile(r" *([0-9]+) *"), " number")
_MAYBE_NUMBER = (re.compile(r" *([0-9]*) *"), " [number]")
_TWO_NUMBERS = (re.compile(r" *([0-9]+) +([0-9]+) *"), " number lines")

COMMANDS: dict[State, dict[str, Command]] = {
    State.AUTHORIZATION: {
        "USER": Command(_user, *_TEXT),
        "PASS": Command(_pass, *_TEXT),
        "STLS": Command(_stls, *_NOTHING),
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
    try:
        return command.run(visit, *match.groups())
    except InUseError as error:
        return Response(f"-ERR [IN-USE] {error}")  # RFC 2449 §8.1.2
    except MailboxError as error:
        return Response(f"-ERR {error}")

"""The commands that need no mailbox: who we are, who you are, TLS, goodbye (RFC 3501 §6.1, §6.2)."""

import re
from collections.abc import Callable

from mailharness.errors import RemoteProtocolError
from mailharness.imap.capabilities import capabilities
from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.responses import untagged
from mailharness.imap.visit import Continue, Outcome, RefusedError, Status, Visit
from mailharness.mail.sasl import Dialog, OtherIdentityError, Proved
from mailharness.mailbox import Account, Then

_BASE64 = re.compile(rb"[A-Za-z0-9+/=]+")


def nothing(_cursor: Cursor) -> tuple[()]:
    """A command without arguments."""
    return ()


def noop(_visit: Visit) -> Status:
    return Status("OK done")


def logout(visit: Visit) -> Status:
    visit.write(untagged("BYE see you"))
    return Status("OK bye", Then.CLOSE)


def parse_id(cursor: Cursor) -> tuple[()]:
    """RFC 2971 §3.1: what the client says of itself is nobody's business here."""
    cursor.space()
    if not cursor.take(b"("):
        cursor.nstring()
        return ()
    first = True
    while not cursor.take(b")"):
        if not first:
            cursor.space()
        first = False
        cursor.string()
        cursor.space()
        cursor.nstring()
    return ()


def identify(visit: Visit) -> Status:
    visit.write(untagged('ID ("name" "mailharness")'))
    return Status("OK pleased to meet you")


# -- TLS and passwords ----


def starttls(visit: Visit) -> Status:
    if not visit.may_start_tls:
        return Status("BAD TLS is on already" if visit.secured else "BAD TLS is not offered here")
    return Status("OK begin TLS", Then.START_TLS)


def parse_login(cursor: Cursor) -> tuple[bytes, bytes]:
    cursor.space()
    name = cursor.astring()
    cursor.space()
    return name, cursor.astring()


def login(visit: Visit, name: bytes, password: bytes) -> Status:
    _require_privacy(visit)
    return _enter(visit, visit.login(name.decode("utf-8", "replace"), password.decode("utf-8", "replace")), "LOGIN")


def _require_privacy(visit: Visit) -> None:
    if not visit.may_send_password:
        raise RefusedError("[PRIVACYREQUIRED] no password crosses here without TLS")


def _enter(visit: Visit, account: Account | None, mechanism: str) -> Status:
    if account is None:
        raise RefusedError("[AUTHENTICATIONFAILED] wrong name or password")
    visit.enter(account, mechanism)
    return Status(f"OK [{capabilities(visit)}] {account.address} logged in")


def parse_authenticate(cursor: Cursor) -> tuple[bytes, bytes | None]:
    """The mechanism, and the initial response of RFC 4959 §3 where there is one."""
    cursor.space()
    mechanism = cursor.atom().upper()
    return mechanism, (cursor.optional(_BASE64) if cursor.take(b" ") else None)


def authenticate(visit: Visit, mechanism: bytes, initial: bytes | None) -> Outcome:
    """RFC 3501 §6.2.2."""
    dialog = visit.dialog(mechanism.decode("ascii"))
    if dialog is None:
        raise RefusedError(f"[CANNOT] only {', '.join(visit.mechanisms) or 'LOGIN'} is spoken here")
    _require_privacy(visit)
    return _going(visit, dialog, lambda: dialog.begin(initial))


def _going(visit: Visit, dialog: Dialog, step: Callable[[], str | Proved]) -> Outcome:
    try:
        said = step()
    except OtherIdentityError as error:
        raise RefusedError(f"[AUTHORIZATIONFAILED] {error}") from None
    except RemoteProtocolError as error:
        raise BadSyntaxError(str(error)) from None
    if isinstance(said, str):
        return Continue(f"+ {said}", lambda line: _going(visit, dialog, lambda: dialog.go_on(line)))
    return _enter(visit, visit.proved(said), dialog.mechanism)

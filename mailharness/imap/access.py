"""The commands that need no mailbox: who we are, who you are, TLS, goodbye (RFC 3501 §6.1, §6.2)."""

import binascii
import re

from mailharness.imap.capabilities import capabilities
from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.responses import untagged
from mailharness.imap.visit import Continue, Outcome, RefusedError, Status, Visit
from mailharness.mailbox import Then

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
    return _enter(visit, name, password, "LOGIN")


def _enter(visit: Visit, name: bytes, password: bytes, mechanism: str) -> Status:
    if not visit.may_send_password:
        raise RefusedError("[PRIVACYREQUIRED] no password crosses here without TLS")
    account = visit.login(name.decode("utf-8", "replace"), password.decode("utf-8", "replace"))
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
    if mechanism != b"PLAIN":
        raise RefusedError("[CANNOT] only PLAIN is spoken here")
    if not visit.may_send_password:
        raise RefusedError("[PRIVACYREQUIRED] no password crosses here without TLS")
    if initial is None:
        return Continue("+ ", lambda line: _plain(visit, line))
    return _plain(visit, b"" if initial == b"=" else initial)


def _plain(visit: Visit, encoded: bytes) -> Status:
    """RFC 4616 §2: authorization identity, name and password, apart by NUL."""
    if encoded == b"*":
        return Status("BAD given up")
    try:
        authorization, name, password = binascii.a2b_base64(encoded, strict_mode=bool(encoded)).split(b"\x00")
    except ValueError:
        raise BadSyntaxError("that is no response of PLAIN") from None
    if authorization not in (b"", name):
        raise RefusedError("[AUTHORIZATIONFAILED] nobody acts for another here")
    return _enter(visit, name, password, "PLAIN")

"""URLAUTH: URLs that let others read one message, or a part of it, without a login of the owner's (RFC 4467, RFC 5524).

imap://bob@b.test/INBOX/;UID=7;EXPIRE=2030-01-01T00:00:00Z;URLAUTH=user+alice:internal:<64 hexadecimal digits>
"""

import hmac
import re
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import unquote

from mailharness.imap.binary import BinaryPart
from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.mailboxes import parse_name
from mailharness.imap.reading import Reading
from mailharness.imap.responses import NIL, astring, literal, literal8, nstring
from mailharness.imap.sections import part_at
from mailharness.imap.structure import body
from mailharness.imap.urls import Place, cut, parse_url, stored_at
from mailharness.imap.visit import RefusedError, Status, Visit
from mailharness.mailbox import Account, Mailbox, MailboxError, StoredMessage

MAX_URLS = 100
MECHANISM = "INTERNAL"
_FORMS = ("BODY", "BINARY", "BODYPARTSTRUCTURE")
_URL = re.compile(
    r"(?P<rump>imap://(?P<user>[^/;]+?)(?:;AUTH=[^/@]*)?@(?P<host>[^/@:]+)(?::\d{1,5})?(?P<path>/.*?)"
    r"(?:;EXPIRE=(?P<expire>[0-9T:.+Z-]+))?;URLAUTH=(?P<access>[^:;]+))(?::(?P<mechanism>[A-Za-z]+):(?P<token>[0-9A-Fa-f]+))?",
    re.IGNORECASE | re.DOTALL,
)


class Url(NamedTuple):
    """A URL taken apart; ``rump`` is what the token is made of, ``expires`` in seconds since the epoch (None: never)."""

    rump: str
    user: str
    host: str
    place: Place
    expires: float | None
    access: str
    token: str


def parse(url: str) -> Url | None:
    """None for what is no such URL."""
    match = _URL.fullmatch(url)
    place = parse_url(match["path"]) if match else None
    if match is None or place is None or (match["mechanism"] or MECHANISM).upper() != MECHANISM:
        return None
    expires = None
    if match["expire"]:
        try:
            moment = datetime.fromisoformat(match["expire"].upper())
        except ValueError:
            return None
        if moment.tzinfo is None:
            return None
        expires = moment.timestamp()
    return Url(match["rump"], unquote(match["user"]), match["host"], place, expires, match["access"], match["token"] or "")


def token_of(account: Account, mailbox: Mailbox, rump: str) -> str:
    """RFC 4467 §3: a keyed hash; the key is the mailbox's own and another after each RESETKEY."""
    secret = f"{account.address}\n{account.password}\n{mailbox.object_id}\n{mailbox.url_key}"
    return hmac.new(sha256(secret.encode()).digest(), rump.encode(), sha256).hexdigest()


def _owner(visit: Visit, url: Url) -> Account | None:
    """Whose message it is, if they are at home here."""
    account = visit.named(url.user)
    if account is None or url.host.lower() not in (visit.host.lower(), account.address.domain.lower()):
        return None
    return account


# -- GENURLAUTH, RESETKEY ----


def parse_generate(cursor: Cursor) -> tuple[list[str]]:
    """Pairs of a URL and the mechanism for it."""
    urls: list[str] = []
    while not urls or not cursor.at_end:
        cursor.space()
        urls.append(cursor.astring().decode("ascii", "replace"))
        cursor.space()
        if cursor.atom().upper() != MECHANISM.encode():
            raise BadSyntaxError(f"the only mechanism is {MECHANISM}")
        _require_few(urls)
    return (urls,)


def _require_few(urls: list[str]) -> None:
    if len(urls) > MAX_URLS:
        raise BadSyntaxError(f"no more than {MAX_URLS} URLs at once")


def generate(visit: Visit, urls: list[str]) -> Status:
    """RFC 4467 §7: only the owner hands out what others may read."""
    told = []
    for text in urls:
        url = parse(text)
        if url is None or url.token:
            raise BadSyntaxError("that is no URL to be authorized")
        if _owner(visit, url) is not visit.account:
            raise RefusedError("[NOPERM] the URL is not of your mail")
        mailbox = visit.account.get(url.place.name)
        full = f"{url.rump}:{MECHANISM.lower()}:{token_of(visit.account, mailbox, url.rump)}"
        told.append(astring(full.encode()))
    visit.write(b"* GENURLAUTH %s\r\n" % b" ".join(told))
    return Status("OK authorized")


def parse_reset(cursor: Cursor) -> tuple[str | None]:
    """The mailbox (None: all), and maybe mechanisms, of which there is one."""
    if cursor.at_end:
        return (None,)
    (name,) = parse_name(cursor)
    while cursor.take(b" "):
        cursor.atom()
    return (name,)


def reset_key(visit: Visit, name: str | None) -> Status:
    """What was authorized before is no longer (RFC 4467 §7)."""
    account = visit.account
    for mailbox in list(account.mailboxes.values()) if name is None else [account.get(name)]:
        mailbox.change_url_key()
    return Status(f"OK [URLMECH {MECHANISM}] all URLs of before are void")


# -- URLFETCH ----


class Asked(NamedTuple):
    """One URL, and the forms in which it is wanted; without any as the octets alone (RFC 5524 §3)."""

    url: str
    forms: tuple[str, ...] = ()


def parse_fetch(cursor: Cursor) -> tuple[list[Asked]]:
    asked: list[Asked] = []
    while not asked or not cursor.at_end:
        cursor.space()
        asked.append(_parse_asked(cursor))
        _require_few([one.url for one in asked])
    return (asked,)


def _parse_asked(cursor: Cursor) -> Asked:
    in_brackets = cursor.take(b"(")
    url = cursor.astring().decode("ascii", "replace")
    forms: list[str] = []
    while in_brackets and not cursor.take(b")"):
        cursor.space()
        word = cursor.word()
        if word not in _FORMS:
            raise BadSyntaxError(f"a URL is not fetched as {word}")
        forms.append(word)
    return Asked(url, tuple(dict.fromkeys(forms)))


def url_fetch(visit: Visit, asked: list[Asked]) -> Status:
    """A URL that is not to be read, for whatever reason, is NIL: nobody learns why (RFC 4467 §7)."""
    for one in asked:
        url = parse(one.url)
        stored = _readable(visit, url) if url is not None else None
        content = b" " + NIL
        if url is not None and stored is not None:
            reading = Reading(None, 0, stored)
            content = _content(url.place, reading, one.forms)
            visit.tell_fetched(stored, peek=True, mailbox=url.place.name)
        visit.write(b"* URLFETCH %s%s\r\n" % (astring(one.url.encode()), content))
    return Status("OK fetched")


def _readable(visit: Visit, url: Url) -> StoredMessage | None:
    """The message, if the URL is genuine, still valid, and meant for who asks."""
    owner = _owner(visit, url)
    if owner is None or not _is_for(visit, url.access) or (url.expires is not None and visit.clock.now() >= url.expires):
        return None
    try:
        mailbox = owner.get(url.place.name)
    except MailboxError:
        return None
    genuine = hmac.compare_digest(token_of(owner, mailbox, url.rump), url.token.lower())
    return stored_at(owner, url.place) if genuine else None


def _is_for(visit: Visit, access: str) -> bool:
    """RFC 4467 §3.1; nobody here is the submission server that ``submit+`` means."""
    kind, _, who = access.partition("+")
    if kind.lower() == "user":
        return visit.named(unquote(who)) is visit.account
    return kind.lower() in ("authuser", "anonymous") and not who


def _content(place: Place, reading: Reading, forms: tuple[str, ...]) -> bytes:
    octets = cut(place, place.section.read(reading))
    if not forms:
        return b" " + nstring(octets)
    decoded = _decoded(place, reading) if "BINARY" in forms else None
    told = {
        "BODYPARTSTRUCTURE": _structure(place, reading, decoded),
        "BINARY": NIL if decoded is None else literal8(decoded) if b"\x00" in decoded else literal(decoded),
        "BODY": nstring(octets),
    }
    return b"".join(b" (%s %s)" % (form.encode(), shown) for form, shown in told.items() if form in forms)


def _structure(place: Place, reading: Reading, decoded: bytes | None) -> bytes:
    """Of what is shown: where it is shown decoded, of that (RFC 5524 §3.1)."""
    part = part_at(reading.root, place.section.path)
    return NIL if part is None or place.section.text else body(part, extended=True, decoded=decoded)


def _decoded(place: Place, reading: Reading) -> bytes | None:
    """The octets with their transfer encoding undone (RFC 5524 §3.2); None where that cannot be."""
    try:
        octets = place.section.read(reading) if place.section.text else BinaryPart(place.section.path).read(reading)
    except RefusedError:
        return None
    return cut(place, octets)

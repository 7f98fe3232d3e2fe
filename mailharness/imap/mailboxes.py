"""The commands about mailboxes as a whole: choosing, making, listing, filling them (RFC 3501 §6.3)."""

from collections.abc import Callable, Iterable

from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.names import from_wire, matches, to_wire
from mailharness.imap.responses import astring, flag_list
from mailharness.imap.visit import Continue, RefusedError, Status, Visit
from mailharness.mail import Message
from mailharness.mailbox import INBOX, SEEN, SYSTEM_FLAGS, Account, Mailbox, NonExistentError, canonical, parents

_KNOWN_FLAGS = {flag.lower(): flag for flag in SYSTEM_FLAGS}
_STATUS_ITEMS: dict[str, Callable[[Mailbox], int]] = {
    "MESSAGES": len,
    "RECENT": lambda mailbox: len(mailbox.unclaimed()),
    "UIDNEXT": lambda mailbox: mailbox.uid_next,
    "UIDVALIDITY": lambda mailbox: mailbox.uid_validity,
    "UNSEEN": lambda mailbox: sum(SEEN not in stored.flags for stored in mailbox.messages),
}


def parse_name(cursor: Cursor) -> tuple[str]:
    cursor.space()
    return (from_wire(cursor.astring()),)


def parse_two_names(cursor: Cursor) -> tuple[str, str]:
    return (*parse_name(cursor), *parse_name(cursor))


def known_flags(flags: Iterable[str]) -> frozenset[str]:
    """Flags in one spelling each, a keyword in the first that is given; system flags are those of RFC 3501 §2.3.2 only."""
    found: dict[str, str] = {}
    for flag in flags:
        name = _KNOWN_FLAGS.get(flag.lower()) if flag.startswith("\\") else flag
        if name is None:
            raise BadSyntaxError(f"{flag} is no flag that can be set")
        found.setdefault(name.lower(), name)
    return frozenset(found.values())


def target(account: Account, name: str) -> Mailbox:
    """The mailbox to put messages into; RFC 3501 §6.3.11 has the client told that it may create it."""
    try:
        return account.get(name)
    except NonExistentError:
        raise RefusedError("[TRYCREATE] there is no such mailbox") from None


# -- SELECT and EXAMINE ----


def select(visit: Visit, name: str) -> Status:
    return _open(visit, name, read_only=False)


def examine(visit: Visit, name: str) -> Status:
    return _open(visit, name, read_only=True)


def _open(visit: Visit, name: str, *, read_only: bool) -> Status:
    """RFC 3501 §6.3.1: what was selected is no longer, even if this fails."""
    visit.unselect()
    mailbox = visit.account.get(name)
    view = visit.select(mailbox, read_only=read_only)
    unseen = next((number for number, stored in enumerate(view.messages, 1) if SEEN not in stored.flags), 0)
    lines = [
        b"* %d EXISTS" % len(view.messages),
        b"* %d RECENT" % len(view.recent),
        *([b"* OK [UNSEEN %d] is the first unseen" % unseen] if unseen else []),
        b"* OK [UIDVALIDITY %d] UIDs are valid" % mailbox.uid_validity,
        b"* OK [UIDNEXT %d] is the next UID" % mailbox.uid_next,
        b"* FLAGS " + view.flag_names(),
        b"* OK [PERMANENTFLAGS %s] these stay" % view.permanent(),
    ]
    visit.write(b"".join(line + b"\r\n" for line in lines))
    return Status(f"OK [{'READ-ONLY' if read_only else 'READ-WRITE'}] {'examined' if read_only else 'selected'}")


# -- CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE ----


def create(visit: Visit, name: str) -> Status:
    visit.account.create(name)
    return Status("OK created")


def delete(visit: Visit, name: str) -> Status:
    visit.account.delete(name)
    return Status("OK deleted")


def rename(visit: Visit, old: str, new: str) -> Status:
    visit.account.rename(old, new)
    return Status("OK renamed")


def subscribe(visit: Visit, name: str) -> Status:
    visit.account.subscribe(name)
    return Status("OK subscribed")


def unsubscribe(visit: Visit, name: str) -> Status:
    visit.account.unsubscribe(name)
    return Status("OK unsubscribed")


# -- LIST, LSUB, NAMESPACE, STATUS ----


def parse_list(cursor: Cursor) -> tuple[bytes, bytes]:
    """The reference and the pattern, both as they are on the wire."""
    cursor.space()
    reference = cursor.astring()
    cursor.space()
    return reference, cursor.list_name()


def list_mailboxes(visit: Visit, reference: bytes, pattern: bytes) -> Status:
    if not pattern:  # RFC 3501 §6.3.8: a question for the separator
        visit.write(b'* LIST (\\Noselect) "/" ""\r\n')
        return Status("OK that is the separator")
    names = visit.account.mailboxes
    above = {parent for name in names for parent in parents(name)}
    for name in sorted({*names, *above}, key=_inbox_first):
        if matches(reference + pattern, to_wire(name)):
            below = "\\HasChildren" if name in above else "\\HasNoChildren"  # RFC 3348 §3
            _write_name(visit, b"LIST", name, flag_list([below] if name in names else ["\\Noselect", below]))
    return Status("OK listed")


def list_subscribed(visit: Visit, reference: bytes, pattern: bytes) -> Status:
    """RFC 3501 §6.3.9: a parent that ``%`` meets is listed for its subscribed children's sake, as \\Noselect."""
    names = visit.account.subscriptions
    listed = {name for name in names if matches(reference + pattern, to_wire(name))}
    above = {parent for name in names - listed for parent in parents(name)}
    shown = {parent for parent in above - listed if matches(reference + pattern, to_wire(parent))}
    for name in sorted(listed | shown, key=_inbox_first):
        _write_name(visit, b"LSUB", name, b"(\\Noselect)" if name in shown else b"()")
    return Status("OK listed")


def _write_name(visit: Visit, response: bytes, name: str, attributes: bytes) -> None:
    visit.write(b'* %s %s "/" %s\r\n' % (response, attributes, astring(to_wire(name))))


def _inbox_first(name: str) -> tuple[bool, str]:
    return name != INBOX, name


def namespace(visit: Visit) -> Status:
    """RFC 2342 §5: one namespace, the user's own."""
    visit.write(b'* NAMESPACE (("" "/")) NIL NIL\r\n')
    return Status("OK that is all")


def parse_status(cursor: Cursor) -> tuple[str, list[str]]:
    (name,) = parse_name(cursor)
    cursor.space()
    cursor.expect(b"(")
    items = [cursor.word()]
    while not cursor.take(b")"):
        cursor.space()
        items.append(cursor.word())
    unknown = [item for item in items if item not in _STATUS_ITEMS]
    if unknown:
        raise BadSyntaxError(f"there is no status item {unknown[0]}")
    return name, list(dict.fromkeys(items))


def status(visit: Visit, name: str, items: list[str]) -> Status:
    mailbox = visit.account.get(name)
    counts = " ".join(f"{item} {_STATUS_ITEMS[item](mailbox)}" for item in items)
    visit.write(b"* STATUS %s (%s)\r\n" % (astring(to_wire(canonical(name))), counts.encode()))
    return Status("OK counted")


# -- APPEND, IDLE ----


def parse_append(cursor: Cursor) -> tuple[str, frozenset[str], float | None, bytes]:
    """The mailbox, flags, internal date (None: now) and octets of a message to keep."""
    (name,) = parse_name(cursor)
    cursor.space()
    flags: frozenset[str] = frozenset()
    if cursor.at(b"("):
        flags = known_flags(cursor.flags())
        cursor.space()
    moment = None
    if cursor.at(b'"'):
        moment = cursor.moment()
        cursor.space()
    return name, flags, moment, cursor.literal()


def append(visit: Visit, name: str, flags: frozenset[str], moment: float | None, octets: bytes) -> Status:
    mailbox = target(visit.account, name)
    if not octets:
        raise RefusedError("[CANNOT] a message of no octets is none")
    visit.account.require_room_for(len(octets))
    date = visit.clock.now() if moment is None else moment
    stored = mailbox.append(Message(octets), flags=flags, internal_date=date, of=visit.new_copy())
    return Status(f"OK [APPENDUID {mailbox.uid_validity} {stored.uid}] appended")  # RFC 4315 §3


def idle(_visit: Visit) -> Continue:
    """RFC 2177 §3: tell what happens as it happens, until the client says DONE."""
    return Continue("+ idling", _done, idles=True)


def _done(line: bytes) -> Status:
    return Status("OK idled") if line.strip().upper() == b"DONE" else Status("BAD only DONE ends IDLE")

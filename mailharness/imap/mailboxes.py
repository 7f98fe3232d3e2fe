"""The commands about mailboxes as a whole: making, removing, renaming, counting them (RFC 3501 §6.3)."""

from collections.abc import Callable

from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.names import from_wire, to_wire
from mailharness.imap.responses import astring
from mailharness.imap.visit import RefusedError, Status, Visit
from mailharness.mailbox import SEEN, Account, Mailbox, NonExistentError, canonical

_STATUS_ITEMS: dict[str, Callable[[Mailbox], int]] = {
    "MESSAGES": len,
    "RECENT": lambda mailbox: len(mailbox.unclaimed()),
    "UIDNEXT": lambda mailbox: mailbox.uid_next,
    "UIDVALIDITY": lambda mailbox: mailbox.uid_validity,
    "UNSEEN": lambda mailbox: sum(SEEN not in stored.flags for stored in mailbox.messages),
    "HIGHESTMODSEQ": lambda mailbox: mailbox.highest_modseq,  # RFC 7162 §3.1.7
}


def parse_name(cursor: Cursor) -> tuple[str]:
    cursor.space()
    return (from_wire(cursor.astring()),)


def parse_two_names(cursor: Cursor) -> tuple[str, str]:
    return (*parse_name(cursor), *parse_name(cursor))


def target(account: Account, name: str) -> Mailbox:
    """The mailbox to put messages into; RFC 3501 §6.3.11 has the client told that it may create it."""
    try:
        return account.get(name)
    except NonExistentError:
        raise RefusedError("[TRYCREATE] there is no such mailbox") from None


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


# -- STATUS ----


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

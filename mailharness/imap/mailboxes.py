"""The commands about mailboxes as a whole: making, removing, renaming, counting them (RFC 3501 §6.3)."""

from collections.abc import Callable, Iterable

from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.names import from_wire
from mailharness.imap.visit import Extension, RefusedError, Status, Visit
from mailharness.mailbox import SEEN, Account, Mailbox, NonExistentError

_STATUS_ITEMS: dict[str, Callable[[Visit, Mailbox], int | str]] = {
    "MESSAGES": lambda _visit, mailbox: len(mailbox),
    "RECENT": lambda _visit, mailbox: len(mailbox.unclaimed()),
    "UIDNEXT": lambda _visit, mailbox: mailbox.uid_next,
    "UIDVALIDITY": lambda _visit, mailbox: mailbox.uid_validity,
    "UNSEEN": lambda _visit, mailbox: sum(SEEN not in stored.flags for stored in mailbox.messages),
    "SIZE": lambda _visit, mailbox: mailbox.octets,  # RFC 8438 §2
    "DELETED": lambda _visit, mailbox: len(mailbox.deleted),  # RFC 9051 §6.3.11
    "MAILBOXID": lambda _visit, mailbox: f"({mailbox.object_id})",  # RFC 8474 §4.3
    "HIGHESTMODSEQ": lambda _visit, mailbox: mailbox.highest_modseq,  # RFC 7162 §3.1.7
    "APPENDLIMIT": lambda visit, _mailbox: visit.append_limit,  # RFC 7889 §3
}


def parse_name(cursor: Cursor) -> tuple[str]:
    cursor.space()
    return (from_wire(cursor.astring(), utf8=cursor.utf8),)


def parse_two_names(cursor: Cursor) -> tuple[str, str]:
    return (*parse_name(cursor), *parse_name(cursor))


def target(account: Account, name: str) -> Mailbox:
    """The mailbox to put messages into; RFC 3501 §6.3.11 has the client told that it may create it."""
    try:
        return account.get(name)
    except NonExistentError:
        raise RefusedError("[TRYCREATE] there is no such mailbox") from None


# -- CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE ----


SPECIAL_USES = {use.lower(): use for use in ("\\All", "\\Archive", "\\Drafts", "\\Flagged", "\\Junk", "\\Sent", "\\Trash")}
"""What a mailbox may be for (RFC 6154 §2)."""


def parse_create(cursor: Cursor) -> tuple[str, list[str]]:
    """The name, and what it is to be used for: ``(USE (\\Drafts))`` (RFC 6154 §3)."""
    (name,) = parse_name(cursor)
    uses: list[str] = []
    if cursor.take(b" "):
        cursor.expect(b"(")
        if cursor.word() != "USE":
            raise BadSyntaxError("the only parameter of CREATE is USE")
        cursor.space()
        uses = cursor.flags()
        cursor.expect(b")")
    return name, uses


def create(visit: Visit, name: str, uses: list[str]) -> Status:
    known = [SPECIAL_USES.get(use.lower(), "") for use in uses]
    if len(known) > 1 or "" in known:
        raise RefusedError("[USEATTR] a mailbox is for one thing, and that has to be a known one")  # RFC 6154 §3
    mailbox = visit.account.create(name)
    mailbox.special_use = known[0] if known else ""
    return Status(f"OK [MAILBOXID ({mailbox.object_id})] created")  # RFC 8474 §4.1


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
    return name, parse_status_items(cursor)


def parse_status_items(cursor: Cursor) -> list[str]:
    """``(MESSAGES UNSEEN)``, each once."""
    cursor.expect(b"(")
    items = [cursor.word()]
    while not cursor.take(b")"):
        cursor.space()
        items.append(cursor.word())
    unknown = [item for item in items if item not in _STATUS_ITEMS]
    if unknown:
        raise BadSyntaxError(f"there is no status item {unknown[0]}")
    return list(dict.fromkeys(items))


def status(visit: Visit, name: str, items: list[str]) -> Status:
    write_status(visit, name, items)
    return Status("OK counted")


def write_status(visit: Visit, name: str, items: Iterable[str]) -> None:
    mailbox = visit.account.get(name)
    if "RECENT" in items and visit.has(Extension.REV2):
        raise BadSyntaxError("nothing is recent in IMAP4rev2")
    if "HIGHESTMODSEQ" in items:
        visit.use(Extension.CONDSTORE)
    counts = " ".join(f"{item} {_STATUS_ITEMS[item](visit, mailbox)}" for item in items)
    visit.write(b"* STATUS %s (%s)\r\n" % (visit.shown(name), counts.encode()))

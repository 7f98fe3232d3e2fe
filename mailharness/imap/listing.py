"""The commands that tell which mailboxes there are: LIST, LSUB, NAMESPACE (RFC 3501 §6.3.8, §6.3.9, RFC 2342)."""

from mailharness.imap.grammar import Cursor
from mailharness.imap.names import matches, to_wire
from mailharness.imap.responses import astring, flag_list
from mailharness.imap.visit import Status, Visit
from mailharness.mailbox import INBOX, parents


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

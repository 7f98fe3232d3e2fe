"""What a client may ask of NOTIFY: for which mailboxes, to hear of what (RFC 5465 §5, §6)."""

from typing import NamedTuple

from mailharness.imap.fetch import Item, parse_items
from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.names import from_wire
from mailharness.imap.visit import RefusedError
from mailharness.mailbox import canonical

MESSAGE_EVENTS = frozenset({"MESSAGENEW", "MESSAGEEXPUNGE", "FLAGCHANGE"})
EVENTS = MESSAGE_EVENTS | {"MAILBOXNAME", "SUBSCRIPTIONCHANGE"}
MAX_GROUPS = 50
MAX_NAMES = 1_000
_SELECTED = ("SELECTED", "SELECTED-DELAYED")
_NAMED = ("SUBTREE", "MAILBOXES")
_KINDS = frozenset({*_SELECTED, *_NAMED, "INBOXES", "PERSONAL", "SUBSCRIBED"})


class Group(NamedTuple):
    """``(subtree (Lists) (MessageNew MessageExpunge))``: the kind in upper case, names, events, and for the selected
    mailbox what is fetched of each new message."""

    kind: str
    names: tuple[str, ...]
    events: frozenset[str]
    items: tuple[Item, ...] = ()

    @property
    def is_selected(self) -> bool:
        return self.kind in _SELECTED


class Wishes(NamedTuple):
    """All groups of one NOTIFY SET; ``status`` asks for where each mailbox stands now."""

    groups: tuple[Group, ...]
    status: bool = False

    @property
    def selected(self) -> Group | None:
        """What is wanted of the selected mailbox."""
        return next((group for group in self.groups if group.is_selected), None)


def parse_notify(cursor: Cursor) -> tuple[Wishes | None]:
    """None for NOTIFY NONE."""
    cursor.space()
    word = cursor.word()
    if word == "NONE":
        return (None,)
    if word != "SET":
        raise BadSyntaxError("it is NOTIFY SET or NOTIFY NONE")
    cursor.space()
    status = cursor.take_word(b"STATUS")
    if status:
        cursor.space()
    groups = [_parse_group(cursor)]
    while cursor.take(b" "):
        if len(groups) == MAX_GROUPS:
            raise BadSyntaxError(f"no more than {MAX_GROUPS} groups of mailboxes at once")
        groups.append(_parse_group(cursor))
    if sum(group.is_selected for group in groups) > 1:
        raise BadSyntaxError("the selected mailbox is named once")  # RFC 5465 §6.1
    return (Wishes(tuple(groups), status),)


def _parse_group(cursor: Cursor) -> Group:
    cursor.expect(b"(")
    kind = cursor.atom().decode("ascii").upper()
    if kind not in _KINDS:
        raise BadSyntaxError(f"there are no mailboxes {kind}")
    cursor.space()
    names = _parse_names(cursor) if kind in _NAMED else ()
    events, items = _parse_events(cursor)
    cursor.expect(b")")
    if items and kind not in _SELECTED:
        raise BadSyntaxError("messages are only fetched of the selected mailbox")  # RFC 5465 §5.2
    return Group(kind, names, events, items)


def _parse_names(cursor: Cursor) -> tuple[str, ...]:
    def name() -> str:
        return canonical(from_wire(cursor.astring(), utf8=cursor.utf8))

    many = cursor.take(b"(")
    names = [name()]
    while many and not cursor.take(b")"):
        if len(names) == MAX_NAMES:
            raise BadSyntaxError(f"no more than {MAX_NAMES} mailboxes at once")
        cursor.space()
        names.append(name())
    cursor.space()
    return tuple(names)


def _parse_events(cursor: Cursor) -> tuple[frozenset[str], tuple[Item, ...]]:
    if cursor.take_word(b"NONE"):
        return frozenset(), ()
    cursor.expect(b"(")
    events: list[str] = []
    items: list[Item] = []
    while not events or not cursor.take(b")"):
        if events:
            cursor.space()
        events.append(cursor.word())
        if events[-1] == "MESSAGENEW" and cursor.at(b" ("):
            cursor.space()
            items = parse_items(cursor)
    return _checked(frozenset(events)), tuple(items)


def _checked(events: frozenset[str]) -> frozenset[str]:
    unknown = sorted(events - EVENTS)
    if unknown:
        raise RefusedError(
            "[BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange)] no more than these"
        )
    both = {"MESSAGENEW", "MESSAGEEXPUNGE"}
    if events & MESSAGE_EVENTS and not both <= events:
        raise BadSyntaxError("MessageNew and MessageExpunge go together, and FlagChange with both")  # RFC 5465 §5
    return events

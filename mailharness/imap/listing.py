"""The commands that tell which mailboxes there are: LIST, LSUB, NAMESPACE (RFC 3501 §6.3.8, §6.3.9, RFC 5258, RFC 2342)."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mailharness.imap.grammar import Cursor
from mailharness.imap.list_options import ListQuestion
from mailharness.imap.mailboxes import write_status
from mailharness.imap.names import matches, to_wire
from mailharness.imap.responses import flag_list
from mailharness.imap.rights import my_rights
from mailharness.imap.visit import Extension, Status, Visit
from mailharness.mailbox import INBOX, Account, parents


class _Names:
    """Every name of an account: its mailboxes, what is only above some, and what is subscribed to without being there."""

    def __init__(self, account: Account, *, knows_more: bool) -> None:
        self.knows_more = knows_more
        self.mailboxes = account.mailboxes
        self.subscribed = account.subscriptions
        self.above = _above(self.mailboxes)

    def attributes(self, name: str, question: ListQuestion) -> list[str]:
        """RFC 3501 §7.2.2, RFC 5258 §5; a name that is no mailbox is said to be none in the words that the client knows."""
        mailbox = self.mailboxes.get(name)
        found = [] if mailbox is not None else ["\\NonExistent" if question.extended or self.knows_more else "\\Noselect"]
        if not question.extended or "CHILDREN" in question.returns:
            found.append("\\HasChildren" if name in self.above else "\\HasNoChildren")  # RFC 3348 §3
        if name in self.subscribed and "SUBSCRIBED" in question.returns | question.select:
            found.append("\\Subscribed")
        tells_use = not question.extended or "SPECIAL-USE" in question.returns | question.select
        if mailbox is not None and mailbox.special_use and tells_use:
            found.append(mailbox.special_use)
        return found

    def chosen(self, select: frozenset[str]) -> Iterable[str]:
        """The names that meet the client's selection."""
        if "SUBSCRIBED" in select:
            named = self.subscribed
        elif "SPECIAL-USE" in select:
            named = set(self.mailboxes)
        else:
            return {*self.mailboxes, *self.above}
        return {one for one in named if "SPECIAL-USE" not in select or self._is_special(one)}

    def _is_special(self, name: str) -> bool:
        return name in self.mailboxes and bool(self.mailboxes[name].special_use)


class _Line(NamedTuple):
    """One name to tell of; ``below`` says that others under it meet the selection and are not told themselves."""

    name: str
    below: bool = False


def list_mailboxes(visit: Visit, question: ListQuestion) -> Status:
    if not question.extended and not question.patterns[0]:  # RFC 3501 §6.3.8: a question for the separator
        visit.write(b'* LIST (\\Noselect) "/" ""\r\n')
        return Status("OK that is the separator")
    names = _Names(visit.account, knows_more=visit.has(Extension.REV2))
    for line in _lines(names, question, utf8=visit.utf8):
        attributes = flag_list(names.attributes(line.name, question))
        info = b" (CHILDINFO (%s))" % _child_info(question) if line.below else b""
        _write_name(visit, b"LIST", line.name, attributes, info)
        if "MYRIGHTS" in question.returns and line.name in names.mailboxes:  # RFC 8440 §2
            my_rights(visit, line.name)
        if question.status and line.name in names.mailboxes:  # RFC 5819 §2
            write_status(visit, line.name, question.status)
    return Status("OK listed")


def _lines(names: _Names, question: ListQuestion, *, utf8: bool) -> Iterator[_Line]:
    patterns = [question.reference + pattern for pattern in question.patterns]

    def fits(name: str) -> bool:
        wire = to_wire(name, utf8=utf8)
        return any(matches(pattern, wire) for pattern in patterns)

    chosen = set(names.chosen(question.select))
    told = {name for name in chosen if fits(name)}
    over: set[str] = set()
    if "RECURSIVEMATCH" in question.select:  # RFC 5258 §3.5
        over = {name for name in _above(chosen - told) if fits(name)}
    yield from (_Line(name, name in over) for name in sorted(told | over, key=_inbox_first))


def _child_info(question: ListQuestion) -> bytes:
    return b" ".join(b'"%s"' % word.encode() for word in sorted(question.select - {"RECURSIVEMATCH", "REMOTE"}))


def _above(names: Iterable[str]) -> set[str]:
    """The parents of all of them."""
    return {parent for name in names for parent in parents(name)}


def parse_subscribed(cursor: Cursor) -> tuple[bytes, bytes]:
    """The reference and the pattern, both as they are on the wire."""
    cursor.space()
    reference = cursor.astring()
    cursor.space()
    return reference, cursor.list_name()


def list_subscribed(visit: Visit, reference: bytes, pattern: bytes) -> Status:
    """RFC 3501 §6.3.9: a parent that ``%`` meets is listed for its subscribed children's sake, as \\Noselect."""
    names = visit.account.subscriptions

    def fits(name: str) -> bool:
        return matches(reference + pattern, to_wire(name, utf8=visit.utf8))

    listed = {name for name in names if fits(name)}
    shown = {parent for parent in _above(names - listed) - listed if fits(parent)}
    for name in sorted(listed | shown, key=_inbox_first):
        _write_name(visit, b"LSUB", name, b"(\\Noselect)" if name in shown else b"()")
    return Status("OK listed")


def _write_name(visit: Visit, response: bytes, name: str, attributes: bytes, info: bytes = b"") -> None:
    visit.write(b'* %s %s "/" %s%s\r\n' % (response, attributes, visit.shown(name), info))


def _inbox_first(name: str) -> tuple[bool, str]:
    return name != INBOX, name


def namespace(visit: Visit) -> Status:
    """RFC 2342 §5: one namespace, the user's own."""
    visit.write(b'* NAMESPACE (("" "/")) NIL NIL\r\n')
    return Status("OK that is all")

"""The commands that put messages of the client's into a mailbox: APPEND, one or many, whole or pieced together, and
REPLACE (RFC 3501 §6.3.11, RFC 3502, RFC 4469, RFC 8508)."""

from typing import NamedTuple

from mailharness.imap.choosing import choose, require_writable
from mailharness.imap.flags import known_flags
from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.mailboxes import parse_name, target
from mailharness.imap.numbers import SequenceSet, compact
from mailharness.imap.responses import untagged
from mailharness.imap.urls import octets_at
from mailharness.imap.visit import RefusedError, Status, Visit
from mailharness.mail import Message
from mailharness.mail.conversion import UnconvertibleError, converted
from mailharness.mailbox import Mailbox, StoredMessage

MAX_MESSAGES = 1_000
"""Messages of one APPEND."""


class Draft(NamedTuple):
    """One message to keep: its flags, its internal date (None: now), and its pieces: octets, or the URL of some."""

    flags: frozenset[str]
    moment: float | None
    pieces: tuple[bytes | str, ...]


def parse_append(cursor: Cursor) -> tuple[str, list[Draft]]:
    (name,) = parse_name(cursor)
    drafts: list[Draft] = []
    while not drafts or not cursor.at_end:
        if len(drafts) == MAX_MESSAGES:
            raise BadSyntaxError(f"no more than {MAX_MESSAGES} messages at once")
        cursor.space()
        drafts.append(_parse_draft(cursor))
    return name, drafts


def _parse_draft(cursor: Cursor) -> Draft:
    flags: frozenset[str] = frozenset()
    if cursor.at(b"("):
        flags = known_flags(cursor.flags())
        cursor.space()
    moment = None
    if cursor.at(b'"'):
        moment = cursor.moment()
        cursor.space()
    if cursor.take_word(b"CATENATE"):
        cursor.space()
        return Draft(flags, moment, _parse_pieces(cursor))
    return Draft(flags, moment, (_parse_utf8(cursor) if cursor.utf8 and cursor.take_word(b"UTF8") else cursor.literal8(),))


def _parse_utf8(cursor: Cursor) -> bytes:
    """``UTF8 (~{42} ...)``: a message with UTF-8 in its header (RFC 6855 §4)."""
    cursor.expect(b" (")
    octets = cursor.literal8()
    cursor.expect(b")")
    return octets


def _parse_pieces(cursor: Cursor) -> tuple[bytes | str, ...]:
    """``(TEXT {7} ... URL "/INBOX/;UID=5")`` (RFC 4469 §5)."""
    cursor.expect(b"(")
    pieces: list[bytes | str] = []
    while not pieces or not cursor.take(b")"):
        if pieces:
            cursor.space()
        word = cursor.word()
        if word == "UTF8" and cursor.utf8:
            pieces.append(_parse_utf8(cursor))
            continue
        cursor.space()
        if word == "TEXT":
            pieces.append(cursor.literal8())
        elif word == "URL":
            pieces.append(cursor.astring().decode("ascii", "replace"))
        else:
            raise BadSyntaxError(f"{word} is no piece of a message")
    return tuple(pieces)


def append(visit: Visit, name: str, drafts: list[Draft]) -> Status:
    """All of them or none (RFC 3502 §6.3.11)."""
    mailbox = target(visit.account, name)
    stored = _keep(visit, mailbox, drafts)
    code = f"APPENDUID {mailbox.uid_validity} {compact(one.uid for one in stored)}"  # RFC 4315 §3
    return Status(f"OK [{code}] appended")


def _keep(visit: Visit, mailbox: Mailbox, drafts: list[Draft]) -> list[StoredMessage]:
    messages = [_whole(visit, draft) for draft in drafts]
    visit.account.require_room_for(sum(map(len, messages)))
    mailbox.require_keywords(flag for draft in drafts for flag in draft.flags)
    now = visit.clock.now()
    return [
        mailbox.append(
            message,
            flags=draft.flags,
            internal_date=now if draft.moment is None else draft.moment,
            save_date=now,
            of=visit.new_copy(),
        )
        for message, draft in zip(messages, drafts, strict=True)
    ]


def _whole(visit: Visit, draft: Draft) -> Message:
    octets = b"".join(octets_at(visit, piece) if isinstance(piece, str) else piece for piece in draft.pieces)
    if not octets:
        raise RefusedError("[CANNOT] a message of no octets is none")
    if len(octets) > visit.append_limit:
        raise RefusedError("[TOOBIG] the message is too big")  # RFC 4469 §4.2
    return Message(octets) if b"\x00" not in octets else _without_nul(octets)


def _without_nul(octets: bytes) -> Message:
    """RFC 3516 §4.4: what came as a literal8 is kept so that FETCH can show it in a literal, which holds no NUL."""
    try:
        return converted(Message(octets), header_too=False)
    except UnconvertibleError as error:
        raise RefusedError(f"[UNKNOWN-CTE] {error}") from None


def parse_replace(cursor: Cursor) -> tuple[SequenceSet, str, Draft]:
    cursor.space()
    numbers = cursor.sequence_set()
    (name,) = parse_name(cursor)
    cursor.space()
    return numbers, name, _parse_draft(cursor)


def replace(visit: Visit, numbers: SequenceSet, name: str, draft: Draft, *, by_uid: bool = False) -> Status:
    """The new message is there before the old one goes, in one step for everybody else (RFC 8508 §3.3)."""
    view = visit.view
    require_writable(view)
    chosen = choose(view, numbers, by_uid=by_uid)
    if len(chosen) != 1:
        raise BadSyntaxError("REPLACE is of one message")
    ((_, old),) = chosen
    if view.is_gone(old):
        raise RefusedError("[EXPUNGEISSUED] it is gone")
    mailbox = target(visit.account, name)
    (stored,) = _keep(visit, mailbox, [draft])
    visit.write(untagged(f"OK [APPENDUID {mailbox.uid_validity} {stored.uid}] replaced"))
    view.mailbox.expunge([old.uid])
    visit.tell_removed(old)
    return Status("OK replaced")

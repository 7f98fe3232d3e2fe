"""What a client may ask of LIST: which names, and what of them (RFC 5258 §3, RFC 5819, RFC 6154 §2, RFC 8440)."""

from typing import NamedTuple

from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.mailboxes import parse_status_items

_SELECT = frozenset({"SUBSCRIBED", "REMOTE", "RECURSIVEMATCH", "SPECIAL-USE"})
_RETURN = frozenset({"SUBSCRIBED", "CHILDREN", "SPECIAL-USE", "STATUS", "MYRIGHTS"})
MAX_PATTERNS = 100


class ListQuestion(NamedTuple):
    """``LIST (SUBSCRIBED) "" (a b) RETURN (CHILDREN)``; ``extended`` says that the client knows more than the old form."""

    reference: bytes
    patterns: tuple[bytes, ...]
    select: frozenset[str] = frozenset()
    returns: frozenset[str] = frozenset()
    status: tuple[str, ...] = ()
    extended: bool = False


def parse_list(cursor: Cursor) -> tuple[ListQuestion]:
    cursor.space()
    select = _parse_select(cursor)
    reference = cursor.astring()
    cursor.space()
    many = cursor.at(b"(")
    patterns = _parse_patterns(cursor) if many else (cursor.list_name(),)
    returns, status, asked = _parse_return(cursor)
    extended = many or asked or select is not None
    return (ListQuestion(reference, patterns, select or frozenset(), returns, status, extended),)


def _parse_select(cursor: Cursor) -> frozenset[str] | None:
    if not cursor.take(b"("):
        return None
    words = frozenset(_words(cursor, _SELECT))
    if "RECURSIVEMATCH" in words and not words - {"RECURSIVEMATCH", "REMOTE"}:  # RFC 5258 §3.1
        raise BadSyntaxError("RECURSIVEMATCH goes with what is to match")
    cursor.space()
    return words


def _words(cursor: Cursor, known: frozenset[str]) -> list[str]:
    """Keywords up to the closing parenthesis."""
    words: list[str] = []
    while not cursor.take(b")"):
        if words:
            cursor.space()
        words.append(_word(cursor, known))
    return words


def _word(cursor: Cursor, known: frozenset[str]) -> str:
    word = cursor.atom().decode("ascii").upper()
    if word not in known:
        raise BadSyntaxError(f"LIST knows no {word}")
    return word


def _parse_patterns(cursor: Cursor) -> tuple[bytes, ...]:
    cursor.expect(b"(")
    patterns = [cursor.list_name()]
    while not cursor.take(b")"):
        if len(patterns) == MAX_PATTERNS:
            raise BadSyntaxError(f"no more than {MAX_PATTERNS} patterns at once")
        cursor.space()
        patterns.append(cursor.list_name())
    return tuple(patterns)


def _parse_return(cursor: Cursor) -> tuple[frozenset[str], tuple[str, ...], bool]:
    """What is to be returned, the items of STATUS among it, and whether anything was said of it."""
    if not cursor.take(b" "):
        return frozenset(), (), False
    if cursor.word() != "RETURN":
        raise BadSyntaxError("behind the patterns stands RETURN")
    cursor.space()
    cursor.expect(b"(")
    returns: list[str] = []
    status: list[str] = []
    while not cursor.take(b")"):
        if returns:
            cursor.space()
        returns.append(_word(cursor, _RETURN))
        if returns[-1] == "STATUS":
            cursor.space()
            status = parse_status_items(cursor)
    return frozenset(returns), tuple(status), True

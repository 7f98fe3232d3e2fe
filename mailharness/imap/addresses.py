"""Address lists as ENVELOPE shows them (RFC 3501 §7.4.2), read tolerantly off raw header values (RFC 5322 §3.4)."""

import re
from typing import NamedTuple

_TOKEN = re.compile(
    rb"""[ \t\r\n]+
    |(?P<quoted>"(?:[^"\\]|\\.)*+(?:"|\\?\Z))
    |(?P<comment>\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*+\))*+(?:\)|\\?\Z))
    |(?P<literal>\[[^\]]*(?:\]|\Z))
    |(?P<special>[<>@,;:.])
    |(?P<atom>(?:[^ \t\r\n"(\[<>@,;:.\\]|\\.)++|\\)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


class Mailbox(NamedTuple):
    """One address structure; a group begins with only ``mailbox`` and ends with nothing at all."""

    name: bytes | None = None
    route: bytes | None = None
    mailbox: bytes | None = None
    host: bytes | None = None


GROUP_END = Mailbox()


class Token(NamedTuple):
    """A lexical token: its ``kind``, its text with quotes undone, and whether blanks stand before it."""

    kind: str
    text: bytes
    spaced: bool


def addresses(raw: bytes) -> list[Mailbox]:
    """The addresses in a header value, groups with their marks, as far as they can be made out."""
    found: list[Mailbox] = []
    waiting: list[Token] = []
    in_group = in_brackets = False
    for token in _tokens(raw):
        mark = token.text if token.kind == "special" else b""
        if mark in (b",", b";") and not in_brackets:
            found += _address(waiting)
            waiting = []
            if mark == b";" and in_group:
                found.append(GROUP_END)
                in_group = False
        elif mark == b":" and not in_brackets and not in_group:
            found.append(Mailbox(mailbox=_phrase(waiting) or b""))
            waiting = []
            in_group = True
        else:
            in_brackets = mark == b"<" or (in_brackets and mark != b">")
            waiting.append(token)
    found += _address(waiting)
    return [*found, GROUP_END] if in_group else found


def _tokens(raw: bytes) -> list[Token]:
    tokens = []
    spaced = False
    for match in _TOKEN.finditer(raw):
        kind = match.lastgroup
        if kind is None:
            spaced = True
            continue
        tokens.append(Token(kind, _content(kind, match[0]), spaced))
        spaced = False
    return tokens


def _content(kind: str, text: bytes) -> bytes:
    if kind not in ("quoted", "comment"):
        return text
    closing = b'"' if kind == "quoted" else b")"
    return _ESCAPED.sub(rb"\1", text[1:-1] if len(text) > 1 and text.endswith(closing) else text[1:])


def _address(tokens: list[Token]) -> list[Mailbox]:
    """At most one address out of the tokens between two commas."""
    comments = [token.text for token in tokens if token.kind == "comment"]
    tokens = [token for token in tokens if token.kind != "comment"]
    if not tokens:
        return []
    start = _find(tokens, b"<")
    if start is None:
        return [_spec(tokens, name=b" ".join(comments) or None, route=None)]
    inner = tokens[start + 1 : _find(tokens, b">")]
    colon = _find(inner, b":")
    route = b"".join(token.text for token in inner[:colon]) if colon is not None else None
    name = _phrase(tokens[:start]) or b" ".join(comments) or None
    return [_spec(inner[colon + 1 :] if colon is not None else inner, name=name, route=route)]


def _find(tokens: list[Token], mark: bytes) -> int | None:
    return next((at for at, token in enumerate(tokens) if token.kind == "special" and token.text == mark), None)


def _spec(tokens: list[Token], *, name: bytes | None, route: bytes | None) -> Mailbox:
    """``local@domain``; where there is no domain an empty one, since NIL would make it a group."""
    at = next((n for n in reversed(range(len(tokens))) if tokens[n].kind == "special" and tokens[n].text == b"@"), None)
    local = tokens if at is None else tokens[:at]
    host = b"" if at is None else b"".join(token.text for token in tokens[at + 1 :])
    return Mailbox(name, route, _phrase(local) or b"", host)


def _phrase(tokens: list[Token]) -> bytes:
    """Words with one blank where blanks were."""
    return b"".join((b" " if token.spaced else b"") + token.text for token in tokens).strip()

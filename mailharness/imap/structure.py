"""ENVELOPE, BODY and BODYSTRUCTURE: what a message is made of, as lists (RFC 3501 §7.4.2)."""

from mailharness.imap.addresses import Mailbox, addresses
from mailharness.imap.responses import NIL, nstring, string
from mailharness.mail.mime import Part
from mailharness.mail.parameters import Pairs

_TEXTS_IN_FRONT = (b"date", b"subject")
_TEXTS_BEHIND = (b"in-reply-to", b"message-id")
_NOTHING = b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0)'
_NOTHING_EXTENDED = _NOTHING[:-1] + b" NIL NIL NIL NIL)"


# -- ENVELOPE ----


def envelope(message: Part) -> bytes:
    """The header's ten answers; Sender and Reply-To are From's where they say nothing."""
    senders = _addresses(message, b"from")
    fields = [
        *(nstring(message.raw(name)) for name in _TEXTS_IN_FRONT),
        senders,
        *(found if (found := _addresses(message, name)) != NIL else senders for name in (b"sender", b"reply-to")),
        *(_addresses(message, name) for name in (b"to", b"cc", b"bcc")),
        *(nstring(message.raw(name)) for name in _TEXTS_BEHIND),
    ]
    return b"(" + b" ".join(fields) + b")"


def _addresses(message: Part, name: bytes) -> bytes:
    found = addresses(b", ".join(message.fields.get(name, ())))
    return b"(" + b"".join(map(_address, found)) + b")" if found else NIL


def _address(address: Mailbox) -> bytes:
    return b"(" + b" ".join(map(nstring, address)) + b")"


# -- BODY and BODYSTRUCTURE ----


def body(part: Part, *, extended: bool, decoded: bytes | None = None) -> bytes:
    """BODYSTRUCTURE if ``extended``, else BODY; of ``decoded`` where the part's content is shown as that instead, of which
    no lines are counted. Depth is bounded by the parser."""
    if part.is_multipart:
        return _multipart(part, extended=extended)
    carried = part.embedded if part.content_type.subtype == "rfc822" else None
    fields = [
        *_media_type(part),
        _parameters(part.content_type.pairs),
        nstring(part.raw(b"content-id")),
        nstring(part.raw(b"content-description")),
        _text(part.encoding) if decoded is None else _plain_encoding(decoded),
        b"%d" % (part.size if decoded is None else len(decoded)),
    ]
    if carried is not None:
        fields += [envelope(carried), body(carried, extended=extended), b"%d" % part.lines]
    elif part.content_type.type == "text":
        fields.append(b"%d" % (part.lines if decoded is None else 0))
    if extended:
        fields += [nstring(part.raw(b"content-md5")), *_extension(part)]
    return b"(" + b" ".join(fields) + b")"


def _plain_encoding(octets: bytes) -> bytes:
    """What octets are without any encoding (RFC 2045 §6.2)."""
    return b'"binary"' if b"\x00" in octets else b'"7bit"' if octets.isascii() else b'"8bit"'


def _media_type(part: Part) -> tuple[bytes, bytes]:
    """The grammar wants to see what a message carries; one that was too deep to be looked into is just octets."""
    if part.content_type[:2] == ("message", "rfc822") and part.embedded is None:
        return b'"application"', b'"octet-stream"'
    return _text(part.content_type.type), _text(part.content_type.subtype)


def _multipart(part: Part, *, extended: bool) -> bytes:
    """A multipart has at least one part in the grammar, even where there is none."""
    children = b"".join(body(child, extended=extended) for child in part.children)
    fields = [children or (_NOTHING_EXTENDED if extended else _NOTHING), _text(part.content_type.subtype)]
    if extended:
        fields += [_parameters(part.content_type.pairs), *_extension(part)]
    return b"(" + b" ".join(fields) + b")"


def _extension(part: Part) -> list[bytes]:
    value, pairs = part.raw_disposition
    disposition = b"(%s %s)" % (string(value), _parameters(pairs)) if value else NIL
    languages = [_text(tag) for tag in part.languages]
    language = languages[0] if len(languages) == 1 else b"(" + b" ".join(languages) + b")" if languages else NIL
    return [disposition, language, nstring(part.raw(b"content-location"))]


def _parameters(pairs: Pairs) -> bytes:
    return b"(" + b" ".join(string(word) for pair in pairs for word in pair) + b")" if pairs else NIL


def _text(text: str) -> bytes:
    return string(text.encode("latin-1", "replace"))

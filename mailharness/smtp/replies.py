"""The receiver's standing replies, and replies as octets: rendered for the wire and read off it.

Every reply but the greeting, the answers to HELO and EHLO and the 3xx ones carries an enhanced code (RFC 2034 §4).
"""

import re
from functools import lru_cache

from mailharness.errors import RemoteProtocolError
from mailharness.mail import Reply

LOGGED_IN = Reply(235, "Authentication successful", "2.7.0")
OK = Reply(250, "OK", "2.0.0")
SENDER_OK = Reply(250, "Sender OK", "2.1.0")
RECIPIENT_OK = Reply(250, "Recipient OK", "2.1.5")
RESET = Reply(250, "Flushed", "2.0.0")
GO_AHEAD = Reply(354, "End data with <CR><LF>.<CR><LF>")
BYE = Reply(221, "Bye", "2.0.0")
CANNOT_VERIFY = Reply(252, "Cannot VRFY user, but will accept a message and attempt delivery", "2.0.0")

IDLE = Reply(421, "Idle for too long, closing", "4.4.2")
TOO_MANY_FAILURES = Reply(421, "Too many failed logins, closing", "4.7.0")
TOO_MANY_TRANSACTIONS = Reply(421, "Too many transactions on one connection, closing", "4.7.0")
TOO_MUCH = Reply(421, "More octets than are read here to be thrown away, closing", "4.7.0")
TOO_MANY_ERRORS = Reply(421, "Too many errors, closing", "4.7.0")
LOCAL_ERROR = Reply(451, "Local error in processing", "4.3.0")
TOO_MANY_RECIPIENTS = Reply(452, "Too many recipients", "4.5.3")
TOO_MANY_DOMAINS = Reply(452, "Too many recipient domains on one connection", "4.5.3")
NO_TLS = Reply(502, "STARTTLS is not available", "5.5.1")

UNKNOWN_COMMAND = Reply(500, "Command not recognized", "5.5.1")
BAD_LINE = Reply(500, "A command is one line of UTF-8 that ends in CRLF, without bare CR, bare LF or NUL", "5.5.2")
LINE_TOO_LONG = Reply(500, "Command line too long", "5.5.6")
EXCHANGE_TOO_LONG = Reply(500, "Authentication exchange line is too long", "5.5.6")
NO_ARGUMENT = Reply(501, "This command takes no argument", "5.5.4")
NOT_BASE64 = Reply(501, "Can't decode base64", "5.5.2")
ABANDONED = Reply(501, "Auth aborted", "5.7.0")
NOT_OFFERED = Reply(502, "Command not implemented", "5.5.1")
HELLO_FIRST = Reply(503, "Say EHLO or HELO first", "5.5.1")
MAIL_FIRST = Reply(503, "Say MAIL first", "5.5.1")
NESTED = Reply(503, "A transaction is open already", "5.5.1")
CHUNKS_ONLY = Reply(503, "This message comes by BDAT", "5.5.1")
ALREADY_SECURED = Reply(503, "TLS is on already", "5.5.1")
ALREADY_LOGGED_IN = Reply(503, "Already authenticated", "5.5.1")
NOT_NOW = Reply(503, "Not in the middle of a transaction", "5.5.1")
REFUSING = Reply(503, "No SMTP service here, say QUIT", "5.5.1")
NO_SUCH_TOPIC = Reply(504, "No help on that", "5.5.4")
NO_SUCH_MECHANISM = Reply(504, "Unrecognized authentication mechanism", "5.5.4")
SECURE_FIRST = Reply(530, "Must issue a STARTTLS command first", "5.7.0")
LOG_IN_FIRST = Reply(530, "Authentication required", "5.7.0")
ENCRYPT_TO_REQUIRE = Reply(530, "REQUIRETLS needs TLS here too", "5.7.10")
NOT_YOU = Reply(535, "Authentication credentials invalid", "5.7.8")
ENCRYPT_FIRST = Reply(538, "Encryption required for authentication", "5.7.11")
NOT_TRUSTED = Reply(550, "You may not speak for others", "5.7.0")
BARE_ENDING = Reply(550, "The message holds a bare CR or LF; lines end in CRLF (RFC 5321 section 2.3.8)", "5.5.2")
TOO_BIG = Reply(552, "Message exceeds the maximum size", "5.3.4")
NEEDS_SMTPUTF8 = Reply(553, "A non-ASCII address needs SMTPUTF8", "5.6.7")
NO_RECIPIENTS = Reply(554, "No valid recipients", "5.5.1")
NO_RECIPIENTS_IN_LMTP = Reply(503, "No valid recipients", "5.5.1")

_WIRE = re.compile(
    rb"(?P<code>[2-5][0-9]{2})(?P<more>[ -]?)(?:(?P<status>[245]\.[0-9]{1,3}\.[0-9]{1,3})(?= |$))? ?(?P<text>.*)"
)


@lru_cache(maxsize=1024)
def rendered(reply: Reply) -> tuple[str, bytes]:
    """``reply`` as a transcript shows it and as it goes on the wire, all its lines in one piece."""
    text = str(reply) if reply.text else f"{reply.code} {reply.status}"  # an empty 334 keeps its blank: RFC 4954 §4
    return text, (text.replace("\n", "\r\n") + "\r\n").encode("utf-8", "surrogateescape")


def refusal(error: RemoteProtocolError) -> Reply:
    """The reply that a parser's error carries for the peer."""
    return Reply.parse(error.reply)


@lru_cache(maxsize=1024)
def read_reply(lines: bytes) -> Reply:
    """One whole reply as it was on the wire, lines ended by CRLF or LF. Raises RemoteProtocolError for anything else.

    The enhanced code is kept where it fits the basic code (RFC 2034 §4), else it stays in the text.
    """
    found = [_WIRE.fullmatch(line.rstrip(b"\r")) for line in lines.rstrip(b"\n").split(b"\n")]
    matches = [match for match in found if match is not None]
    if len(matches) < len(found) or len({match["code"] for match in matches}) > 1:  # RFC 5321 §4.2.1
        raise RemoteProtocolError(f"{lines[:200]!r} is no SMTP reply")
    code, status = matches[-1]["code"], matches[-1]["status"] or b""
    if status[:1] != code[:1]:
        status = b""
    texts = [match["text"] if status or not match["status"] else match[0][4:] for match in matches]
    text = b"\n".join(texts).decode("utf-8", "replace").strip()
    return Reply(int(code), text, status.decode())

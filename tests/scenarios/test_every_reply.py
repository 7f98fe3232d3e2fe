"""Every reply of a receiving MTA, by phase and cause, said to a client on a real socket; and none that nobody says."""

import contextlib
import functools
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from mailharness import Account, Domain, Gateway, Host, MailingList, World, behaviours
from tests.smtp.stage import Stage, on_stage

HELLO, LHLO = "EHLO a.test", "LHLO a.test"
MAIL, RCPT = "MAIL FROM:<amy@a.test>", "RCPT TO:<bob@b.test>"
TO_BOB = (HELLO, MAIL, RCPT)
TO_NOBODY_YET = (HELLO, MAIL)
LOG_IN = f"AUTH PLAIN {b64encode(bytes(1) + b'bob@b.test' + bytes(1) + b's3cret').decode()}"
WRONG = f"AUTH PLAIN {b64encode(bytes(1) + b'bob@b.test' + bytes(1) + b'wrong').decode()}"
LETTER = "Subject: x\r\n\r\nhello\r\n."
AT_THE_END = (*TO_BOB, "DATA", LETTER)
LOOPING = "Received: from x by y\r\n" * 120 + LETTER
SILENCE = None
"""A line that is not said: the client waits for what comes."""
USERS = [Account("bob", password="s3cret"), Account("full", quota=0), "amy", "jörg"]
LISTS = [MailingList("team", ["bob", "amy"])]


@dataclass(frozen=True)
class Row:
    """What is ``said`` at the ``door``, and how the last reply begins; ``so`` is what the domain has besides."""

    phase: str
    cause: str
    said: tuple[str | None, ...]
    reply: str
    so: Mapping[str, Any] = field(default_factory=dict, hash=False)
    door: str = "smtp"

    def __str__(self) -> str:
        return f"{self.phase}: {self.cause}"


def on(**described: Any) -> dict[str, Any]:
    """A domain whose host is so."""
    return {"host": Host(**described)}


def behaving(behaviour: behaviours.Behaviour) -> dict[str, Any]:
    return on(behaviours=[behaviour])


def broken(_message: object) -> None:
    raise ZeroDivisionError


class Careless:
    """A handler of aiosmtpd's that notes nothing of what it hears in the hooks it was given, and breaks at the end."""

    def __init__(self, *verbs: str) -> None:
        for verb in verbs:
            setattr(self, f"handle_{verb}", self._break if verb == "DATA" else self._nod)

    async def _nod(self, *_: object) -> str:
        return "250 fine"

    async def _break(self, *_: object) -> str:
        raise ZeroDivisionError("no reason")


BLOCKED = behaving(behaviours.block(clients=["*"]))
TELLING = {"vrfy": True, "expn": True}
TRUSTED = on(trusted=["127.0.0.0/8"])

ROWS = (
    Row("greeting", "welcome", (), "220 mail.b.test ESMTP mailharness"),
    Row("greeting", "welcome by LMTP", (), "220 mail.b.test LMTP mailharness", door="lmtp"),
    Row("greeting", "one that is not wanted", (), "554 5.7.1 Access denied", BLOCKED),
    Row("greeting", "too many", (), "421 4.7.0 Too many connections", behaving(behaviours.connection_limit(total=0))),
    Row("greeting", "who is refused may only leave", (HELLO,), "503 5.5.1 No SMTP service here, say QUIT", BLOCKED),
    Row("any", "silence", (SILENCE,), "421 4.4.2 Idle for too long, closing", on(timeout=0.02)),
    Row("any", "no command", ("XYZZY",), "500 5.5.1 Command not recognized"),
    Row("any", "no line of text", ("NOOP \0",), "500 5.5.2 A command is one line of UTF-8 that ends in CRLF, without bare"),
    Row("any", "a long line", ("NOOP " + "x" * 512,), "500 5.5.6 Command line too long"),
    Row("any", "no end of errors", ("XYZZY",) * 20, "421 4.7.0 Too many errors, closing"),
    Row("any", "no argument", (HELLO, "MAIL"), "501 5.5.4 Syntax: MAIL FROM:<address> [SIZE=n]"),
    Row("any", "an argument", ("RSET now",), "501 5.5.4 This command takes no argument"),
    Row("any", "no hello", (MAIL,), "503 5.5.1 Say EHLO or HELO first"),
    Row(
        "any",
        "in clear",
        (HELLO, MAIL),
        "530 5.7.0 Must issue a STARTTLS command first",
        {"require_tls": True},
        "submission",
    ),
    Row("EHLO", "hello", (HELLO,), "250-mail.b.test\n250-PIPELINING\n250-SIZE 50000000"),
    Row("EHLO", "hello by LMTP", (LHLO,), "250-mail.b.test\n250-PIPELINING", door="lmtp"),
    Row("EHLO", "no name", ("EHLO a b",), "501 5.5.4 Syntax: EHLO domain, or HELO domain"),
    Row("HELO", "hello", ("HELO a.test",), "250 mail.b.test"),
    Row("NOOP", "nothing", ("NOOP",), "250 2.0.0 OK"),
    Row("RSET", "start anew", (*TO_BOB, "RSET"), "250 2.0.0 Flushed"),
    Row("QUIT", "the end", ("QUIT",), "221 2.0.0 Bye"),
    Row("HELP", "help", ("HELP",), "214 2.0.0 Commands: EHLO HELO"),
    Row("HELP", "help on one", ("HELP DATA",), "214 2.0.0 Syntax: DATA"),
    Row("HELP", "help on what is not", ("HELP XYZZY",), "504 5.5.4 No help on that"),
    Row("VRFY", "not told", ("VRFY bob",), "252 2.5.0 Cannot VRFY user, but will accept message and attempt delivery"),
    Row("VRFY", "told", ("VRFY bob",), "250 2.1.5 <bob@b.test>", TELLING),
    Row("VRFY", "nobody", ("VRFY nobody",), "550 5.1.1 No such user here", TELLING),
    Row("VRFY", "of elsewhere", ("VRFY x@c.test",), "252 2.5.0 Not of this domain, but will accept message and", TELLING),
    Row("VRFY", "not in ASCII", ("VRFY jörg",), "252 2.6.8 The answer is in UTF-8: ask with SMTPUTF8", TELLING),
    Row("EXPN", "not told", ("EXPN team",), "502 5.5.1 EXPN is not available here"),
    Row("EXPN", "told", ("EXPN team",), "250-2.1.5 <bob@b.test>\n250 2.1.5 <amy@b.test>", TELLING),
    Row("EXPN", "no list", ("EXPN bob",), "550 5.2.4 That is a user and no mailing list", TELLING),
    Row(
        "EXPN",
        "not in ASCII",
        ("EXPN us",),
        "550 5.6.8 The answer is in UTF-8",
        TELLING | {"aliases": {"us": ["bob", "jörg"]}},
    ),
    Row("STARTTLS", "there is TLS", (HELLO, "STARTTLS"), "503 5.5.1 TLS is on already", door="submissions"),
    Row("STARTTLS", "hidden", (HELLO, "STARTTLS"), "500 5.5.1 Command not recognized", on(hide=["STARTTLS"])),
    Row("AUTH", "not here", (HELLO, "AUTH PLAIN"), "502 5.5.1 Command not implemented", {"mx": ["mx1"]}),
    Row("AUTH", "behind HELO", ("HELO a", "AUTH PLAIN"), "503 5.5.1 Say EHLO or HELO first"),
    Row(
        "AUTH",
        "in clear",
        (HELLO, "AUTH PLAIN"),
        "538 5.7.11 Encryption required for authentication",
        {"require_tls": True},
    ),
    Row("AUTH", "no mechanism", (HELLO, "AUTH XYZZY"), "504 5.5.4 Unrecognized authentication mechanism"),
    Row("AUTH", "too many words", (HELLO, "AUTH PLAIN x y"), "501 5.5.4 Syntax: AUTH mechanism [initial-response]"),
    Row("AUTH", "asked", (HELLO, "AUTH LOGIN"), "334 VXNlcm5hbWU6"),
    Row("AUTH", "no base64", (HELLO, "AUTH PLAIN", "?"), "501 5.5.2 Can't decode base64"),
    Row("AUTH", "given up", (HELLO, "AUTH PLAIN", "*"), "501 5.7.0 Auth aborted"),
    Row("AUTH", "a long answer", (HELLO, "AUTH PLAIN", "x" * 12_300), "500 5.5.6 Authentication exchange line is too long"),
    Row("AUTH", "no response of its kind", (HELLO, "AUTH CRAM-MD5 AAAA"), "501 5.5.2 CRAM-MD5 has no initial response"),
    Row("AUTH", "right", (HELLO, LOG_IN), "235 2.7.0 Authentication successful"),
    Row("AUTH", "again", (HELLO, LOG_IN, LOG_IN), "503 5.5.1 Already authenticated"),
    Row("AUTH", "wrong", (HELLO, WRONG), "535 5.7.8 Authentication credentials invalid"),
    Row("AUTH", "wrong and wrong", (HELLO, *(WRONG,) * 10), "421 4.7.0 Too many failed logins, closing"),
    Row("AUTH", "in a transaction", (*TO_BOB, LOG_IN), "503 5.5.1 Not in the middle of a transaction"),
    Row("XCLIENT", "not trusted", (HELLO, "XCLIENT NAME=x.test"), "550 5.7.0 You may not speak for others"),
    Row("XCLIENT", "trusted", (HELLO, "XCLIENT NAME=x.test"), "220 mail.b.test ESMTP", TRUSTED),
    Row("XCLIENT", "no attribute", (HELLO, "XCLIENT SHOE=46"), "501 5.5.4 Bad or unknown attribute SHOE", TRUSTED),
    Row("MAIL", "taken", (HELLO, MAIL), "250 2.1.0 Sender OK"),
    Row("MAIL", "nested", (HELLO, MAIL, MAIL), "503 5.5.1 A transaction is open already"),
    Row("MAIL", "no colon", (HELLO, "MAIL FROM"), "501 5.5.4 Syntax: FROM:<address>"),
    Row("MAIL", "no path", (HELLO, "MAIL FROM:amy@a.test"), "501 5.1.7 A path stands in angle brackets, right behind the"),
    Row("MAIL", "no address", (HELLO, "MAIL FROM:<amy@@a>"), "501 5.1.7 Bad address: bad syntax"),
    Row("MAIL", "no parameter", (HELLO, f"{MAIL} SHOE=46"), "555 5.5.4 Parameter not recognized or not implemented"),
    Row("MAIL", "no value", (HELLO, f"{MAIL} SIZE=big"), "501 5.5.4 Bad or repeated parameter SIZE"),
    Row("MAIL", "no ENVID", (HELLO, f"{MAIL} ENVID=+00"), "501 5.5.4 Bad parameter ENVID"),
    Row("MAIL", "not in ASCII", (HELLO, "MAIL FROM:<jörg@a.test>"), "553 5.6.7 A non-ASCII address needs SMTPUTF8"),
    Row("MAIL", "too big", (HELLO, f"{MAIL} SIZE=50000001"), "552 5.3.4 Message exceeds the maximum size"),
    Row("MAIL", "nobody", (HELLO, MAIL), "530 5.7.0 Authentication required", {"require_auth": True}, "submission"),
    Row("MAIL", "no TLS", (HELLO, f"{MAIL} REQUIRETLS"), "530 5.7.10 REQUIRETLS needs TLS here too"),
    Row("MAIL", "another's", (HELLO, LOG_IN, "MAIL FROM:<amy@b.test>"), "553 5.7.1 Sender address is not yours to use"),
    Row(
        "MAIL",
        "one too many",
        (HELLO, MAIL, "RSET", MAIL),
        "421 4.7.0 Too many transactions on one connection, closing",
        on(limits={"MAILMAX": 1}),
    ),
    Row("MAIL", "blocked", (HELLO, MAIL), "554 5.7.1 Access denied", behaving(behaviours.block(senders=["*"]))),
    Row("MAIL", "a stranger", (HELLO, MAIL), "451 4.7.1 We have not met before", behaving(behaviours.first_contact())),
    Row(
        "MAIL",
        "too much",
        (HELLO, MAIL, "RSET", MAIL),
        "450 4.7.1 Too much mail, try again later",
        behaving(behaviours.rate_limit(messages=1, per=60)),
    ),
    Row("RCPT", "taken", TO_BOB, "250 2.1.5 Recipient OK"),
    Row("RCPT", "no MAIL", (HELLO, RCPT), "503 5.5.1 Say MAIL first"),
    Row("RCPT", "the null path", (*TO_NOBODY_YET, "RCPT TO:<>"), "501 5.1.3 The null path cannot receive"),
    Row("RCPT", "no address", (*TO_NOBODY_YET, "RCPT TO:<bob@@b>"), "501 5.1.3 Bad address: bad syntax"),
    Row(
        "RCPT",
        "a long local part",
        (*TO_NOBODY_YET, f"RCPT TO:<{'x' * 65}@b.test>"),
        "501 5.1.3 Bad address: the local part",
    ),
    Row("RCPT", "no NOTIFY", (*TO_NOBODY_YET, f"{RCPT} NOTIFY=NEVER,DELAY"), "501 5.5.4 Bad parameter NOTIFY"),
    Row("RCPT", "not in ASCII", (*TO_NOBODY_YET, "RCPT TO:<jörg@b.test>"), "553 5.6.7 A non-ASCII address needs SMTPUTF8"),
    Row("RCPT", "nobody", (*TO_NOBODY_YET, "RCPT TO:<nobody@b.test>"), "550 5.1.1 No such user here"),
    Row("RCPT", "no member", (*TO_NOBODY_YET, "RCPT TO:<team@b.test>"), "550 5.7.1 Only members may post to this list"),
    Row("RCPT", "no room", (HELLO, f"{MAIL} SIZE=9", "RCPT TO:<full@b.test>"), "452 4.2.2 Mailbox is full"),
    Row(
        "RCPT",
        "of elsewhere",
        (*TO_NOBODY_YET, "RCPT TO:<x@c.test>"),
        "550 5.7.1 Relaying denied: sender <amy@a.test> is not",
    ),
    Row("RCPT", "of elsewhere by LMTP", (LHLO, MAIL, "RCPT TO:<x@c.test>"), "550 5.7.1 Relaying denied: LMTP", door="lmtp"),
    Row("RCPT", "new", TO_BOB, "451 4.7.1 Greylisted, try again later", behaving(behaviours.greylisting())),
    Row("RCPT", "blocked", TO_BOB, "554 5.7.1 Access denied", behaving(behaviours.block(recipients=["bob@*"]))),
    Row("RCPT", "one too many", (*TO_BOB, RCPT), "452 4.5.3 Too many recipients", on(max_recipients=1)),
    Row(
        "RCPT",
        "a domain too many",
        (HELLO, "MAIL FROM:<amy@b.test>", RCPT, "RCPT TO:<x@c.test>"),
        "452 4.5.3 Too many recipient domains on one connection",
        on(limits={"RCPTDOMAINMAX": 1}),
    ),
    Row(
        "RCPT",
        "has had enough",
        (*TO_BOB, RCPT),
        "452 4.2.2 This recipient has had enough mail for now",
        behaving(behaviours.recipient_quota(messages=1)),
    ),
    Row("RCPT", "behind BDAT", (*TO_BOB, "BDAT 2\r\nhi", RCPT), "503 5.5.1 This message comes by BDAT"),
    Row("DATA", "go on", (*TO_BOB, "DATA"), "354 End data with <CR><LF>.<CR><LF>"),
    Row("DATA", "no MAIL", (HELLO, "DATA"), "503 5.5.1 Say MAIL first"),
    Row("DATA", "no RCPT", (HELLO, MAIL, "DATA"), "554 5.5.1 No valid recipients"),
    Row("BDAT", "a chunk", (*TO_BOB, "BDAT 4\r\nhi\r\n"), "250 2.0.0 4 octets received"),
    Row("BDAT", "no number", (*TO_BOB, "BDAT x"), "501 5.5.4 Syntax: BDAT octets [LAST]"),
    Row("BDAT", "no MAIL", (HELLO, "BDAT 2\r\nhi"), "503 5.5.1 Say MAIL first"),
    Row("BDAT", "no end", (HELLO, "BDAT 300000000"), "421 4.7.0 More octets than are read here to be thrown away, closing"),
    Row("BDAT", "too big", (*TO_BOB, "BDAT 70000\r\n" + "x" * 70_000), "552 5.3.4 Message exceeds", on(max_size=64_000)),
    Row("end of data", "taken", AT_THE_END, "250 2.0.0 Ok: queued as 0000000"),
    Row("DATA", "without recipients by LMTP", (LHLO, MAIL, "DATA"), "503 5.5.1 No valid recipients", door="lmtp"),
    Row("end of data", "taken by LMTP", (LHLO, MAIL, RCPT, "DATA", LETTER), "250 2.0.0 Ok: queued as 0000000", door="lmtp"),
    Row(
        "end of data",
        "too big",
        (*TO_BOB, "DATA", "x" * 70_000 + "\r\n."),
        "552 5.3.4 Message exceeds",
        on(max_size=64_000),
    ),
    Row("end of data", "a bare LF", (*TO_BOB, "DATA", f"a\nb{LETTER}"), "550 5.5.2 The message holds a bare CR or LF"),
    Row(
        "end of data",
        "a loop",
        (*TO_BOB, "DATA", LOOPING),
        "554 5.4.6 Too many hops: this letter is in a loop at mail.b.test",
    ),
    Row("end of data", "no room", (HELLO, MAIL, "RCPT TO:<tiny@b.test>", "DATA", LETTER), "452 4.2.2 Mailbox is full"),
    Row(
        "end of data",
        "a filter that breaks",
        AT_THE_END,
        "451 4.7.1 The filter did not finish, try again later",
        {"gateway": Gateway(filters=[broken])},
    ),
    Row("handler", "no note of EHLO", (HELLO, MAIL), "503 Error: send HELO first", {"handler": Careless("EHLO")}),
    Row("handler", "no note of MAIL", TO_BOB, "503 Error: need MAIL command", {"handler": Careless("MAIL")}),
    Row("handler", "no note of RCPT", AT_THE_END, "503 Error: need RCPT command", {"handler": Careless("RCPT")}),
    Row("handler", "no DATA", AT_THE_END, "250 OK", {"handler": Careless("HELO")}),
    Row("handler", "broken", AT_THE_END, "500 Error: (ZeroDivisionError) no reason", {"handler": Careless("DATA")}),
)


@contextlib.contextmanager
def connected(world: World, door: str) -> Iterator[socket.socket]:
    with socket.create_connection(getattr(world["b.test"], door), timeout=10) as sock:
        if door == "submissions":
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with context.wrap_socket(sock) as secured:
                yield secured
        else:
            yield sock


@functools.cache
def answer(row: Row) -> str:
    """The reply to the last line of a row, its lines joined; one line is said when the one before is answered."""
    described = {"users": [*USERS, Account("tiny", quota=10)], "lists": LISTS} | dict(row.so)
    with World(Domain("b.test", **described)) as world:
        with connected(world, row.door) as sock, sock.makefile("rb") as replies:
            said = _reply(replies)
            for line in row.said:
                if line is not SILENCE:
                    sock.sendall(line.encode() + b"\r\n" * (not line.startswith("BDAT ") or "\r\n" not in line))
                said = _reply(replies)
        world.assert_conserved()
        return said


def _reply(replies: Any) -> str:
    lines = [replies.readline().decode().rstrip("\r\n")]
    while lines[-1][3:4] == "-":
        lines.append(replies.readline().decode().rstrip("\r\n"))
    return "\n".join(lines)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_is_said(row: Row) -> None:
    assert answer(row).startswith(row.reply)


BARE_ROWS = {
    "a server that can do no TLS": ("STARTTLS", "502 5.5.1 STARTTLS is not available"),
    "a reception that tells nothing": (
        "VRFY x",
        "252 2.0.0 Cannot VRFY user, but will accept a message and attempt delivery",
    ),
    "a reception that breaks": (f"{MAIL}\r\nRCPT TO:<crash@b.test>", "451 4.3.0 Local error in processing"),
}
"""By cause, what is said to a receiver that no world has, behind its EHLO, and the last reply."""


@functools.cache
def bare_answer(cause: str) -> str:
    heard: list[str] = []

    async def play(stage: Stage) -> None:
        client = await stage.client()
        for line in (HELLO, *BARE_ROWS[cause][0].split("\r\n")):
            await client.reply()
            client.say(f"{line}\r\n")
        heard.append(await client.reply())

    on_stage(play)
    return heard[0]


@pytest.mark.parametrize("cause", BARE_ROWS)
def test_what_a_receiver_says_by_itself(cause: str) -> None:
    assert bare_answer(cause) == BARE_ROWS[cause][1]


def all_answers() -> list[str]:
    """Everything that was said in this table."""
    return [*map(answer, ROWS), *map(bare_answer, BARE_ROWS)]

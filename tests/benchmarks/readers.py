"""The client's part that speaks IMAP and POP3: over plain sockets, and as little as it can, so that the server is measured.

Each job tells seconds; whoever asks for it counts.
"""

import imaplib
import socket
import time
from collections.abc import Callable
from typing import Any

Address = tuple[str, int]

_TAG = b"zz"
_OK = _TAG + b" OK"
_LONGEST = 4_000
"""Octets of an answer's last line, capabilities and all."""
_WORDS = ("harbour", "lantern", "meadow", "quarrel", "thimble", "walnut", "zephyr", "copper", "velvet", "marble")
NEEDLE = "needle"
"""In the body of every hundredth letter, and in the subject of those right behind them."""


def written(n: int, size: int) -> bytes:
    """Letter number ``n``, of about ``size`` octets: words in lines, no two alike."""
    topic = NEEDLE if n % 100 == 1 else "letter"
    header = (
        f"Date: {n % 28 + 1} Mar 2026 10:{n % 60:02}:00 +0000\r\nFrom: Person {n} <p{n % 50}@client.bench>\r\n"
        f"To: <user@server.bench>\r\nSubject: {topic} {n}\r\nMessage-ID: <{n}@client.bench>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    line = " ".join(_WORDS[(n + k * k) % len(_WORDS)] for k in range(10)) + "\r\n"
    body = line * max(1, (size - len(header)) // len(line)) + (f"{NEEDLE}\r\n" if n % 100 == 0 else "")
    return (header + body).encode()


class Dialogue:
    """One connection: lines go out, and what comes back is read to the end of the answer."""

    def __init__(self, target: Address, user: str, password: str) -> None:
        self.sock = socket.create_connection(target, timeout=60)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.greeting = self.until(lambda tail: tail.endswith(b"\r\n"))
        self.enter(user, password)

    def enter(self, user: str, password: str) -> None:
        self.command(b'LOGIN "%s" "%s"' % (user.encode(), password.encode()))

    def until(self, is_over: Callable[[bytes], bool]) -> int:
        """Read until the last octets are the answer's end; how many there were."""
        octets, tail = 0, b""
        while not is_over(tail):
            data = self.sock.recv(262_144)
            if not data:
                raise RuntimeError(f"the server has left after {tail!r}")
            octets += len(data)
            tail = (tail + data)[-_LONGEST:]
        return octets

    def command(self, words: bytes, *pieces: bytes) -> int:
        """Say it all at once and wait for OK; the octets of the answer."""
        self.sock.sendall(b"".join((_TAG, b" ", words, b"\r\n", *pieces)))
        return self.until(_is_tagged)

    def append(self, octets: bytes, box: bytes = b"INBOX") -> None:
        """By a literal that is asked for, as any client may."""
        self.announce(octets, box)
        self.sock.sendall(octets + b"\r\n")
        self.until(_is_tagged)

    def announce(self, octets: bytes, box: bytes = b"INBOX") -> None:
        self.sock.sendall(b"%s APPEND %s {%d}\r\n" % (_TAG, box, len(octets)))
        self.until(lambda tail: tail.startswith(b"+") and tail.endswith(b"\n"))

    def leave(self) -> None:
        self.command(b"LOGOUT")
        self.sock.close()


def _is_tagged(tail: bytes) -> bool:
    if not tail.endswith(b"\r\n"):
        return False
    last = tail[tail.rfind(b"\n", 0, -1) + 1 :]
    if last.startswith(_TAG) and not last.startswith(_OK):
        raise RuntimeError(last.decode("utf-8", "replace"))
    return last.startswith(_OK)


def fill(target: Address, user: str, password: str, count: int, size: int, together: int = 100) -> float:
    """``count`` letters into INBOX, many with one APPEND (RFC 3502), by literals that are not asked for (RFC 7888)."""
    dialogue = Dialogue(target, user, password)
    start = time.perf_counter()
    for first in range(0, count, together):
        drafts = [_draft(n, size) for n in range(first, min(count, first + together))]
        dialogue.sock.sendall(b"%s APPEND INBOX %s\r\n" % (_TAG, b" ".join(drafts)))
        dialogue.until(_is_tagged)
    taken = time.perf_counter() - start
    dialogue.leave()
    return taken


def _draft(n: int, size: int) -> bytes:
    """Every tenth is flagged."""
    letter = written(n, size)
    return b"%s{%d+}\r\n%s" % (b"(\\Flagged) " if n % 10 == 0 else b"", len(letter), letter)


def appends(target: Address, user: str, password: str, count: int, size: int) -> float:
    dialogue, letter = Dialogue(target, user, password), written(1, size)
    start = time.perf_counter()
    for _ in range(count):
        dialogue.append(letter)
    taken = time.perf_counter() - start
    dialogue.leave()
    return taken


def logins(target: Address, user: str, password: str, count: int) -> float:
    """Connect, be greeted, log in and out, one after the other."""
    start = time.perf_counter()
    for _ in range(count):
        Dialogue(target, user, password).leave()
    return time.perf_counter() - start


def commands(target: Address, user: str, password: str, words: str, count: int, least: int = 0) -> float:
    """The same command of INBOX ``count`` times, each answered with so many octets at the ``least``."""
    dialogue = Dialogue(target, user, password)
    dialogue.command(b"SELECT INBOX")
    start = time.perf_counter()
    for _ in range(count):
        octets = dialogue.command(words.encode())
        assert octets >= least, f"{words} was answered with {octets} octets, and {least} are wanted"
    taken = time.perf_counter() - start
    dialogue.leave()
    return taken


def announced(target: Address, user: str, password: str, count: int) -> list[float]:
    """Seconds from the last octet of an APPEND until another session, in IDLE, is told of the message."""
    idler, writer, letter = (Dialogue(target, user, password), Dialogue(target, user, password), written(1, 1_000))
    idler.command(b"SELECT INBOX")
    idler.sock.sendall(b"%s IDLE\r\n" % _TAG)
    idler.until(lambda tail: tail.startswith(b"+") and tail.endswith(b"\n"))
    taken = []
    for _ in range(count):
        writer.announce(letter)
        start = time.perf_counter()
        writer.sock.sendall(letter + b"\r\n")
        idler.until(lambda tail: b" EXISTS\r\n" in tail)
        taken.append(time.perf_counter() - start)
        writer.until(_is_tagged)
    idler.sock.close()
    writer.leave()
    return taken


class Maildrop(Dialogue):
    """The same of POP3."""

    def enter(self, user: str, password: str) -> None:
        for words in (f"USER {user}", f"PASS {password}"):
            self.say(words.encode(), lambda tail: tail.endswith(b"\r\n"))

    def say(self, words: bytes, is_over: Callable[[bytes], bool]) -> int:
        self.sock.sendall(words + b"\r\n")
        return self.until(is_over)


def retrievals(target: Address, user: str, password: str, count: int, least: int) -> float:
    """RETR of the first ``count`` messages, one answer after the other."""
    maildrop = Maildrop(target, user, password)
    start = time.perf_counter()
    for number in range(1, count + 1):
        octets = maildrop.say(b"RETR %d" % number, lambda tail: tail.endswith(b"\r\n.\r\n"))
        assert octets >= least, f"message {number} had {octets} octets"
    taken = time.perf_counter() - start
    maildrop.say(b"QUIT", lambda tail: tail.endswith(b"\r\n"))
    maildrop.sock.close()
    return taken


def imaplib_appends(target: Address, user: str, password: str, count: int, size: int) -> float:
    """The standard library's client, which sends a literal and the end of its line apart."""
    letter = written(1, size)
    with imaplib.IMAP4(*target, timeout=60) as client:
        client.login(user, password)
        start = time.perf_counter()
        for _ in range(count):
            assert client.append("INBOX", "", "", letter)[0] == "OK"
        return time.perf_counter() - start


JOBS: dict[str, Callable[..., Any]] = {
    job.__name__: job for job in (fill, appends, logins, commands, announced, retrievals, imaplib_appends)
}

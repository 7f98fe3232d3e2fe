"""The client: a process of its own, so that what it costs is not counted as ours. A job is one JSON line, so is its answer.

It speaks over plain blocking sockets and does as little as it can: no library stands between the figures and the server.
"""

import json
import socket
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.benchmarks import readers

Address = tuple[str, int]

_EHLO = b"EHLO client.bench\r\n"


class Smtp:
    """One session: command and reply in turn, as a client without pipelining."""

    def __init__(self, target: Address) -> None:
        self.sock = socket.create_connection(target, timeout=60)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.expect(b"220")
        self.say(_EHLO, b"250")

    def say(self, octets: bytes, code: bytes) -> None:
        self.sock.sendall(octets)
        self.expect(code)

    def expect(self, code: bytes) -> None:
        reply = self.sock.recv(65_536)
        while not reply.endswith(b"\r\n") or reply.rpartition(b"\n")[0].rpartition(b"\n")[2][3:4] == b"-":
            more = self.sock.recv(65_536)
            if not more:
                break
            reply += more
        if not reply.startswith(code):
            raise RuntimeError(f"expected {code!r}, got {reply!r}")

    def letter(self, sender: str, to: str, octets: bytes, chunk: int = 0) -> None:
        """By DATA, or in BDAT chunks of so many octets."""
        self.say(f"MAIL FROM:<{sender}>\r\n".encode(), b"250")
        self.say(f"RCPT TO:<{to}>\r\n".encode(), b"250")
        if chunk:
            self.chunks(octets, chunk)
        else:
            self.say(b"DATA\r\n", b"354")
            self.say(octets + b".\r\n", b"250")

    def chunks(self, octets: bytes, size: int) -> None:
        for at in range(0, len(octets), size):
            portion = octets[at : at + size]
            last = b" LAST" if at + size >= len(octets) else b""
            self.say(b"BDAT %d%s\r\n" % (len(portion), last) + portion, b"250")

    def quit(self) -> None:
        self.say(b"QUIT\r\n", b"221")
        self.sock.close()


class Idler:
    """An IMAP session in IDLE (RFC 2177): sees at once how many letters there are."""

    def __init__(self, target: Address, user: str, password: str) -> None:
        self.sock = socket.create_connection(target, timeout=60)
        self._lines = self._read()
        next(self._lines)
        self._command(b"LOGIN %s %s" % (user.encode(), password.encode()))
        self._command(b"SELECT INBOX")
        self.sock.sendall(b"z IDLE\r\n")
        next(line for line in self._lines if line.startswith(b"+"))

    def _read(self) -> Iterator[bytes]:
        rest = b""
        while data := self.sock.recv(65_536):
            *lines, rest = (rest + data).split(b"\r\n")
            yield from lines

    def _command(self, words: bytes) -> None:
        self.sock.sendall(b"a " + words + b"\r\n")
        answer = next(line for line in self._lines if line.startswith(b"a "))
        if not answer.startswith(b"a OK"):
            raise RuntimeError(answer.decode())

    def next_letter(self) -> None:
        """Return when the server says that there is one more."""
        next(line for line in self._lines if line.endswith(b" EXISTS"))


def write(size: int) -> bytes:
    """A letter of about ``size`` octets, in lines of 76."""
    header = (
        b"From: <a@client.bench>\r\nTo: <b@server.bench>\r\nSubject: a benchmark\r\nMessage-ID: <1@client.bench>\r\n\r\n"
    )
    return header + (b"x" * 74 + b"\r\n") * (max(76, size - len(header)) // 76)


def kept(target: Address, sender: str, to: str, count: int, size: int, parallel: int = 1) -> float:
    """Seconds for ``count`` letters over ``parallel`` connections, which are open before."""
    octets, sessions = write(size), [Smtp(target) for _ in range(parallel)]

    def send(n: int) -> None:
        for _ in range(count // parallel):
            sessions[n].letter(sender, to, octets)

    taken = _together(send, parallel)
    for smtp in sessions:
        smtp.quit()
    return taken


def new(target: Address, sender: str, to: str, count: int, size: int, parallel: int = 1) -> float:
    """Seconds for ``count`` letters over a connection each, opened and quit, ``parallel`` at a time."""
    octets = write(size)

    def send(_: int) -> None:
        for _ in range(count // parallel):
            smtp = Smtp(target)
            smtp.letter(sender, to, octets)
            smtp.quit()

    return _together(send, parallel)


def _together(send: Callable[[int], None], parallel: int) -> float:
    """Seconds until each of ``parallel`` threads has returned from ``send``."""
    start = time.perf_counter()
    with ThreadPoolExecutor(parallel) as threads:
        list(threads.map(send, range(parallel)))
    return time.perf_counter() - start


def visible(
    target: Address,
    sender: str,
    to: str,
    imap: Address,
    password: str,
    count: int,
    size: int,
    fresh: bool,
    chunk: int = 0,
) -> list[float]:
    """Seconds from MAIL, or from connecting where ``fresh``, until an idling IMAP client is told, letter by letter."""
    octets, idler, smtp = write(size), Idler(imap, to, password), None if fresh else Smtp(target)
    taken = []
    for _ in range(count):
        start = time.perf_counter()
        session = smtp or Smtp(target)
        session.letter(sender, to, octets, chunk)
        idler.next_letter()
        taken.append(time.perf_counter() - start)
        if fresh:
            session.quit()
    idler.sock.close()
    return taken


def delivered(target: Address, sender: str, to: str, imap: Address, password: str, count: int, size: int) -> list[float]:
    """Seconds from the dot that ends a letter until an idling IMAP client is told, letter by letter."""
    octets, idler, smtp = write(size), Idler(imap, to, password), Smtp(target)
    taken = []
    for _ in range(count):
        smtp.say(f"MAIL FROM:<{sender}>\r\n".encode(), b"250")
        smtp.say(f"RCPT TO:<{to}>\r\n".encode(), b"250")
        smtp.say(b"DATA\r\n", b"354")
        start = time.perf_counter()
        smtp.sock.sendall(octets + b".\r\n")
        idler.next_letter()
        taken.append(time.perf_counter() - start)
        smtp.expect(b"250")
    idler.sock.close()
    return taken


def dns(target: Address, questions: list[str], count: int, window: int) -> float:
    """Seconds for ``count`` questions, ``window`` of them unanswered at a time; one lost for a second ends it."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(1)
    sock.connect(target)
    tails = [bytes.fromhex(question) for question in questions]
    numbers = [number.to_bytes(2, "big") for number in range(65_536)]
    start = time.perf_counter()
    for number in range(window):
        sock.send(numbers[number] + tails[number % len(tails)])
    for number in range(window, count + window):
        sock.recv(4096)
        if number < count:
            sock.send(numbers[number & 0xFFFF] + tails[number % len(tails)])
    taken = time.perf_counter() - start
    sock.close()
    return taken


_SENDING = (kept, new, visible, delivered, dns)
JOBS: dict[str, Callable[..., Any]] = {**{job.__name__: job for job in _SENDING}, **readers.JOBS}


def main() -> None:
    for line in sys.stdin:
        job = json.loads(line)
        addresses = {name: tuple(job[name]) for name in ("target", "imap") if name in job}
        print(json.dumps(JOBS[job.pop("job")](**job | addresses)), flush=True)


if __name__ == "__main__":
    main()

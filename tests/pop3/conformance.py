"""What any server of POP3 does, as one table of conversations: it runs against ours and against Dovecot, and by hand:

    python -m tests.pop3.conformance HOST PORT USER PASSWORD

The maildrop holds ``LETTERS``, in that order, before each conversation, and USER is nobody else's.
"""

import contextlib
import hashlib
import re
import socket
import sys
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import NamedTuple

LETTERS = (
    b"Subject: first\r\n\r\nHello Bob,\r\n.. two dots\r\n.\r\nbye\r\n",
    b"Subject: second\r\n\r\none\r\ntwo\r\nthree\r\n",
)
USER, PASSWORD = "{user}", "{password}"
LOGIN = (f"USER {USER} -> +OK", f"PASS {PASSWORD} -> +OK")

# ``command -> what the first line begins with [| a line that follows | ...]``; ``=`` before the lines where these are all
TABLE: dict[str, tuple[str, ...]] = {
    # RFC 1939 §4
    "NOOP needs a login": ("NOOP -> -ERR",),
    "STAT needs a login": ("STAT -> -ERR",),
    "RETR needs a login": ("RETR 1 -> -ERR",),
    "QUIT without a login": ("QUIT -> +OK",),
    "PASS without USER": (f"PASS {PASSWORD} -> -ERR",),
    "a wrong password": (f"USER {USER} -> +OK", "PASS wrong -> -ERR [AUTH]"),
    "a wrong password, then the right one": (f"USER {USER} -> +OK", "PASS wrong -> -ERR", *LOGIN, "STAT -> +OK 2"),
    "nobody": ("USER nobody -> +OK", "PASS x -> -ERR [AUTH]"),
    "a second login": (*LOGIN, f"USER {USER} -> -ERR"),
    "an unknown command": ("FROB -> -ERR", "QUIT -> +OK"),
    "nothing": ("  -> -ERR", "QUIT -> +OK"),
    "verbs in any case": (f"user {USER} -> +OK", f"pAsS {PASSWORD} -> +OK", "stat -> +OK 2 ", "quit -> +OK"),
    # RFC 1939 §5
    "STAT": (*LOGIN, "STAT -> +OK 2 87"),
    "LIST": (*LOGIN, "LIST -> +OK |=1 51|2 36"),
    "LIST of one": (*LOGIN, "LIST 2 -> +OK 2 36"),
    "LIST of none": (*LOGIN, "LIST 3 -> -ERR"),
    "RETR": (*LOGIN, "RETR 1 -> +OK 51 octets|=Subject: first||Hello Bob,|.. two dots|.|bye"),
    "RETR of none": (*LOGIN, "RETR 0 -> -ERR", "RETR 3 -> -ERR", "RETR x -> -ERR", "RETR -> -ERR"),
    "DELE": (*LOGIN, "DELE 1 -> +OK", "STAT -> +OK 1 36", "RSET -> +OK", "STAT -> +OK 2 87"),
    "what is deleted is gone": (
        *LOGIN,
        "DELE 1 -> +OK",
        "RETR 1 -> -ERR",
        "DELE 1 -> -ERR",
        "LIST 1 -> -ERR",
        "RSET -> +OK",
    ),
    "LIST leaves out what is deleted": (*LOGIN, "DELE 1 -> +OK", "LIST -> +OK |=2 36", "RSET -> +OK"),
    "NOOP": (*LOGIN, "NOOP -> +OK"),
    # RFC 1939 §7
    "TOP of nothing": (*LOGIN, "TOP 2 0 -> +OK|=Subject: second|"),
    "TOP of two lines": (*LOGIN, "TOP 2 2 -> +OK|=Subject: second||one|two"),
    "TOP of more than there is": (*LOGIN, "TOP 2 99 -> +OK|=Subject: second||one|two|three"),
    "TOP of too little": (*LOGIN, "TOP 2 -> -ERR", "TOP 2 -1 -> -ERR", "TOP 3 0 -> -ERR"),
    "UIDL of one": (*LOGIN, "UIDL 1 -> +OK 1 ", "UIDL 3 -> -ERR"),
    "APOP without a digest": (f"APOP {USER} -> -ERR",),
    "a wrong APOP": (f"APOP {USER} {'0' * 32} -> -ERR",),
    # RFC 2449
    "CAPA before the login": ("CAPA -> +OK|TOP|UIDL|PIPELINING|RESP-CODES|AUTH-RESP-CODE|USER",),
    "CAPA after the login": (*LOGIN, "CAPA -> +OK|TOP|UIDL|PIPELINING|RESP-CODES|AUTH-RESP-CODE"),
    "a line of 255 octets": ("USER " + "x" * 248 + " -> +OK",),
    # RFC 5034
    "PLAIN at once": ("AUTH PLAIN {plain} -> +OK", "STAT -> +OK 2"),
    "PLAIN in lower case": ("auth plain {plain} -> +OK", "STAT -> +OK 2"),
    "PLAIN after a challenge": ("AUTH PLAIN -> + ", "{plain} -> +OK", "STAT -> +OK 2"),
    "PLAIN thought better of": ("AUTH PLAIN -> + ", "* -> -ERR", "QUIT -> +OK"),
    "PLAIN with a wrong password": ("AUTH PLAIN AGJvYgB3cm9uZw== -> -ERR [AUTH]", "QUIT -> +OK"),
    "PLAIN of nothing": ("AUTH PLAIN = -> -ERR", "QUIT -> +OK"),
    "no base64": ("AUTH PLAIN -> + ", "!!! -> -ERR", "QUIT -> +OK"),
    "an unknown mechanism": ("AUTH FROB -> -ERR", "QUIT -> +OK"),
    "AUTH after a login": (*LOGIN, "AUTH PLAIN -> -ERR", "STAT -> +OK"),
    "AUTH alone": ("AUTH -> +OK|PLAIN",),
}


class Step(NamedTuple):
    """One command and its answer: how the first line begins, the lines that follow, whether there are no others."""

    command: str
    begins: str
    follows: tuple[str, ...] = ()
    exactly: bool = False


def read(script: str) -> Step:
    """``RETR 1 -> +OK|=Subject: first|...``"""
    command, _, answer = script.partition(" -> ")
    begins, bar, rest = answer.partition("|")
    return Step(command, begins, tuple(rest.removeprefix("=").split("|")) if bar else (), rest.startswith("="))


class Conversation:
    """One connection, and the words that stand for who is there."""

    def __init__(self, host: str, port: int, user: str, password: str) -> None:
        self._sock = socket.create_connection((host, port), timeout=10)
        self._file = self._sock.makefile("rb")
        self.greeting = self._line()
        plain = f"\0{user}\0{password}".encode()
        self._words = {"user": user, "password": password, "plain": b64encode(plain).decode()}

    def close(self) -> None:
        self._file.close()
        self._sock.close()

    def say(self, command: str) -> None:
        for word, value in self._words.items():
            command = command.replace("{" + word + "}", value)
        self._sock.sendall(command.encode() + b"\r\n")

    def hear(self, step: Step) -> str:
        """What is wrong with the answer; "" for nothing."""
        first = self._line()
        if not first.startswith(step.begins):
            return f"{step.command}: {first!r} for {step.begins!r}"
        if not step.follows:
            return ""
        lines = list(self._data())
        right = list(step.follows) == lines if step.exactly else set(step.follows) <= set(lines)
        return "" if right else f"{step.command}: {lines} for {list(step.follows)}"

    def _line(self) -> str:
        return self._file.readline().decode().rstrip("\r\n")

    def _data(self) -> Iterator[str]:
        while (line := self._line()) != ".":
            yield line[1:] if line.startswith(".") else line


def hold(steps: Iterable[str], where: tuple[str, int], user: str, password: str, *, pipelined: bool = False) -> list[str]:
    """Hold a conversation; what was wrong in it. ``pipelined``: all is said before anything is heard."""
    with contextlib.closing(Conversation(*where, user, password)) as conversation:
        script = [read(step) for step in steps]
        wrong = [] if conversation.greeting.startswith("+OK") else [conversation.greeting]
        if pipelined:
            for step in script:
                conversation.say(step.command)
        for step in script:
            if not pipelined:
                conversation.say(step.command)
            wrong.append(conversation.hear(step))
        return [one for one in wrong if one]


def stable_unique_ids(where: tuple[str, int], user: str, password: str) -> tuple[list[str], list[str]]:
    """What two sessions hear to UIDL."""
    heard = []
    for _ in range(2):
        with contextlib.closing(Conversation(*where, user, password)) as conversation:
            for command in (f"USER {user}", f"PASS {password}", "UIDL"):
                conversation.say(command)
                conversation._line()
            heard.append(list(conversation._data()))
            conversation.say("QUIT")
            conversation._line()
    return heard[0], heard[1]


def apop(where: tuple[str, int], user: str, password: str) -> str:
    """What a server says to the right digest (RFC 1939 §7)."""
    with contextlib.closing(Conversation(*where, user, password)) as conversation:
        timestamp = re.search("<[^>]+>", conversation.greeting)
        digest = hashlib.md5(((timestamp[0] if timestamp else "") + password).encode()).hexdigest()
        conversation.say(f"APOP {user} {digest}")
        return conversation._line()


if __name__ == "__main__":
    place, who = (sys.argv[1], int(sys.argv[2])), (sys.argv[3], sys.argv[4])
    for title, conversation in TABLE.items():
        for pipelined in (False, True):
            for problem in hold(conversation, place, *who, pipelined=pipelined):
                print(f"{title}{' (pipelined)' * pipelined}: {problem}")
    print("UIDL:", stable_unique_ids(place, *who))
    print("APOP:", apop(place, *who))

"""Bare LF and bare CR, from a raw socket: no program of good manners sends them.

The receiver's policy: such a message is taken to its real end, ``<CRLF>.<CRLF>`` and nothing else, and then refused
with 550 5.5.2. So no second message can hide in the first (RFC 5321 §2.3.8, §4.1.1.4).
"""

import socket

import pytest

from mailharness import World
from mailharness.trace.events import Accepted
from mailharness.world import Endpoint

ENVELOPE = ("EHLO desk.exampleA.tst", "MAIL FROM:<userA@exampleA.tst>", "RCPT TO:<userB@exampleB.tst>", "DATA")
HIDDEN = b"MAIL FROM:<userA@exampleA.tst>\r\nRCPT TO:<userB@exampleB.tst>\r\nDATA\r\nSubject: smuggled\r\n\r\nin\r\n"
BARE = {
    "LF in the body": b"Subject: x\r\n\r\none\ntwo\r\n",
    "CR in the body": b"Subject: x\r\n\r\none\rtwo\r\n",
    "LF in the header": b"Subject: x\nTo: y\r\n\r\n",
    "LF everywhere": b"Subject: x\n\none\n",
    "CR at the end": b"Subject: x\r\n\r\none\r",
    "LF before CRLF": b"Subject: x\r\n\r\none\n\r\n",
    "CR CR LF": b"Subject: x\r\n\r\none\r\r\n",
    "LF . LF": b"Subject: x\r\n\r\none\n.\n" + HIDDEN,
    "LF . CRLF": b"Subject: x\r\n\r\none\n.\r\n" + HIDDEN,
    "CRLF . LF": b"Subject: x\r\n\r\none\r\n.\n" + HIDDEN,
    "CR . CR": b"Subject: x\r\n\r\none\r.\r" + HIDDEN,
    "CRLF . CR": b"Subject: x\r\n\r\none\r\n.\r" + HIDDEN,
}


class RawClient:
    """Says octets, hears replies."""

    def __init__(self, host: Endpoint) -> None:
        self._socket = socket.create_connection(host, timeout=10)
        self._file = self._socket.makefile("rb")

    def __enter__(self) -> "RawClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def reply(self) -> bytes:
        """The last line of the next reply, without its CRLF."""
        while (line := self._file.readline())[3:4] == b"-":
            pass
        return line.rstrip(b"\r\n")

    def ask(self, octets: bytes) -> bytes:
        self._socket.sendall(octets)
        return self.reply()


@pytest.mark.parametrize("site", ["exampleA.tst", "exampleB.tst"])
@pytest.mark.parametrize("octets", BARE.values(), ids=BARE)
def test_a_bare_ending_is_refused_after_the_data(story: World, octets: bytes, site: str) -> None:
    with RawClient(story[site].smtp) as client:
        assert client.reply().startswith(b"220 ")
        assert [client.ask(line.encode() + b"\r\n")[:3] for line in ENVELOPE] == [b"250", b"250", b"250", b"354"]
        assert client.ask(octets + b"\r\n.\r\n").startswith(b"550 5.5.2 ")
        assert client.ask(b"NOOP\r\n")[:3] == b"250"
        assert client.ask(b"QUIT\r\n")[:3] == b"221"
    assert story.user("userB@exampleB.tst").inbox.subjects == []
    assert story.journal.of_kind(Accepted) == []

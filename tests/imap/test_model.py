"""Several clients at one mailbox in any order: each one's count of messages and its list of flags stay true.

And no message is new to two of them.
"""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.imap.stage import LETTERS, Stage, hear, say

EXISTS, EXPUNGE = re.compile(r"\* (\d+) EXISTS"), re.compile(r"\* (\d+) EXPUNGE")
ANNOUNCED, SHOWN = re.compile(r"\* FLAGS \((.*)\)"), re.compile(r"\* \d+ FETCH .*FLAGS \(([^)]*)\)")
UID_OF = re.compile(r"\* (\d+) FETCH \(UID (\d+) FLAGS \(([^)]*)\)\)")

COMMANDS = (
    "NOOP",
    "CHECK",
    "EXPUNGE",
    "SEARCH ALL",
    "FETCH {n} BODY[]",
    "FETCH {n} FLAGS",
    "STORE {n} +FLAGS (\\Deleted)",
    "STORE {n} FLAGS.SILENT ($Work{n})",
    "UID STORE {n} -FLAGS (\\Deleted)",
    "UID EXPUNGE {n}:*",
    "UID SEARCH DELETED",
    "COPY {n} INBOX",
    "APPEND INBOX {{1+}}\r\nx",
    "IDLE",
    "DONE",
    "deliver",
    "select anew",
)
DEEDS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(COMMANDS), st.integers(1, 5)), max_size=40)


class Client:
    """Believes what it is told, and nothing else."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._idling = False
        self.new: set[int] = set()
        self.select()

    def select(self) -> None:
        self.session = self._stage.logged_in()
        self.session.on_output = lambda: self.believe(hear(self.session))
        self.uids: list[int | None] = []
        self.flags = {"\\Recent"}
        self.believe(say(self.session, "SELECT INBOX"))

    def believe(self, lines: list[str]) -> None:
        for line in lines:
            if match := ANNOUNCED.match(line):
                self.flags.update(match[1].split())
            elif match := SHOWN.match(line):
                assert self.flags.issuperset(match[1].split()), "a flag that nobody has announced"
            if match := EXISTS.fullmatch(line):
                assert int(match[1]) >= len(self.uids)
                self.uids += [None] * (int(match[1]) - len(self.uids))
            elif match := EXPUNGE.fullmatch(line):
                del self.uids[int(match[1]) - 1]
            elif match := UID_OF.fullmatch(line):
                number, uid = int(match[1]) - 1, int(match[2])
                assert self.uids[number] in (None, uid)
                self.uids[number] = uid
                self.new |= {uid} if "\\Recent" in match[3] else set()

    def do(self, command: str) -> None:
        if command == "select anew":
            self.stop_idling()
            self.session.receive_eof()
            self.select()
        elif command == "IDLE":
            self._idling = True
            self.believe(say(self.session, "IDLE"))
        elif command != "DONE":
            self.stop_idling()
            lines = say(self.session, command)
            if command.startswith(("FETCH", "STORE", "SEARCH")):
                assert not any(map(EXPUNGE.fullmatch, lines))
            self.believe(lines)

    def stop_idling(self) -> None:
        if self._idling:
            self._idling = False
            self.session.receive(b"DONE\r\n")
            self.believe(hear(self.session))

    def count(self) -> None:
        """Ask who is who, without leave to tell who is gone, so that every belief is put to the test."""
        if self.uids:
            self.do("FETCH 1:* (UID FLAGS)")
        known = [uid for uid in self.uids if uid is not None]
        assert known == self.uids[: len(known)], "only those that were announced behind the answer are unknown"
        assert known == sorted(set(known))


@settings(max_examples=150)
@given(DEEDS)
def test_beliefs_stay_true(deeds: list[tuple[int, str, int]]) -> None:
    stage = Stage(*LETTERS)
    clients = [Client(stage) for _ in range(3)]
    for who, command, number in deeds:
        if command == "deliver":
            stage.deliver(b"Subject: another\r\n\r\n")
        else:
            clients[who].do(command.format(n=number))
        clients[number % 3].count()
    for client in clients:
        client.do("NOOP")
        client.count()
        assert client.uids == [stored.uid for stored in stage.bob.inbox.messages]
    assert not clients[0].new & clients[1].new
    assert not (clients[0].new | clients[1].new) & clients[2].new

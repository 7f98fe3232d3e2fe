"""A POP3 session on a stage: bob's maildrop, a clock that stands still, a switchboard, and the transcript of both sides."""

import hashlib

from mailharness.clock import VirtualClock, Work
from mailharness.faults import Fault, Switchboard, Verdict
from mailharness.faults.fault import PASS
from mailharness.mail import Address, Copy, Message
from mailharness.mailbox import Account
from mailharness.pop3 import Policy, Pop3Session
from mailharness.trace.events import Event
from mailharness.trace.journal import Journal

HOST = "mail.b.tst"
DIGEST = hashlib.md5(b"<1.1700000000@mail.b.tst>open sesame").hexdigest()
"""What APOP wants in the first session."""
LETTERS = (
    b"Subject: first\r\n\r\nHello Bob,\r\n.. two dots\r\n.\r\nbye\r\n",
    b"Subject: second\r\n\r\nno line end",
)


def account(*letters: bytes) -> Account:
    """bob@b.tst (password ``open sesame``), with one letter each in the INBOX."""
    bob = Account(Address.parse("bob@b.tst"), "open sesame")
    for n, octets in enumerate(letters, 1):
        bob.inbox.append(Message(octets), internal_date=0.0, of=Copy(n, 10 + n))
    return bob


class Stage:
    """One account and one clock; ``enter`` opens sessions on them."""

    def __init__(self, *letters: bytes) -> None:
        self.bob = account(*(letters or LETTERS))
        self.clock = VirtualClock(Work(), 1_700_000_000.0)
        self.switchboard = Switchboard(Journal(self.clock))
        self._sessions = 0

    @property
    def events(self) -> list[Event]:
        return self.switchboard.journal.events

    def login(self, name: str, password: str) -> Account | None:
        return self.bob if self.named(name) and self.bob.check_password(password) else None

    def arm(self, kind: type[Event], verdict: Verdict, verb: str = "", times: int | None = None) -> None:
        """Judge events of one ``kind`` (commands: of one ``verb``) by ``verdict``."""

        def judge(event: Event) -> Verdict:
            return verdict if isinstance(event, kind) and getattr(event, "verb", "") == verb else PASS

        self.switchboard.arm(Fault("staged", judge, times))

    def named(self, name: str) -> Account | None:
        return self.bob if name in {"bob", "bob@b.tst"} else None

    def enter(
        self,
        *,
        tls_available: bool = True,
        secured: bool = False,
        require_tls: bool = False,
        mechanisms: tuple[str, ...] = ("PLAIN",),
        policy: Policy | None = None,
    ) -> Pop3Session:
        """A session that has greeted; the greeting is still to be taken."""
        self._sessions += 1
        session = Pop3Session(
            host=HOST,
            session=self._sessions,
            clock=self.clock,
            announce=self.switchboard.announce,
            login=self.login,
            tls_available=tls_available,
            secured=secured,
            require_tls=require_tls,
            named=self.named,
            mechanisms=mechanisms,
            policy=policy,
            hears=self.switchboard.hears,
        )
        session.connected()
        return session

    def logged_in(self) -> Pop3Session:
        """A session in the TRANSACTION state with nothing to be taken."""
        session = self.enter()
        session.receive(b"USER bob\r\nPASS open sesame\r\n")
        session.take_output()
        return session


def say(session: Pop3Session, *commands: str) -> list[str]:
    """The lines that come back for ``commands``, given one by one."""
    answers = b""
    for command in commands:
        session.receive(command.encode("utf-8") + b"\r\n")
        answers += session.take_output()
    return answers.decode("utf-8").split("\r\n")[:-1]


def first_word(session: Pop3Session, command: str) -> str:
    """``+OK`` or ``-ERR`` of what comes back for one command; "" for nothing."""
    lines = say(session, command)
    return lines[0].split(" ")[0] if lines else ""

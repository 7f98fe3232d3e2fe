"""IMAP sessions on a stage: bob's account, a clock that stands still, a switchboard, and what each side says."""

from itertools import takewhile

from mailharness.clock import VirtualClock, Work
from mailharness.faults import PASS, Fault, Switchboard, Verdict
from mailharness.imap import ImapSession, find_profile
from mailharness.mail import Address, Cause, Copy, Message, Numbering
from mailharness.mailbox import Account
from mailharness.trace.events import Event
from mailharness.trace.journal import Journal

HOST = "imap.b.tst"
NOON = 1_700_049_600.0
"""15 November 2023, 12:00:00 UTC."""
LETTERS = (
    b"From: Alice <alice@a.tst>\r\nTo: bob@b.tst\r\nSubject: first\r\n\r\nHello Bob\r\n",
    b"From: carol@c.tst\r\nSubject: second\r\n\r\nno line end",
    b"Subject: third\r\n\r\n\r\n",
)


class Stage:
    """One account of some ``kind`` and one clock; ``enter`` opens sessions on them, of one ``profile``."""

    def __init__(self, *letters: bytes, kind: type[Account] = Account, profile: str = "") -> None:
        self.bob = kind(Address.parse("bob@b.tst"), "open sesame")
        self.profile = profile
        self.carol = Account(Address.parse("carol@b.tst"), "sesame")
        self.clock = VirtualClock(Work(), NOON)
        self.switchboard = Switchboard(Journal(self.clock))
        self._numbering = Numbering()
        self._sessions = 0
        for letter in letters:
            self.deliver(letter)

    def deliver(self, letter: bytes, *flags: str, date: float = NOON) -> None:
        """What an MDA does: put a letter into the INBOX."""
        copy = self._numbering.first_copy()
        self.bob.inbox.append(Message(letter), flags=frozenset(flags), internal_date=date, of=copy)

    def events(self, *kinds: type[Event]) -> list[Event]:
        return [event for event in self.switchboard.journal.events if isinstance(event, kinds or Event)]

    def login(self, name: str, password: str) -> Account | None:
        account = self.named(name)
        return account if account is not None and account.check_password(password) else None

    def named(self, name: str) -> Account | None:
        return {"bob": self.bob, "bob@b.tst": self.bob, "carol": self.carol}.get(name)

    def new_copy(self) -> Copy:
        return self._numbering.first_copy(Cause.APPEND)

    def arm(self, kind: type[Event], verdict: Verdict, verb: str = "") -> None:
        """Judge events of one ``kind`` (commands: of one ``verb``) by ``verdict``."""

        def judge(event: Event) -> Verdict:
            return verdict if isinstance(event, kind) and getattr(event, "verb", "") == verb else PASS

        self.switchboard.arm(Fault("staged", judge))

    def enter(
        self,
        *,
        tls_available: bool = True,
        secured: bool = False,
        require_tls: bool = False,
        append_limit: int = 100_000,
        profile: str | None = None,
    ) -> ImapSession:
        """A session that has greeted; the greeting is still to be taken."""
        self._sessions += 1
        session = ImapSession(
            host=HOST,
            session=self._sessions,
            clock=self.clock,
            announce=self.switchboard.announce,
            login=self.login,
            named=self.named,
            new_copy=self.new_copy,
            tls_available=tls_available,
            secured=secured,
            require_tls=require_tls,
            append_limit=append_limit,
            profile=find_profile(self.profile if profile is None else profile),
        )
        session.connected()
        return session

    def logged_in(self) -> ImapSession:
        """A session in the authenticated state with nothing to be taken."""
        session = self.enter()
        say(session, 'LOGIN bob "open sesame"')
        return session

    def selected(self, command: str = "SELECT INBOX") -> ImapSession:
        """A session with a mailbox selected and nothing to be taken."""
        session = self.logged_in()
        say(session, command)
        return session


def hear(session: ImapSession) -> list[str]:
    """The lines that are waiting to be sent."""
    return session.take_output().decode("utf-8", "surrogateescape").split("\r\n")[:-1]


def say(session: ImapSession, *commands: str) -> list[str]:
    """The lines that come back for ``commands``, each given a tag ``a``; literals are sent with their octets at once."""
    answers = []
    for command in commands:
        session.receive(b"a " + command.encode("utf-8", "surrogateescape") + b"\r\n")
        answers += hear(session)
    return answers


def first_answer(session: ImapSession, command: str) -> str:
    """What is said to a command that has one untagged line and OK."""
    untagged, tagged = say(session, command)
    assert tagged.startswith("a OK"), tagged
    return untagged


def play(stage: Stage, script: str) -> int:
    """Say a script's lines and compare the answers, where it has any; returns how many there were to compare.

    ``C:`` is a command of a session that has just been greeted, ``D:`` one of another that has INBOX selected, ``R:`` a
    line without a tag of the first; ``|`` is a line end in any of them. ``S:`` lines are the whole answer to the line
    above; without them any answer will do.
    """
    sessions: dict[bool, ImapSession] = {}
    compared = 0
    lines = [line.strip() for line in script.strip().split("\n")]
    for at, line in enumerate(lines):
        who, said = line[:2], line[2:].removeprefix(" ").replace("|", "\r\n")
        if who == "S:":
            continue
        is_other = who == "D:"
        if is_other not in sessions:
            sessions[is_other] = stage.selected() if is_other else stage.enter()
            hear(sessions[is_other])
        heard = say(sessions[is_other], said) if who != "R:" else _go_on(sessions[is_other], said)
        wanted = list(takewhile(lambda one: one.startswith("S:"), lines[at + 1 :]))
        told = [f"S: {one}".rstrip() for one in heard]
        assert not wanted or told == [one.rstrip() for one in wanted], said
        compared += bool(wanted)
    return compared


def _go_on(session: ImapSession, line: str) -> list[str]:
    session.receive(line.encode() + b"\r\n")
    return hear(session)

"""Stories of IMAP as text files: who says what, and what the server has to say to it.

    ## a flag is told to the other session
    A: STORE 1 +FLAGS (\\Seen)
       * 1 FETCH (FLAGS (\\Seen))
       OK
    B: NOOP
       * 1 FETCH (FLAGS (\\Seen))
       OK

``A`` and ``B`` are sessions of one user that have INBOX open on ``LETTERS`` from the start, ``A`` first; ``-`` is one that
has only logged in. The lines below a command are the whole answer, in the form of ``dialogue.compared``; ``B hears:`` are
lines that come unasked, and ``any`` before a command leaves its answer out. ``ours``: Dovecot's differs, as the RFC
lets it or where it does not keep to the RFC; the line above says why.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

from tests.conformance.dialogue import Session, compared, unasked

LETTERS = (
    "From: Alice <alice@a.test>|To: bob@b.test|Subject: first|Date: Mon, 02 Mar 2026 08:30:00 +0100|"
    "Message-ID: <1@a.test>||Hello Bob|",
    "From: carol@c.test|To: bob@b.test, dave@d.test|Cc: Eve <eve@e.test>|Subject: second|"
    "Date: Tue, 03 Mar 2026 09:00:00 +0000|Message-ID: <2@c.test>|In-Reply-To: <1@a.test>|References: <1@a.test>|"
    'MIME-Version: 1.0|Content-Type: multipart/mixed; boundary="=x"||--=x|Content-Type: text/plain; charset=utf-8|'
    "Content-Transfer-Encoding: base64||SGVsbG8gd29ybGQ=|--=x|Content-Type: application/octet-stream|"
    'Content-Disposition: attachment; filename="a.bin"|Content-Transfer-Encoding: base64||AAEC|--=x--|',
    "From: dave@d.test|To: bob@b.test|Subject: Re: first|Date: Wed, 04 Mar 2026 10:00:00 +0000|Message-ID: <3@d.test>|"
    "In-Reply-To: <1@a.test>||third text|",
)
DATES = ("02-Mar-2026 07:30:00 +0000", "03-Mar-2026 09:00:00 +0000", "04-Mar-2026 10:00:00 +0000")


class Step(NamedTuple):
    """What ``who`` says, and the answer; ``says`` is empty for what is heard unasked, ``answer`` None for any."""

    who: str
    says: str
    answer: tuple[str, ...] | None
    ours: bool = False

    def counts(self, kind: str) -> bool:
        """Whether the answer is compared for a server of that ``kind``."""
        return self.answer is not None and (kind == "mailharness" or not self.ours)

    @property
    def must_succeed(self) -> bool:
        """Whether the story only needs that it is done."""
        return self.answer is None


class Story(NamedTuple):
    title: str
    steps: tuple[Step, ...]


def read(path: Path) -> Iterator[Story]:
    """The stories of a file."""
    yield from read_text(path.read_text("utf-8"))


def read_text(file: str) -> Iterator[Story]:
    """The stories of a file's text."""
    for text in file.split("\n## ")[1:]:
        title, _, rest = text.partition("\n")
        yield Story(title.strip(), tuple(_steps(rest)))


def _steps(text: str) -> Iterator[Step]:
    blocks: list[list[str]] = []
    for line in filter(str.strip, text.splitlines()):
        if line.startswith("#"):
            continue
        if line.startswith("   "):
            blocks[-1].append(line.strip())
        else:
            blocks.append([line])
    for first, *answer in blocks:
        who, _, says = first.partition(": ")
        if who.endswith(" hears:"):
            yield Step(who.removesuffix(" hears:"), "", tuple(answer))
        else:
            kind, _, name = who.rpartition(" ")
            yield Step(name, says, None if kind == "any" else tuple(answer), kind == "ours")


def tell(story: Story, where: tuple[str, int], user: str) -> list[tuple[str, ...]]:
    """What was answered to each step, of a user who has nothing yet."""
    with ExitStack() as leaving:
        sessions = {"-": leaving.enter_context(closing(Session(where, user)))}
        for letter, date in zip(LETTERS, DATES, strict=True):
            size = len(letter.replace("|", "\r\n"))
            assert sessions["-"].say(f'APPEND INBOX "{date}" {{{size}+}}|{letter}')[-1].startswith("OK")
        return list(_told(story, sessions, lambda: leaving.enter_context(closing(Session(where, user)))))


def _told(story: Story, sessions: dict[str, Session], enter: Callable[[], Session]) -> Iterator[tuple[str, ...]]:
    for name in sorted({step.who for step in story.steps} - {"-"}):
        sessions[name] = enter()
        sessions[name].say("SELECT INBOX")
    for who, says, answer, _ in story.steps:
        if says:
            yield tuple(compared(says, sessions[who].say(says)))
        else:
            yield tuple(unasked(sessions[who].hear(len(answer or ()))))

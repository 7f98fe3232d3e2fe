"""Filing: what an account's rules make of one letter. Pure: nothing is stored, sent or told here."""

import inspect
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import NamedTuple

from mailharness.errors import MailharnessError
from mailharness.mail import Address, Envelope, Message
from mailharness.mailbox.names import INBOX
from mailharness.mailbox.rules import FileInto, Filter, Flag, Forward, Rule, Stop, Vacation


class Finding(NamedTuple):
    """What one rule said: its name, the verdict in words, and the reason."""

    filter: str
    verdict: str
    reason: str = ""


@dataclass(slots=True)
class Filing:
    """Where a letter goes: into ``mailboxes`` with ``flags``, on to ``forwards``, and ``answers`` to its sender.

    Neither a mailbox nor a forward: ``discarded_by`` names the rule.
    """

    mailboxes: list[str] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    forwards: list[Address] = field(default_factory=list)
    answers: list[Vacation] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    discarded_by: str = ""

    def add(self, rule: Rule, name: str) -> bool:
        """Do as ``rule`` says; whether others may be asked."""
        told = ", ".join(map(str, rule.actions))
        self.findings.append(Finding(name, told))
        for action in rule.actions:
            match action:
                case FileInto(mailbox) if mailbox not in self.mailboxes:
                    self.mailboxes.append(mailbox)
                case Flag(flags):
                    self.flags.update(flags)
                case Forward(to):
                    self.forwards += [one for one in to if one not in self.forwards]
                case Vacation():
                    self.answers.append(action)
                case Stop():
                    return False
                case FileInto():
                    pass
                case _:
                    self.discarded_by = self.discarded_by or name
        return True

    def note(self, name: str, verdict: str, reason: str) -> None:
        """One more thing to be told of the letter."""
        self.findings.append(Finding(name, verdict, reason))

    def ended(self) -> "Filing":
        """All have been asked: what no rule has said a place for stays in INBOX (RFC 5228 §2.10.2)."""
        if not (self.mailboxes or self.forwards or self.discarded_by):
            self.mailboxes.append(INBOX)
        return self


class FilterFailedError(MailharnessError):
    """A user's function failed: ``filter`` is its name, ``problem`` what it did."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"filter {name!r} {problem}")
        self.filter = name
        self.problem = problem


def runs_code(filters: Iterable[Filter]) -> bool:
    """Whether asking them runs what a user wrote, which has no place on the loop."""
    return any(not isinstance(one, Rule) or one.runs_code for one in filters)


def filter_names(filters: Iterable[Filter]) -> str:
    """The names of those that a user wrote."""
    return ", ".join(_name(one) for one in filters if not isinstance(one, Rule) or one.runs_code)


def judge(filters: Iterable[Filter], message: Message, envelope: Envelope) -> Filing:
    """Ask ``filters`` in order about a letter for the one recipient in ``envelope``.

    What a user wrote and fails leaves the letter in INBOX, whatever others said, and is found to "fail".
    """
    filing = Filing()
    try:
        for name, rule in _asked(filters, message, envelope):
            if not filing.add(rule, name):
                break
    except FilterFailedError as error:
        return kept(filing.findings, error.filter, error.problem)
    return filing.ended()


def kept(findings: Iterable[Finding], name: str, problem: str) -> Filing:
    """A letter that stays in INBOX because the filter called ``name`` failed."""
    return Filing(mailboxes=[INBOX], findings=[*findings, Finding(name, "fail", problem)])


def _asked(filters: Iterable[Filter], message: Message, envelope: Envelope) -> Iterator[tuple[str, Rule]]:
    """The rules that apply, each with the name that it is told by."""
    for one in filters:
        answer = one if isinstance(one, Rule) else _ask(one, message, envelope)
        for rule in _rules(one, answer):
            if rule.when is None or _ask(rule.when, message, envelope, str(rule)):
                yield (str(one) if isinstance(one, Rule) else _name(one)), rule


def _ask(given: object, message: Message, envelope: Envelope, name: str = "") -> object:
    assert callable(given)
    try:
        return given(message, envelope)
    except BaseException as error:  # whatever a user's code raises, SystemExit included, is that filter's failure
        said = f": {error}" if str(error) else ""
        raise FilterFailedError(name or _name(given), f"raised {type(error).__name__}{said} ({_place(error)})") from error


def _rules(given: object, answer: object) -> tuple[Rule, ...]:
    if answer is None or isinstance(answer, Rule):
        return () if answer is None else (answer,)
    every = tuple(answer) if isinstance(answer, list | tuple) else (answer,)
    if not all(isinstance(one, Rule) for one in every):
        if inspect.iscoroutine(answer):
            answer.close()
        raise FilterFailedError(_name(given), f"returned {answer!r}; it may return rules such as rules.discard(), or None")
    return every


def _name(given: object) -> str:
    return str(given) if isinstance(given, Rule) else str(getattr(given, "__name__", None) or type(given).__name__)


def _place(error: BaseException) -> str:
    """Where it was raised: ``test_mail.py:7``."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{PurePath(frame.filename).name}:{frame.lineno}"

"""How a gateway's list of filters judges a letter: in order, up to the first that refuses it or holds it."""

import inspect
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import NamedTuple, TypeAlias

from mailharness.agents.filters.arrival import Arrival
from mailharness.agents.filters.verdict import Accept, FilterVerdict, Quarantine, Refuse, Tag
from mailharness.errors import MisuseError
from mailharness.mail import Message

Filter: TypeAlias = Callable[[Arrival], FilterVerdict | None]
_ACCEPT = Accept()
_OURS = __name__.rpartition(".")[0]
_MAY_RETURN = "None, Accept(), Refuse(reply, reason), Tag(header, value) or Quarantine(reason)"


class FilterError(MisuseError):
    """A filter failed: ``filter`` is its name, ``problem`` what it did."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"filter {name!r} {problem}")
        self.filter = name
        self.problem = problem


class Finding(NamedTuple):
    """What one filter said: its name, the verdict's word ("accept", "refuse", "tag", "quarantine") and the reason."""

    filter: str
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of the letter: ``verdict`` of the filter that ended the list (Accept where none did), all ``tags``
    in the order they were given, and one finding for each filter that was asked."""

    verdict: Accept | Refuse | Quarantine
    tags: tuple[Tag, ...]
    findings: tuple[Finding, ...]

    @property
    def decider(self) -> str:
        """The name of the filter that refused or held the letter; empty where none did."""
        return "" if isinstance(self.verdict, Accept) else self.findings[-1].filter

    def tagged(self, message: Message) -> Message:
        """``message`` with the tags in front of it, the last one given on top, as trace fields stand."""
        for tag in self.tags:
            message = message.prepend(bytes(tag))
        return message


def judge(filters: Iterable[Filter], arrival: Arrival) -> Judgement:
    """Ask ``filters`` in order about ``arrival``.

    Raises FilterError for a filter that raises, or returns what is no verdict.
    """
    tags: list[Tag] = []
    findings: list[Finding] = []
    for each in filters:
        verdict = _ask(each, arrival)
        findings.append(Finding(filter_name(each), verdict.word, verdict.reason))
        if isinstance(verdict, Tag):
            tags.append(verdict)
        elif not isinstance(verdict, Accept):
            return Judgement(verdict, tuple(tags), tuple(findings))
    return Judgement(_ACCEPT, tuple(tags), tuple(findings))


def filter_name(given: object) -> str:
    """How a filter is called in events and messages: its ``name``, else its ``__name__``, else its type's."""
    return str(getattr(given, "name", None) or getattr(given, "__name__", None) or type(given).__name__)


def check_filters(filters: Iterable[Filter]) -> tuple[Filter, ...]:
    """``filters`` as a tuple, for whoever declares a gateway. Raises MisuseError for what cannot be asked."""
    if callable(filters) or not isinstance(filters, Iterable):
        raise MisuseError(f"filters={filters!r}: give a list, even for one filter")
    checked = tuple(filters)
    for each in checked:
        if not callable(each):
            raise MisuseError(f"{each!r} is no filter: a filter is a function of one Arrival, which returns {_MAY_RETURN}")
        if inspect.isfunction(each) and each.__module__.startswith(_OURS):
            raise MisuseError(f"{filter_name(each)} makes a filter when it is called: write {filter_name(each)}(...)")
        if inspect.iscoroutinefunction(each):
            raise MisuseError(f"filter {filter_name(each)!r} is an async function; a plain one may block as it likes")
    return checked


def _ask(given: Filter, arrival: Arrival) -> FilterVerdict:
    try:
        answer = given(arrival)
    except BaseException as error:  # whatever a user's code raises, SystemExit included, is that filter's failure
        said = f": {error}" if str(error) else ""
        raise FilterError(filter_name(given), f"raised {type(error).__name__}{said} ({place(error)})") from error
    if answer is None:
        return _ACCEPT
    if not isinstance(answer, FilterVerdict):
        if inspect.iscoroutine(answer):
            answer.close()
        raise FilterError(filter_name(given), f"returned {answer!r}; it may return {_MAY_RETURN}")
    return answer


def place(error: BaseException) -> str:
    """Where it was raised: ``test_mail.py:7``."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{PurePath(frame.filename).name}:{frame.lineno}"

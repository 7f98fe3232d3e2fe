"""Where the branches of a letter end: each recipient's way through the hosts, and what became of the copy there."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from mailharness.errors import MisuseError
from mailharness.mail import Address, Cause
from mailharness.mail.address import ADDRESS
from mailharness.trace.copies import STATUS, CopyStory, Outcome, concerns, sort_by_copy
from mailharness.trace.events import Accepted, Commanded, Delivered, Event, Expanded, Refused, Relayed
from mailharness.trace.wording import same_name

_FROM = re.compile(r"FROM:\s*<([^>]*)>", re.IGNORECASE)

_TO = re.compile(r"TO:\s*<([^>]*)>", re.IGNORECASE)

E = TypeVar("E", bound=Event)
V = TypeVar("V")
W = TypeVar("W")


class ByRecipient(dict[str, V]):
    """Values by recipient, shown as declared and looked up without case. A recipient that stood for one other (an
    alias) finds what became of that one; for an unknown recipient MisuseError names those that are known."""

    def __init__(self, values: dict[str, V], stands_for: dict[str, tuple[str, ...]] | None = None) -> None:
        super().__init__(values)
        self._names = {name.lower(): name for name in values}
        self._stands_for = stands_for or {}

    def _name(self, recipient: object) -> str | None:
        folded = str(recipient).lower()
        others = self._stands_for.get(folded, ())
        return self._names.get(folded) or (self._names.get(others[0].lower()) if len(others) == 1 else None)

    def __getitem__(self, recipient: str | Address) -> V:
        name = self._name(recipient)
        if name is not None:
            return super().__getitem__(name)
        if others := self._stands_for.get(str(recipient).lower()):
            raise MisuseError(f"{recipient} stood for several: ask for one of {', '.join(others)}")
        raise MisuseError.unknown("recipient", recipient, self)

    def map(self, tell: Callable[[V], W]) -> "ByRecipient[W]":
        """The same recipients with what ``tell`` says of each value."""
        return ByRecipient({name: tell(value) for name, value in self.items()}, self._stands_for)

    def __contains__(self, recipient: object) -> bool:
        return self._name(recipient) is not None


@dataclass(frozen=True, slots=True)
class Leaf:
    """One end of a letter: the copy there, for whom, through which hosts, and the last outcome (None: in transit)."""

    copy: CopyStory
    recipient: Address
    hosts: tuple[str, ...]
    outcome: Outcome | None

    @property
    def status(self) -> str:
        return "in transit" if self.outcome is None else STATUS[type(self.outcome)]

    @property
    def delivered(self) -> bool:
        return isinstance(self.outcome, Delivered)

    @property
    def host(self) -> str:
        """The host that has the copy, or had it last, or would not take it."""
        return self.hosts[-1] if self.hosts else self.copy.host if self.outcome is None else self.outcome.host

    @property
    def where(self) -> str:
        """``account/mailbox`` where it rests, else the host that has it or had it last."""
        return f"{self.outcome.account}/{self.outcome.mailbox}" if isinstance(self.outcome, Delivered) else self.host

    @property
    def end(self) -> tuple[str, ...]:
        return (self.outcome.account,) if isinstance(self.outcome, Delivered) else ()


def _asked_for(story: CopyStory) -> list[Address]:
    """The recipients that the client named, by the lines of the session."""
    said = [_TO.search(event.line) for event in story.events if isinstance(event, Commanded) and event.verb == "RCPT"]
    return [Address.parse(match[1]) for match in said if match and ADDRESS.fullmatch(match[1])]


class Branches:
    """All branches of one letter, read from its events."""

    def __init__(self, events: list[Event], continued: Mapping[int, int] | None = None) -> None:
        self.events = events
        self._continued = continued or {}
        """By the serial of a Relayed event out of the world: the copy as which it came back."""
        self.copies = sort_by_copy(events)
        self._relayed_for: dict[tuple[int, str], list[int]] = {}
        for number, story in self.copies.items():
            for folded in story.times if story.is_held and story.of.cause is Cause.RELAY else ():
                self._relayed_for.setdefault((story.of.parent, folded), []).append(number)
        self.leaves = tuple(self._all())
        self.stands_for = self._expansions()

    @property
    def roots(self) -> list[CopyStory]:
        """The copies that were made from no copy of this letter."""
        held = [story for story in self.copies.values() if story.is_held]
        back = set(self._continued.values())
        return [story for story in held if story.of.parent not in self.copies and story.of.copy not in back]

    @property
    def sender(self) -> str:
        """The envelope sender of the submission; ``<>`` for the null sender, empty if nothing was accepted."""
        envelopes = [story.accepted.envelope for story in self.roots if story.accepted]
        return str(envelopes[0].sender or "<>") if envelopes else ""

    @property
    def sender_said(self) -> str:
        """The same, and for a letter that nobody took what its MAIL said; empty if it said nothing of the kind."""
        said = (_FROM.search(event.line) for event in self.events if isinstance(event, Commanded) and event.verb == "MAIL")
        return self.sender or next((match[1] or "<>" for match in said if match), "")

    def _all(self) -> Iterator[Leaf]:
        for root in self.roots:
            for recipient in root.recipients:
                yield from self._follow(root, recipient, (root.host,))
        yield from self._never_accepted()

    def _never_accepted(self) -> Iterator[Leaf]:
        """The recipients that the first host would not take."""
        held = [story for story in self.roots if story.accepted]
        taken = {one.folded for story in held for one in story.recipients}
        for story in self.copies.values():
            for event in story.events:
                if not isinstance(event, Refused) or (story not in held and story.of.parent in self.copies):
                    continue
                for one in [event.recipient] if event.recipient else _asked_for(story):
                    if one.folded not in taken:
                        taken.add(one.folded)
                        yield Leaf(story, one, (), event)

    def _follow(self, story: CopyStory, recipient: Address, hosts: tuple[str, ...]) -> Iterator[Leaf]:
        outcomes = story.outcomes(recipient)
        last = outcomes[-1] if outcomes else None
        children = list(self._children(story, recipient, outcomes))
        for child, there in children:
            if (stranger := self._stranger(child, outcomes)) is not None:
                yield from self._follow(child, there, (*hosts, stranger, child.host))
                continue
            way = hosts if same_name(hosts[-1], child.host) else (*hosts, child.host)
            yield from self._follow(child, there, way)
        if isinstance(last, Relayed):
            next_copy = self.copies.get(self._copy_there(last))
            if next_copy is None or not next_copy.is_held:
                yield Leaf(story, recipient, (*hosts, last.to), last)
        elif not isinstance(last, Expanded) and (last is not None or not children):
            yield Leaf(story, recipient, hosts, last)

    def _children(
        self, story: CopyStory, recipient: Address, outcomes: list[Outcome]
    ) -> Iterator[tuple[CopyStory, Address]]:
        """The copies made of this one for ``recipient``. A child is younger than its parent, so this always ends."""
        passed = {self._copy_there(event) for event in outcomes if isinstance(event, Relayed)}
        expanded = {number for event in outcomes if isinstance(event, Expanded) for number in event.copies}
        relayed = self._relayed_for.get((story.of.copy, recipient.folded), ())
        for number in sorted(passed.union(expanded, relayed)):
            child = self.copies.get(number)
            if child is None or not child.is_held or number <= story.of.copy:
                continue
            if number in expanded:
                yield from ((child, one) for one in child.recipients)
            elif recipient.folded in child.times:
                yield child, recipient
            elif number in self._continued.values():  # whom a program of others has put in the place of the recipient
                yield from ((child, one) for one in child.recipients)

    def _copy_there(self, left: Relayed) -> int:
        return left.copy_there or self._continued.get(left.serial, 0)

    def _stranger(self, child: CopyStory, outcomes: list[Outcome]) -> str | None:
        """The machine that is not ours and that ``child`` came back from; None for one that never left."""
        left = (event for event in outcomes if isinstance(event, Relayed) and event.serial in self._continued)
        return next((event.to for event in left if self._continued[event.serial] == child.of.copy), None)

    def _expansions(self) -> dict[str, tuple[str, ...]]:
        """For each recipient that stood for others, the recipients at the ends of its branches."""
        found: dict[str, tuple[str, ...]] = {}
        for event in self.events:
            if isinstance(event, Expanded):
                story = self.copies[event.copy]
                leaves = self._follow(story, event.recipient, (story.host,))
                ends = [*(str(leaf.recipient) for leaf in leaves), *map(str, event.already)]
                known = found.get(str(event.recipient).lower(), ())
                found[str(event.recipient).lower()] = tuple({end.lower(): end for end in (*known, *ends)}.values())
        return found

    @property
    def by_recipient(self) -> ByRecipient[Leaf]:
        """One leaf a recipient: where a lost reply made two of them, the delivered one, else the later."""
        best: dict[str, Leaf] = {}
        for leaf in self.leaves:
            known = best.get(leaf.recipient.folded)
            if known is None or leaf.delivered or not known.delivered:
                best[leaf.recipient.folded] = leaf
        return ByRecipient({str(leaf.recipient): leaf for leaf in best.values()}, self.stands_for)

    def path(self, leaf: Leaf) -> tuple[str, ...]:
        """The envelope sender, each host that accepted a copy on the way, and the account if it arrived there."""
        return (self.sender, *leaf.hosts, *leaf.end) if self.sender else leaf.end

    @property
    def via(self) -> tuple[str, ...]:
        """Every host that accepted a copy, once, in order."""
        return tuple(dict.fromkeys(event.host for event in self.events if isinstance(event, Accepted)))

    def last(self, kind: type[E], leaf: Leaf) -> E | None:
        """The last event of one kind that the leaf's copy went through for its recipient, before its outcome."""
        end = leaf.outcome.serial if leaf.outcome else None
        for event in reversed(leaf.copy.events):
            if isinstance(event, kind) and (end is None or event.serial <= end) and concerns(event, leaf.recipient):
                return event
        return None

"""Expansion: what a letter for an alias, a forward or a list becomes, copy by copy (RFC 5321 §3.9).

``Expander.branches`` decides, ``expand`` carries it out. Each step makes copies of its own, which the trace shows; whoever
is reached twice in one transaction gets one.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from mailharness.agents.circles import has_been_at, has_grown_too_far, mark
from mailharness.agents.mailing_list import MailingList
from mailharness.agents.mda import NO_MEMBER
from mailharness.agents.meaning import Alias, AtHome, CameBack, Forwarded, Leaving, Meaning, Posted
from mailharness.agents.ports import Surroundings
from mailharness.agents.reporting import Reporter
from mailharness.agents.store import Store
from mailharness.mail import Address, Cause, Copy, Envelope, Message, Reply
from mailharness.mail.dsn import Failure
from mailharness.trace.events import Accepted, Discarded, Expanded


@dataclass(frozen=True, slots=True)
class Branch:
    """Copies of a letter for ``envelope``'s recipients; ``home``: for the mailbox itself, whatever its address means."""

    cause: Cause
    envelope: Envelope
    message: Message
    home: bool = False


@dataclass(frozen=True, slots=True)
class Away:
    """The letter goes nowhere, by this ``rule``."""

    rule: str


Expansion: TypeAlias = "list[Branch] | Reply | Away"
"""What becomes of a letter for one address: copies, a refusal, or nothing."""
Reached: TypeAlias = dict[str, Address]
"""The mailboxes here and the addresses elsewhere that a transaction has reached, by their folded address."""


class Part(NamedTuple):
    """A copy for the recipients in its envelope."""

    copy: Copy
    envelope: Envelope
    message: Message


class Expander:
    """Expands what stands for others, on the host called ``host``."""

    def __init__(self, host: str, around: Surroundings, store: Store, reports: Reporter) -> None:
        self.host = host
        self._around = around
        self._store = store
        self._reports = reports

    def expand(self, whole: Part) -> Iterator[Part]:
        """The letter and the copies made of it, each with those recipients that stand for themselves."""
        waiting = deque([(whole, {key: one for one in whole.envelope.recipients if (key := self._end(one))})])
        while waiting:
            part, reached = waiting.popleft()
            themselves = []
            for recipient in part.envelope.recipients:
                meaning = self._store.meaning(recipient)
                if meaning is None or isinstance(meaning, AtHome):
                    themselves.append(recipient)
                    continue
                # A list's letter is another than the author's: who has both gets both.
                within: Reached = {} if isinstance(meaning, Posted) else reached
                for branch, child in self._expand(part, recipient, meaning, within):
                    if branch.home:
                        yield child
                    else:
                        waiting.append((child, within))
            if themselves:
                yield part._replace(envelope=part.envelope.for_recipients(themselves))

    def _expand(self, part: Part, recipient: Address, meaning: Meaning, reached: Reached) -> list[tuple[Branch, Part]]:
        """The copies that one recipient stands for; none where it is refused, or goes nowhere."""
        result = self.branches(meaning, recipient, part.envelope, part.message)
        if isinstance(result, Away):
            self._around.announce(Discarded(host=self.host, of=part.copy, recipient=recipient, rule=result.rule))
            return []
        if not isinstance(result, Reply):
            result = has_grown_too_far(part.copy, self._around.numbering) or result
        if isinstance(result, Reply):
            failure = Failure(recipient, result.status, str(result), result)
            self._reports.failed(*part, [failure])
            return []
        made = self._copies(part.copy, recipient, result, reached)
        if made and isinstance(meaning, Posted):  # RFC 3461 §5.2.7.1: the list has it, and that is delivery
            self._reports.delivered(*part, [recipient])
        elif not made or sum(len(branch.envelope.recipients) for branch in result) > 1:
            self._reports.expanded(*part, [recipient])
        return made

    def branches(self, meaning: Meaning, recipient: Address, envelope: Envelope, message: Message) -> Expansion:
        """What a letter for ``recipient`` becomes, who has this ``meaning``."""
        match meaning:
            case Alias(targets, cause):
                return [Branch(cause, for_others(envelope, recipient, targets), message)]
            case Forwarded():
                return self._forwarded(meaning, recipient, envelope, message)
            case Posted(to):
                return _posted(to, envelope, message)
            case Leaving(of):
                return Away(of.leave(envelope.sender))
            case CameBack(to, detail):
                return _came_back(to, detail, recipient, envelope, message)
        return []

    def _forwarded(self, meaning: Forwarded, recipient: Address, envelope: Envelope, message: Message) -> Expansion:
        """The letter bears who forwarded it, by which a circle is known."""
        own = meaning.account.address
        if has_been_at(message, own):
            return Reply(554, f"Mail for {own} is forwarded in a circle", "5.4.6")
        home = (own,) if meaning.keep else ()
        sent = replace(
            for_others(envelope, recipient, meaning.to, besides=home),
            sender=self._new_sender(meaning, envelope.sender),
            smtputf8=envelope.smtputf8 or not all(address.is_ascii for address in (own, *meaning.to)),
        )
        found = [Branch(Cause.FORWARD, sent, mark(message, own))]
        if not home:
            return found
        kept = for_others(envelope, recipient, home, besides=meaning.to)
        return [Branch(Cause.FORWARD, kept, message, home=True), *found]

    def _new_sender(self, meaning: Forwarded, sender: Address | None) -> Address | None:
        """The null sender stays (RFC 5321 §4.5.5), and so does for SRS one of our own domain."""
        if sender is None or not meaning.rewrite:
            return sender
        own = meaning.account.address
        if meaning.rewrite == "own" or self._store.directory is None:
            return own
        if self._store.holds(sender):
            return sender
        return self._store.directory.srs.wrap(sender, self._around.clock.now()) or own

    # -- copies ----

    def _copies(
        self, copy: Copy, recipient: Address, branches: Iterable[Branch], reached: Reached
    ) -> list[tuple[Branch, Part]]:
        made: list[tuple[Branch, Part]] = []
        already: list[Address] = []
        for branch in branches:
            fresh: list[Address] = []
            for address in branch.envelope.recipients:
                key = address.folded if branch.home else self._end(address)
                if key in reached:
                    already.append(reached[key])
                    continue
                fresh.append(address)
                if key:
                    reached[key] = address
            if fresh:
                child = self._around.numbering.child(copy, branch.cause)
                made.append((branch, Part(child, branch.envelope.for_recipients(fresh), branch.message)))
        numbers = tuple(part.copy.copy for _, part in made)
        self._around.announce(
            Expanded(host=self.host, of=copy, recipient=recipient, copies=numbers, already=tuple(already))
        )
        for _, (child, envelope, message) in made:
            self._around.announce(Accepted(host=self.host, of=child, envelope=envelope, message=message))
        return made

    def _end(self, address: Address) -> str:
        """What tells whether the same place is reached twice: a mailbox here, an address elsewhere; "" for no end."""
        meaning = self._store.meaning(address)
        if isinstance(meaning, AtHome):
            return meaning.account.address.folded
        return address.folded if meaning is None else ""


def for_others(
    envelope: Envelope, recipient: Address, others: Sequence[Address], besides: Sequence[Address] = ()
) -> Envelope:
    """The envelope for ``others``, whom ``recipient`` stands for, ``besides`` some more in a copy of their own. What was
    asked of reports goes with it (RFC 3461 §5.2.7)."""
    asked = envelope.requests.get(recipient)
    if asked is not None and len(others) + len(besides) > 1:
        asked = asked.without_success()
    return replace(
        envelope,
        recipients=tuple(others),
        requests=dict.fromkeys(others, asked) if asked is not None else {},
        smtputf8=envelope.smtputf8 or not all(address.is_ascii for address in others),
    )


def _posted(to: MailingList, envelope: Envelope, message: Message) -> Expansion:
    """The members' copies, in the list's own name (RFC 5321 §3.9.2)."""
    if has_been_at(message, to.address):
        return Reply(554, f"This letter has been through the list {to.address} before", "5.4.6")
    if not to.admits(envelope.sender):
        return NO_MEMBER
    if not to.members:
        return Away(f"list {to.address}, which has no members")
    written = to.compose(message)
    groups = [[member] for member in to.members] if to.verp else [list(to.members)]
    return [Branch(Cause.LIST, _from_list(to, envelope, group), written) for group in groups]


def _from_list(to: MailingList, envelope: Envelope, members: Sequence[Address]) -> Envelope:
    sender = to.bounce_address(members[0]) if to.verp else to.bounce_address()
    international = envelope.smtputf8 or not all(address.is_ascii for address in (sender, *members))
    # The author asked for reports about the list, and hears nothing of its members (RFC 3461 §5.2.7.1).
    return Envelope(
        sender,
        tuple(members),
        eight_bit=envelope.eight_bit,
        binary=envelope.binary,
        smtputf8=international,
        require_tls=envelope.require_tls,
    )


def _came_back(to: MailingList, detail: str, recipient: Address, envelope: Envelope, message: Message) -> Expansion:
    """A bounce is counted; what is none goes to the owner, if there is one."""
    blamed = to.blamed(detail, message) if envelope.sender is None else []
    if blamed:
        return Away(to.count(blamed))
    dsn = message.as_dsn() if envelope.sender is None else None
    if dsn is not None and not any(told.action == "failed" for told in dsn.recipients):
        return Away(f"list {to.address}, to which only failures are news")
    if to.owner is None:
        return Away(f"list {to.address}, which could tell nobody of it")
    return [Branch(Cause.ALIAS, for_others(envelope, recipient, (to.owner,)), message)]

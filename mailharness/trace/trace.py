"""The trace: one letter's story, read anew at each call, as plain values and as claims that explain themselves."""

from collections.abc import Callable
from dataclasses import dataclass

from mailharness.errors import MisuseError
from mailharness.mail import Reply
from mailharness.trace.changes import Change
from mailharness.trace.events import Attempted, Bounced, Delayed, Judged, Reported
from mailharness.trace.expectations import Expectations
from mailharness.trace.hops import Hop
from mailharness.trace.journal import Journal
from mailharness.trace.leaves import ByRecipient
from mailharness.trace.lookups import Lookup
from mailharness.trace.passage import Passage
from mailharness.trace.protection import Crossing, crossings
from mailharness.trace.readers import Read
from mailharness.trace.reading import Reading
from mailharness.trace.showing import Showing
from mailharness.trace.tree import Branch, tree


@dataclass(frozen=True, slots=True)
class Bounce:
    """What the sender was told about ``recipient``: ``action`` is "failed" or "delayed" (RFC 3464 §2.3.3), among all
    reports also "delivered", "relayed", "expanded", "complaint" and "auto-reply"; ``status`` the enhanced code, ``reply``
    what the other host said (None: it said nothing), ``report`` the number of the letter that says so (0: none was owed,
    as for a bounce of a bounce)."""

    recipient: str
    action: str
    status: str
    reply: Reply | None
    report: int


class Trace(Showing, Expectations, Passage):
    """The story of ``letter`` (its number). ``before`` is called ahead of each read; a world settles there.

    Every property re-reads the journal. Raises MisuseError for a letter that the journal has evicted.
    """

    def __init__(self, journal: Journal, letter: int, before: Callable[[], None] | None = None) -> None:
        self.journal = journal
        self.letter = letter
        self._before = before

    def _read(self) -> Reading:
        if self._before is not None:
            self._before()
        self.journal.looked_at.add(self.letter)
        return Reading(self.journal, self.letter)

    @property
    def hops(self) -> tuple[Hop, ...]:
        """Every step in order."""
        return self._read().hops

    @property
    def path(self) -> tuple[str, ...]:
        """The sender, each host that accepted a copy on the way, and the account if the letter arrived.

        Raises MisuseError if the letter has several recipients at its ends; ``paths`` has one path for each.
        """
        paths = self._read().paths
        if len(paths) > 1:
            raise MisuseError(
                f"letter {self.letter} has {len(paths)} ends: ask .paths[recipient] for one of {', '.join(paths)}"
            )
        return next(iter(paths.values()), ())

    @property
    def paths(self) -> ByRecipient[tuple[str, ...]]:
        """The path to each recipient; keys show as declared and are looked up without case."""
        return self._read().paths

    @property
    def status(self) -> ByRecipient[str]:
        """For each recipient "delivered", "queued", "bounced", "refused", "quarantined", "discarded", "relayed" (to a host
        that is not ours) or "in transit"."""
        return self._read().status

    @property
    def where(self) -> ByRecipient[str]:
        """For each recipient ``account/mailbox`` where it arrived, else the host that has the copy, or had it last."""
        return self._read().where

    @property
    def delivered(self) -> bool:
        """Whether it arrived at every recipient."""
        return self._read().delivered

    @property
    def via(self) -> tuple[str, ...]:
        """Every host that accepted a copy, once, in order."""
        return self._read().branches.via

    @property
    def attempts(self) -> tuple[Attempted, ...]:
        """Every attempt of every host to hand a copy on."""
        return tuple(event for event in self._read().events if isinstance(event, Attempted))

    @property
    def dns(self) -> tuple[Lookup, ...]:
        """Every look-up made for the letter, with what the name servers were asked, and whether a cache had it."""
        return self._read().lookups

    @property
    def tls(self) -> tuple[Crossing, ...]:
        """How each host got it, in order: over which version of TLS or in the clear, and whether the certificate of the
        host was checked."""
        reading = self._read()
        return crossings(self.journal, reading.events)

    @property
    def changes(self) -> tuple[Change, ...]:
        """Where a host changed more of it than its own trace fields, with the ``diff``: tags of a gateway, the prefix of a
        list, a conversion to seven bits."""
        return tuple(self._read().changes.values())

    @property
    def readers(self) -> tuple[Read, ...]:
        """Who fetched it, over what, and whether a copy stayed on the server."""
        return self._read().readers

    @property
    def tree(self) -> tuple[Branch, ...]:
        """Its copies as a tree, which prints as one: aliases, lists, forwards and relays branch it. What came back because
        of it are letters of their own: ``reports``."""
        return tree(self._read().branches)

    @property
    def sessions(self) -> tuple[int, ...]:
        """The numbers of the sessions it crossed, in order."""
        return self._read().sessions

    @property
    def faults(self) -> tuple[Judged, ...]:
        """Every verdict of a fault that met it."""
        return tuple(event for event in self._read().events if isinstance(event, Judged))

    @property
    def bounces(self) -> tuple[Bounce, ...]:
        """What the sender was told of failures and delays, in order."""
        return tuple(_bounce(event) for event in self._read().events if isinstance(event, Bounced | Delayed))

    @property
    def reports(self) -> tuple[Bounce, ...]:
        """All that came back to the sender because of this letter, in order: its ``bounces``, the reports of success that
        NOTIFY asked for (RFC 3461 §4.1), complaints and auto-replies."""
        return tuple(_bounce(event) for event in self._read().events if isinstance(event, Bounced | Delayed | Reported))

    @property
    def stop(self) -> str:
        """Why it did not arrive, in one line for people; empty if it did. Several ends are told one after the other."""
        return "; ".join(self._read().stop_lines)

    @property
    def stopped_at(self) -> str:
        """The host at which it stopped; empty if it arrived everywhere."""
        stops = self._read().stops
        return stops[0].host if stops else ""

    def transcripts(self) -> str:
        """The transcripts of all its sessions, without the lines of other letters."""
        return self._read().transcripts

    def __str__(self) -> str:
        """The diagram."""
        return self._read().diagram

    def __repr__(self) -> str:
        return f"<Trace of letter {self.letter}, {len(self.journal.of_letter(self.letter))} events>"


def _bounce(event: Bounced | Delayed | Reported) -> Bounce:
    if isinstance(event, Reported):
        return Bounce(str(event.recipient), event.action, event.status, None, event.report)
    action = "failed" if isinstance(event, Bounced) else "delayed"
    return Bounce(str(event.recipient), action, event.status, event.reply, event.report)

"""Where a letter stopped, and why: one line for people, and the session in which it happened."""

from dataclasses import dataclass

from mailharness.clock import VirtualClock
from mailharness.mail import Reply
from mailharness.trace.blame import blamed
from mailharness.trace.breakdowns import breakdown, tell
from mailharness.trace.copies import concerns
from mailharness.trace.events import (
    Attempted,
    Bounced,
    Commanded,
    DataEnded,
    Discarded,
    Event,
    Greeted,
    Held,
    Judged,
    LookedUp,
    Quarantined,
    Queued,
    Refused,
    Relayed,
    Released,
    Replied,
)
from mailharness.trace.journal import Journal
from mailharness.trace.leaves import Branches, Leaf
from mailharness.trace.lookups import Lookup
from mailharness.trace.wording import duration, reply_line, same_name


@dataclass(frozen=True, slots=True)
class Stop:
    """``host``, where it stopped; ``text``, one line; ``session``, the one in which it stopped (0: in none)."""

    host: str
    text: str
    session: int = 0


def stop_of(journal: Journal, branches: Branches, leaf: Leaf) -> Stop:
    """Why the leaf is not a delivery. Ask it of leaves that are none."""
    if broken := breakdown(branches.events, leaf):
        return Stop(broken.host, tell(broken), broken.session)
    match leaf.outcome:
        case Queued() | Bounced() as outcome:
            stop = _last_failure(journal, branches, leaf, outcome)
            return Stop(stop.host, stop.text + _and_then(journal, outcome, leaf), stop.session)
        case Refused() as refusal:
            return refused(journal, refusal)
        case Quarantined(filter=name, reason=reason):
            return Stop(leaf.host, f"stopped at {leaf.host}: quarantined by {name}" + (f", {reason}" if reason else ""))
        case Discarded(rule=rule):
            return Stop(leaf.host, f"stopped at {leaf.host}: discarded by {rule}")
        case Relayed(to=to, reply=reply, copy_there=there, session=session) if there:
            return Stop(to, f"stopped at {to}: {reply_line(reply)}, yet nothing was accepted there", session)
        case Relayed(to=to, reply=reply):
            return Stop(to, f"passed on to {to}, which is not ours to follow: {reply_line(reply)}")
    return _in_transit(branches, leaf)


def refused(journal: Journal, event: Refused) -> Stop:
    """The stop that a refusal in a session is."""
    by = f" (by {event.by})" if event.by else ""
    text = f"stopped at {event.host}{_phase(journal, event)}: {reply_line(event.reply)}{by}{blamed(journal, event)}"
    return Stop(event.host, text + _cure(event), event.session)


def _phase(journal: Journal, event: Refused) -> str:
    """What was refused, as ``, RCPT``: the last thing said before; empty where the session's lines do not say."""
    told = [one for one in journal.of_session(event.session) if one.serial < event.serial] if event.session else []
    said = [said_in(one) for one in told]
    return next((f", {word}" for word in reversed(said) if word), "")


def _cure(event: Refused) -> str:
    """What the sender has to do, where the refusal asks for it (RFC 4954 §4, RFC 3207 §4)."""
    if event.reply.code != 530:
        return ""
    return "; say STARTTLS, then log in: user.send(tls=True, login=True), or starttls() and login() in a program"


def _last_failure(journal: Journal, branches: Branches, leaf: Leaf, outcome: Queued | Bounced) -> Stop:
    attempt, lookup = branches.last(Attempted, leaf), _failed_lookup(branches, leaf)
    if lookup and (attempt is None or attempt.serial < lookup.serial or not attempt.address):
        return Stop(
            leaf.host,
            f"stopped at {leaf.host}, {lookup.name} {lookup.rrtype}: {Lookup(lookup).outcome}{blamed(journal, lookup)}",
        )
    if attempt and attempt.reply:
        # What an attempt ended with may be another recipient's answer; the outcome has this one's.
        heard = outcome.reply or attempt.reply
        moment = _moment(journal, attempt.session, heard, attempt.serial)
        by = _refuser(journal, attempt.session, heard)
        why = f"{reply_line(heard)}{by}{blamed(journal, attempt)}"
        return Stop(attempt.to, f"stopped at {attempt.to}{moment}: {why}", attempt.session)
    if attempt:
        address = f" ({attempt.address})" if attempt.address else ""
        why = f"{attempt.problem}{blamed(journal, attempt)}"
        return Stop(leaf.host, f"stopped at {leaf.host}: {attempt.to}{address}: {why}", attempt.session)
    why = reply_line(outcome.reply) if outcome.reply else outcome.reason
    return Stop(leaf.host, f"stopped at {leaf.host}: {why}{blamed(journal, outcome)}")


def _refuser(journal: Journal, session: int, reply: Reply) -> str:
    """The rule that refused so in the session, as `` (by greylisting)``; empty where none is known to have."""
    events = journal.of_session(session) if session else ()
    told = [one.by for one in events if isinstance(one, Refused) and one.by and _is_same(one.reply, reply)]
    return f" (by {told[-1]})" if told else ""


def _is_same(meant: Reply, heard: Reply) -> bool:
    """Whether the one is the other as it was heard: a host without enhanced codes leaves them out."""
    return (meant.code, meant.text) == (heard.code, heard.text)


def _failed_lookup(branches: Branches, leaf: Leaf) -> LookedUp | None:
    """The last look-up of the copy, if it failed and was not made for the domain of another recipient."""
    others = {one.domain.lower() for one in leaf.copy.recipients} - {leaf.recipient.domain.lower()}
    lookup = branches.last(LookedUp, leaf)
    failed = lookup is not None and Lookup(lookup).failed and lookup.name.rstrip(".").lower() not in others
    return lookup if failed else None


def _and_then(journal: Journal, outcome: Queued | Bounced, leaf: Leaf) -> str:
    if isinstance(outcome, Bounced):
        told = f"reported as letter {outcome.report}" if outcome.report else "no report is owed"
        return f"; given up with {outcome.status}, {told}"
    by_hand = [event for event in leaf.copy.events if isinstance(event, Held | Released)]
    if isinstance(next((one for one in reversed(by_hand) if concerns(one, leaf.recipient)), None), Held):
        return f"; attempt {outcome.attempts}, held until it is released"
    kind = " (virtual)" if isinstance(journal.clock, VirtualClock) else ""
    wait = duration(outcome.due - journal.clock.now())
    count = f"{outcome.attempts} of {outcome.allowed}" if outcome.allowed else f"attempt {outcome.attempts}"
    return f"; next attempt in {wait}{kind}, {count}"


def _moment(journal: Journal, session: int, reply: Reply, before: int) -> str:
    """What the reply answered, as ``, RCPT``; empty where the session's lines do not say."""
    said = found = same = ""
    for event in journal.of_session(session) if session else ():
        said = said_in(event) or said
        if isinstance(event, Replied) and event.serial < before and event.text[:3] == str(reply.code):
            found = said
            same = said if event.text == str(reply) else same  # DATA may have been refused by the same code, for that
    return f", {same or found}" if found else ""


def said_in(event: Event) -> str:
    """The moment of a session that ``event`` is, if it is one that a reply answers."""
    match event:
        case Greeted():
            return "greeting"
        case Commanded(verb=verb):
            return verb
        case DataEnded():
            return "end of data"
    return ""


def _in_transit(branches: Branches, leaf: Leaf) -> Stop:
    """No outcome yet: if a fault holds it up, the fault is the reason."""
    start = leaf.copy.events[0].serial
    faults = [event for event in branches.events if isinstance(event, Judged) and event.serial > start]
    if faults:
        place = "" if same_name(faults[-1].host, leaf.host) else f", at {faults[-1].host}"
        why = f"in transit{place}, held up by {faults[-1].fault}: {faults[-1].verdict}"
        return Stop(leaf.host, f"stopped at {leaf.host}: {why}", faults[-1].session)
    return Stop(leaf.host, f"stopped at {leaf.host}: in transit")

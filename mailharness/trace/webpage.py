"""The web page of a letter: its picture, its hops as a table, and to open below them transcripts and messages."""

import html
from collections.abc import Iterator

from mailharness.drawing import details, element, legible, page
from mailharness.mail import Message
from mailharness.trace.changes import Change
from mailharness.trace.copies import CopyStory
from mailharness.trace.hops import Hop
from mailharness.trace.protection import Crossing, crossings
from mailharness.trace.reading import Reading
from mailharness.trace.scenes import play
from mailharness.trace.sequence import sequence
from mailharness.trace.wording import duration, names, octets

_TONES = {"delivered": "good", "relayed": "good", "queued": "wait", "quarantined": "wait", "in transit": "wait"}
_HOPS, _SESSIONS, _COPIES, _OCTETS, _LINES = 1_000, 100, 50, 64_000, 2_000
"""How much of a very long story is told: hops, sessions, copies, octets of a message, lines of a transcript."""


def webpage(reading: Reading) -> str:
    """The letter's story as a whole HTML document."""
    return page(reading.title, _body(reading))


def _body(reading: Reading) -> Iterator[str]:
    yield element("h1", text=reading.title)
    yield from (element("p", text=stop, class_="stop bad") for stop in reading.stop_lines)
    yield element("div", sequence(play(reading), reading.diagram, headed=False), class_="picture")
    yield from _recipients(reading)
    yield from _crossings(crossings(reading.journal, reading.events))
    yield from _hops(reading.hops)
    sessions = reading.sessions[:_SESSIONS]
    yield from _section("Transcripts", len(sessions), len(reading.sessions))
    for number in sessions:
        at = reading.journal.of_session(number)[0].host
        yield _transcript(f"session {number}, at {at}", reading.transcript(number))
    yield from _messages(list(reading.branches.copies.values()))


def _section(title: str, told: int, there: int) -> Iterator[str]:
    if told:
        yield element("h2", text=title if told == there else f"{title} (the first {told:,} of {there:,})")


def _recipients(reading: Reading) -> Iterator[str]:
    leaves = list(reading.leaves.values())
    yield from _section("Recipients", len(leaves[:_HOPS]), len(leaves))
    rows = [
        element(
            "tr",
            element("td", text=str(leaf.recipient)),
            element("td", text=leaf.status, class_=_TONES.get(leaf.status, "bad")),
            element("td", text=leaf.where),
        )
        for leaf in leaves[:_HOPS]
    ]
    if rows:
        yield _table(("recipient", "status", "where"), rows)


def _table(heads: tuple[str, ...], rows: list[str]) -> str:
    head = element("tr", *(element("th", text=one, scope="col") for one in heads))
    return element("table", element("thead", head), element("tbody", *rows))


def _crossings(crossed: tuple[Crossing, ...]) -> Iterator[str]:
    yield from _section("Over the wire", len(crossed[:_HOPS]), len(crossed))
    for one in crossed[:_HOPS]:
        yield element("p", text=str(one), class_="good" if one.encrypted else "wait")


def _hops(hops: tuple[Hop, ...]) -> Iterator[str]:
    yield from _section("Step by step", len(hops[:_HOPS]), len(hops))
    if not hops:
        return
    start, real = hops[0].at, hops[0].real
    rows = []
    for hop in hops[:_HOPS]:
        more = details(f"{len(hop.steps)} questions", element("pre", text="\n".join(hop.steps))) if hop.steps else ""
        rows.append(
            element(
                "tr",
                element("td", text=f"+{duration(hop.at - start)}" if hop.at > start else "0", class_="number"),
                element("td", text=f"{max(hop.real - real, 0) * 1000:,.1f}", class_="number"),
                element("td", text=hop.host, class_="name"),
                element("td", text=hop.kind, class_="word"),
                element("td", element("span", text=hop.text), more),
            )
        )
    yield _table(("world's clock", "real ms", "host", "step", ""), rows)


def _transcript(title: str, text: str) -> str:
    lines = text.split("\n")
    told = lines if len(lines) <= _LINES else [*lines[:_LINES], f"=== ({len(lines) - _LINES} lines are left out)"]
    return details(title, element("pre", text="\n".join(told)))


# -- the messages ----


def _messages(stories: list[CopyStory]) -> Iterator[str]:
    by_number = {story.of.copy: story for story in stories}
    taken = [story for story in stories if story.accepted]
    yield from _section("Messages, as each host took them", len(taken[:_COPIES]), len(taken))
    for story in taken[:_COPIES]:
        parent = by_number.get(story.of.parent)
        yield _message(story, parent.accepted.message if parent and parent.accepted else None)


def _message(story: CopyStory, before: Message | None) -> str:
    assert story.accepted is not None
    message = story.accepted.message
    summary = f"{story.host}, copy {story.of.copy} for {names(story.recipients)}: {octets(len(message))}"
    if before is None:
        return details(summary, element("pre", text=_source(message)))
    changed = _changes(Change(story.host, before, message))
    told = element("pre", changed) if changed else element("p", text="octet for octet as before")
    return details(f"{summary}; what changed", told, details("source", element("pre", text=_source(message))))


def _source(message: Message) -> str:
    text = bytes(message)[:_OCTETS].decode("utf-8", "replace").replace("\r\n", "\n")
    left_out = len(message) - _OCTETS
    return text if left_out <= 0 else f"{text}\n({octets(left_out)} more)"


def _changes(change: Change) -> str:
    """The lines that went and came, with some around them, as markup; empty where nothing did."""
    tags = {"+": "ins", "-": "del"}
    told = change.diff.split("\n")[2:]  # behind the names of the two
    return "\n".join(
        element(tags[line[0]], text=line) if line[:1] in tags else html.escape(legible(line), quote=False) for line in told
    )

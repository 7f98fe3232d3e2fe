"""The section ``mail trace`` in the report of a failing test: what became of the letters of its worlds.

It reads the journals and nothing else, so it waits for nothing and can be told of a world that was stopped.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mailharness.trace import Journal, transcript
from mailharness.trace.events import FaultArmed, Judged, Opened
from mailharness.trace.reading import Reading

if TYPE_CHECKING:
    from mailharness import World

LETTERS = 10
"""How many letters of a world are told: first those that did not arrive, of these and of the others the last."""
LINES = 60
"""How many lines of a transcript are told from its start, and as many from its end."""
_READ = 1_000
"""How many of the last letters are looked at."""


def mail_trace(worlds: Iterable["World"], already: str = "") -> str:
    """The section's text: each world in a few words, then its letters, with the session in which one stopped.

    What ``already`` says, the error's own text, is not said again.
    """
    return "\n\n".join(paragraph for world in worlds for paragraph in _world(world, already))


def _world(world: "World", already: str) -> Iterator[str]:
    journal = world.journal
    numbers = journal.letters
    told = chosen(journal, LETTERS)
    yield "\n".join([_heading(world, len(numbers), len(told)), *_faults(journal)])
    for reading in told:
        yield from _letter(reading, already)
    if not numbers:
        yield from _last_session(journal)


def chosen(journal: Journal, most: int) -> list[Reading]:
    """So many letters: first those that did not arrive, of these and of the others the last."""
    readings = [Reading(journal, number) for number in journal.letters[-_READ:]]
    urgent = sorted(readings, key=lambda reading: (not reading.delivered, reading.letter))[-most:]
    return sorted(urgent, key=lambda reading: reading.letter)


def _heading(world: "World", letters: int, told: int) -> str:
    names = [domain.name for domain in world.domains]
    listed = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    count = "1 letter" if letters == 1 else f"{letters or 'no'} letters"
    return f"world of {listed}; seed {world.seed}; {count}" + (f", {told} of them here" if told < letters else "")


def _faults(journal: Journal) -> Iterator[str]:
    """What was armed, each once, and how often it fired."""
    fired = Counter(one.fault for one in journal.of_kind(Judged))
    for name in dict.fromkeys(one.fault for one in journal.of_kind(FaultArmed)):
        often = {0: "never fired", 1: "fired once"}.get(fired[name], f"fired {fired[name]} times")
        yield f"fault {name}: {often}"


def _letter(reading: Reading, already: str) -> Iterator[str]:
    yield reading.diagram if reading.diagram not in already else f"{reading.title} (drawn above)"
    for session in dict.fromkeys(stop.session for stop in reading.stops if stop.session):
        if (told := reading.transcript(session)) not in already:
            yield _bounded(told)


def _last_session(journal: Journal) -> Iterator[str]:
    for opened in journal.of_kind(Opened)[-1:]:
        yield _bounded(transcript(journal, opened.session))


def _bounded(text: str) -> str:
    lines = text.splitlines()
    left_out = len(lines) - 2 * LINES
    if left_out <= 0:
        return text
    return "\n".join([*lines[:LINES], f"=== ({left_out} lines are left out)", *lines[-LINES:]])

"""The section ``mail trace`` in the report of a failing test: what became of the letters of its worlds.

It reads the journals and nothing else, so it waits for nothing and can be told of a world that was stopped.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mailharness.trace import Journal, transcript
from mailharness.trace.broken_off import broken_off
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


def mail_trace(worlds: "Mapping[World, int]", already: str = "") -> str:
    """The section's text: each world in a few words, then its letters, with the session in which one stopped.

    Told are those letters of a world that began after the event with the serial given for it. What ``already`` says, the
    error's own text, is not said again.
    """
    return "\n\n".join(paragraph for world, since in worlds.items() for paragraph in _world(world, since, already))


def readings(world: "World", since: int) -> list[Reading]:
    """The last letters of ``world`` that began after the event with that serial, read."""
    journal = world.journal
    return [Reading(journal, number) for number in begun(journal, since)[-_READ:]]


def stops(world: "World", since: int) -> list[str]:
    """A line for each end of such a letter that is no delivery."""
    return [f"letter {one.letter} {line}" for one in readings(world, since) for line in one.stop_lines]


def _world(world: "World", since: int, already: str) -> Iterator[str]:
    journal = world.journal
    numbers = begun(journal, since)
    looked_through = readings(world, since)
    told = chosen(looked_through, LETTERS)
    before = len(journal.letters) - len(numbers)
    yield "\n".join([_heading(world, len(numbers), len(told), before), *_faults(journal)])
    if surprises := list(_surprises(journal, looked_through)):
        yield "\n".join(["whose trace nobody has looked at, and which did not arrive:", *surprises])
    for reading in told:
        yield from _letter(reading, already)
    if not numbers:
        yield from _last_session(journal, since)
    if plan := world.fault_plan():
        yield f"the faults as a plan (faults.from_toml):\n{plan.rstrip()}"


def begun(journal: Journal, since: int) -> list[int]:
    """The letters that began after the event of that serial."""
    return [
        one for one in journal.letters if not since or any(event.serial > since for event in journal.of_letter(one)[:1])
    ]


def chosen(among: Sequence[Reading], most: int) -> list[Reading]:
    """So many of them: first those that did not arrive, of these and of the others the last."""
    urgent = sorted(among, key=lambda reading: (not reading.delivered, reading.letter))[-most:]
    return sorted(urgent, key=lambda reading: reading.letter)


def _heading(world: "World", letters: int, told: int, before: int) -> str:
    names = [domain.name for domain in world.domains]
    listed = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    count = "1 letter" if letters == 1 else f"{letters or 'no'} letters"
    earlier = f" in this test ({before} before it)" if before else ""
    return f"world of {listed}; seed {world.seed}; {count}{earlier}" + (f", {told} of them here" if told < letters else "")


def _surprises(journal: Journal, among: Iterable[Reading]) -> Iterator[str]:
    """A line for each letter that is lost, bounced or waiting, and that no claim was made of."""
    quiet = [reading for reading in among if reading.letter not in journal.looked_at and not reading.delivered]
    for reading in quiet[-LETTERS:]:
        yield f"  {reading.title}" + "".join(f"; {line}" for line in reading.stop_lines)
    if len(quiet) > LETTERS:
        yield f"  and {len(quiet) - LETTERS} before these"


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


def _last_session(journal: Journal, since: int) -> Iterator[str]:
    for opened in [one for one in journal.of_kind(Opened) if one.serial > since][-1:]:
        stop = broken_off(journal, opened.session)
        where = f"X {stop.text}\n" if stop else ""
        yield where + _bounded(transcript(journal, opened.session))


def _bounded(text: str) -> str:
    lines = text.splitlines()
    left_out = len(lines) - 2 * LINES
    if left_out <= 0:
        return text
    return "\n".join([*lines[:LINES], f"=== ({left_out} lines are left out)", *lines[-LINES:]])

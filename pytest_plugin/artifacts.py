"""Artifacts: what a failing test leaves in a folder, so that it can be looked at and run again elsewhere.

Each test has a folder of its own, whatever process it ran in; with several worlds each has a folder in that. It opens
with ``index.html``.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from mailharness.drawing import details, element, page
from mailharness.trace.events import Accepted
from mailharness.trace.lines import json_lines
from mailharness.trace.reading import Reading
from mailharness.trace.record import record
from mailharness.trace.scenes import play
from mailharness.trace.sequence import sequence
from mailharness.trace.webpage import webpage

from .story import begun, chosen

if TYPE_CHECKING:
    from mailharness import World

LETTERS = 100
"""How many letters of a world have files: first those that did not arrive, of these and of the others the last."""
EVENTS = 200_000
"""How many events of a journal are written."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_NAME = 80


def folder_name(test: str) -> str:
    """A name that any file system takes, and that no other test has."""
    readable = _UNSAFE.sub("-", test).strip("-.")[-_NAME:]
    return f"{readable}-{hashlib.sha256(test.encode('utf-8', 'replace')).hexdigest()[:10]}"


@dataclass(frozen=True)
class Failure:
    """A ``test`` that failed, by its id in pytest: what was ``told`` of it, and the line that runs it ``again``."""

    test: str
    told: str
    again: str

    def leave(self, folder: Path, worlds: "Mapping[World, int]") -> Path:
        """Write what is known, of each world the letters that began after the event with the serial given for it; returns
        the page to begin with."""
        place = folder / folder_name(self.test)
        for number, (world, since) in enumerate(worlds.items(), 1):
            where = place if len(worlds) == 1 else place / f"world-{number}"
            where.mkdir(parents=True, exist_ok=True)
            _write(where / "index.html", page(self.test, self._index(where, world, since)))
        if len(worlds) > 1:
            _write(place / "index.html", page(self.test, self._worlds(len(worlds))))
        return place / "index.html"

    def _worlds(self, count: int) -> Iterator[str]:
        yield element("h1", text=self.test)
        for number in range(1, count + 1):
            yield element("p", _link(f"world-{number}/index.html", f"world {number}"))

    def _index(self, where: Path, world: "World", since: int) -> Iterator[str]:
        """The page, writing all that it leads to."""
        yield element("h1", text=self.test)
        yield details("how it failed", element("pre", text=self.told), is_open=True)
        yield from _letters(where, world, since)
        yield from _world(where, world)
        lines = [self.again, "mailharness up scenario.toml"]
        if plan := world.fault_plan():
            _write(where / "faults.toml", plan)
            lines.append('world.fault(*faults.read_plan("faults.toml"))  # in Python: all that was armed')
        yield element("h2", text="To run it again")
        yield element("pre", text="\n".join(lines))


def _write(path: Path, text: str | bytes) -> None:
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "replace"))


def _link(to: str, text: str) -> str:
    return element("a", text=text, href=to)


def _letters(where: Path, world: "World", since: int) -> Iterator[str]:
    there = begun(world.journal, since)
    told = chosen([Reading(world.journal, number) for number in there[-10 * LETTERS :]], LETTERS)
    yield element("h2", text="Letters" if len(told) == len(there) else f"Letters ({len(told)} of {len(there):,})")
    if not told:
        yield element("p", text="none was handed to a server")
    for reading in told:
        name = f"letter-{reading.letter}"
        links = [_link(f"{name}.html", reading.title), *_letter(where / name, reading)]
        yield element("p", " · ".join(links))
        yield from (element("p", text=stop, class_="stop bad") for stop in reading.stop_lines)


def _letter(path: Path, reading: Reading) -> Iterator[str]:
    _write(path.with_suffix(".html"), webpage(reading))
    forms: dict[str, str | bytes] = {
        "svg": sequence(play(reading), reading.diagram),
        "json": json.dumps(record(reading), indent=2),
    }
    for event in [one for one in reading.events if isinstance(one, Accepted)][:1]:
        forms["eml"] = bytes(event.message)
    for form, written in forms.items():
        _write(path.with_suffix(f".{form}"), written)
        yield _link(f"{path.name}.{form}", form)


def _world(where: Path, world: "World") -> Iterator[str]:
    picture = world.svg()
    _write(where / "world.svg", picture)
    _write(where / "scenario.toml", world.to_toml())
    with (where / "journal.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in islice(json_lines(world.journal.events), EVENTS))
    yield element("h2", text="The world")
    yield element("div", picture, class_="picture")
    yield element("p", _link("scenario.toml", "scenario.toml"), element("span", text=" describes it."))
    yield element("p", _link("journal.jsonl", "journal.jsonl"), element("span", text=" has every event."))

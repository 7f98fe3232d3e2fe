"""Artifacts: what a failing test leaves in a folder, so that it can be looked at and run again elsewhere.

Each test has a folder of its own, whatever process it ran in; with several worlds each has a folder in that. It opens
with ``index.html``.
"""

import hashlib
import re
import shlex
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from mailharness.drawing import details, element, page
from mailharness.trace import Trace
from mailharness.trace.events import Accepted, FaultArmed
from mailharness.trace.lines import json_lines
from mailharness.trace.reading import Reading

from .story import chosen

if TYPE_CHECKING:
    from mailharness import World

LETTERS = 100
"""How many letters of a world have files: first those that did not arrive, of these and of the others the last."""
EVENTS = 200_000
"""How many events of a journal are written."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_NAME = 80


def leave(folder: Path, test: str, failure: str, worlds: list["World"]) -> Path:
    """Write what is known of ``test``; returns the page to begin with."""
    place = folder / folder_name(test)
    for number, world in enumerate(worlds, 1):
        where = place if len(worlds) == 1 else place / f"world-{number}"
        where.mkdir(parents=True, exist_ok=True)
        _write(where / "index.html", page(test, _index(where, test, failure, world)))
    if len(worlds) > 1:
        _write(place / "index.html", page(test, _worlds(test, len(worlds))))
    return place / "index.html"


def folder_name(test: str) -> str:
    """A name that any file system takes, and that no other test has."""
    readable = _UNSAFE.sub("-", test).strip("-.")[-_NAME:]
    return f"{readable}-{hashlib.sha256(test.encode('utf-8', 'replace')).hexdigest()[:10]}"


def _write(path: Path, text: str | bytes) -> None:
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "replace"))


def _worlds(test: str, count: int) -> Iterator[str]:
    yield element("h1", text=test)
    for number in range(1, count + 1):
        yield element("p", _link(f"world-{number}/index.html", f"world {number}"))


def _link(to: str, text: str) -> str:
    return element("a", text=text, href=to)


def _index(where: Path, test: str, failure: str, world: "World") -> Iterator[str]:
    """The page, writing all that it leads to."""
    yield element("h1", text=test)
    yield details("how it failed", element("pre", text=failure), is_open=True)
    yield from _letters(where, world)
    _write(where / "world.svg", world.svg())
    _write(where / "scenario.toml", world.to_toml())
    yield element("h2", text="The world")
    yield element("div", world.svg(), class_="picture")
    yield element(
        "p", _link("scenario.toml", "scenario.toml"), element("span", text=" describes it, "), *_journal(where, world)
    )
    yield from _again(where, test, world)


def _letters(where: Path, world: "World") -> Iterator[str]:
    journal = world.journal
    told = chosen(journal, LETTERS)
    there = len(journal.letters)
    yield element("h2", text="Letters" if len(told) == there else f"Letters ({len(told)} of {there:,})")
    if not told:
        yield element("p", text="none was handed to a server")
    for reading in told:
        name = f"letter-{reading.letter}"
        links = [_link(f"{name}.html", reading.title), *_letter(where / name, reading)]
        yield element("p", " · ".join(links))
        yield from (element("p", text=stop, class_="stop bad") for stop in reading.stop_lines)


def _letter(path: Path, reading: Reading) -> Iterator[str]:
    trace = Trace(reading.journal, reading.letter)
    for suffix, text in ((".html", trace.html()), (".svg", trace.svg()), (".json", trace.to_json())):
        _write(path.with_suffix(suffix), text)
        if suffix != ".html":
            yield _link(path.name + suffix, suffix[1:])
    accepted = [event for event in reading.events if isinstance(event, Accepted)]
    for event in accepted[:1]:
        _write(path.with_suffix(".eml"), bytes(event.message))
        yield _link(f"{path.name}.eml", "eml")


def _journal(where: Path, world: "World") -> Iterator[str]:
    with (where / "journal.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in islice(json_lines(world.journal.events), EVENTS))
    yield _link("journal.jsonl", "journal.jsonl")
    yield element("span", text=" has every event.")


def _again(where: Path, test: str, world: "World") -> Iterator[str]:
    """How to run it again: the test, the world alone, and what broke it."""
    lines = [f"pytest {shlex.quote(test)} --mailharness-seed={world.seed}", "mailharness up scenario.toml"]
    plans = [event.plan for event in world.journal.of_kind(FaultArmed)]
    if any(plans):
        written = "\n".join(dict.fromkeys(filter(None, plans)))
        own = plans.count("")
        head = f"# left out, since they have judges of their own: {own} faults\n\n" if own else ""
        _write(where / "faults.toml", head + written)
        lines.append('world.fault(*faults.read_plan("faults.toml"))  # in Python: what was armed')
    yield element("h2", text="To run it again")
    yield element("pre", text="\n".join(lines))

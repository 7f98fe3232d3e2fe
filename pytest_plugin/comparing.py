"""What is said of a comparison of our own values that failed: where they differ, and first of all why.

Nothing is said of the values of others. ``worlds`` are those that the test has to do with.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from mailharness.mail import Message, Reply
from mailharness.trace.events import Accepted
from mailharness.trace.leaves import ByRecipient
from mailharness.trace.reading import Reading
from mailharness.trace.values import Path, Subjects
from mailharness.world.inbox import Inbox
from mailharness.world.letter import Letter

from .story import readings

if TYPE_CHECKING:
    from mailharness import World

Worlds = Mapping["World", int]
"""Each with the serial of the last event before the test."""
_NOTHING = object()


def explain(left: Any, right: Any, worlds: Worlds) -> list[str] | None:
    """The explanation of ``left == right``, its first line in place of the whole; None where neither is of ours."""
    for kind, tell in _TELLERS.items():
        if isinstance(left, kind) or isinstance(right, kind):
            ours, other = (left, right) if isinstance(left, kind) else (right, left)
            reason, *lines = tell(ours, other, worlds)
            return [f"{left!r} == {right!r}{f': {reason}' if reason else ''}", *lines]
    return None


# -- why ----


def _stops(worlds: Worlds, owner: str = "", subjects: Counter[str] | None = None) -> Iterator[str]:
    """Where the letters of the test stopped: those of that subject for ``owner`` if there are any, else all."""
    stopped = [reading for reading in _letters(worlds) if not reading.delivered]
    fitting = [one for one in stopped if owner and _is_for(one, owner) and (not subjects or _subject(one) in subjects)]
    for reading in fitting or stopped:
        yield from (f"letter {reading.letter} {line}" for line in reading.stop_lines)


def _letters(worlds: Worlds) -> Iterator[Reading]:
    for world, since in worlds.items():
        yield from readings(world, since)


def _is_for(reading: Reading, owner: str) -> bool:
    return owner in reading.leaves


def _subject(reading: Reading) -> str:
    return next((event.message.subject for event in reading.events if isinstance(event, Accepted)), "")


# -- of each kind ----


def _subjects(ours: Subjects, other: Any, worlds: Worlds) -> Iterator[str]:
    wanted = list(other) if isinstance(other, list | tuple) else []
    missing, more = Counter(wanted) - Counter(ours), Counter(ours) - Counter(wanted)
    reasons = list(_stops(worlds, ours.owner, missing)) if missing else []
    sent = [_subject(reading) for reading in _letters(worlds)]
    if missing and not reasons:
        reasons = [f"no letter of the subject {name!r} was sent" for name in missing if name not in sent]
    yield "; ".join(reasons[:1])
    yield f"what lies with {ours.owner}:"
    yield from (f"  missing: {name!r}" for name in missing.elements())
    yield from (f"  not expected: {name!r}" for name in more.elements())
    if not missing and not more:
        yield "  the same, in another order" if wanted else f"  a list; compared with {type(other).__name__}"
    yield from reasons[1:]


def _path(ours: Path, other: Any, worlds: Worlds) -> Iterator[str]:
    reasons = list(_stops(worlds))
    yield "; ".join(reasons[:1])
    wanted = other if isinstance(other, list | tuple) else ()
    if isinstance(other, list):
        yield "a path is a tuple: write (...) for [...]"
    for step, (here, there) in enumerate(zip_longest(ours, wanted, fillvalue=_NOTHING), 1):
        if here != there:
            yield f"step {step} is {_shown(here)}, not {_shown(there)}"
    yield from reasons[1:]


def _shown(step: object) -> str:
    return "nothing" if step is _NOTHING else repr(step)


def _by_recipient(ours: ByRecipient[Any], other: Any, worlds: Worlds) -> Iterator[str]:
    reasons = list(_stops(worlds))
    yield "; ".join(reasons[:1])
    wanted = other if isinstance(other, Mapping) else {}
    for name in dict.fromkeys([*ours, *wanted]):
        here, there = dict(ours).get(name, _NOTHING), dict(wanted).get(name, _NOTHING)
        if here != there:
            yield f"{name}: {_shown(here)}, not {_shown(there)}"
    yield from reasons[1:]


def _message(ours: Message, other: Any, worlds: Worlds) -> Iterator[str]:  # noqa: ARG001
    yield "" if isinstance(other, Message) else "a message is compared with a message: write .subject, .text or bytes(...)"
    if isinstance(other, Message):
        for name, here, there in zip(("header", "body"), _halves(ours), _halves(other), strict=True):
            lines = zip_longest(here.splitlines(), there.splitlines(), fillvalue=b"")
            yield from (f"{name}: {one!r}, not {two!r}" for one, two in lines if one != two)


def _halves(message: Message) -> tuple[bytes, bytes]:
    header = message.header_bytes
    return header, bytes(message)[len(header) :]


def _reply(ours: Reply, other: Any, worlds: Worlds) -> Iterator[str]:  # noqa: ARG001
    if isinstance(other, Reply):
        yield ""
        for name in ("code", "status", "text"):
            if getattr(ours, name) != getattr(other, name):
                yield f"{name}: {getattr(ours, name)!r}, not {getattr(other, name)!r}"
    else:
        yield "a reply is compared with a reply: write .code, .status, .text or str(...)"


def _letter(ours: Letter, other: Any, worlds: Worlds) -> Iterator[str]:  # noqa: ARG001
    yield "each look at a letter gives another handle: compare .number" if isinstance(other, Letter) else ""


def _inbox(ours: Inbox, other: Any, worlds: Worlds) -> Iterator[str]:  # noqa: ARG001
    yield "an inbox holds messages and equals itself alone: compare .subjects, or list(...)"


_TELLERS: Mapping[type, Callable[[Any, Any, Worlds], Iterator[str]]] = {
    Subjects: _subjects,
    Path: _path,
    ByRecipient: _by_recipient,
    Message: _message,
    Reply: _reply,
    Letter: _letter,
    Inbox: _inbox,
}

"""Waiting for letters that an application sends: as a block that must bring one, or until one comes."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from mailharness.errors import ExpectationError
from mailharness.mail import Cause
from mailharness.trace import Journal, Trace
from mailharness.trace.claims import To
from mailharness.trace.events import Accepted, Event, Refused
from mailharness.world.checks import Rule, check, is_number
from mailharness.world.letter import Description, ExpectedLetter, Wanted, describe, submissions

_PATIENCE = {
    "timeout": Rule(lambda seconds: is_number(seconds) and seconds >= 0, "write real seconds from 0 on, as in timeout=5")
}


@contextlib.contextmanager
def expecting(
    journal: Journal,
    letter: ExpectedLetter,
    to: To,
    sender: To,
    subject: Wanted,
    settle: Callable[[], None],
) -> Iterator[None]:
    """Run the block; then exactly one letter submitted in it must fit, and is the ``letter``'s number."""
    wanted = Description.of(to, sender, subject)
    settle()
    before = {event.letter for event in submissions(journal)}
    start = len(journal.events)
    yield
    settle()
    new = [event for event in submissions(journal) if event.letter not in before]
    fitting = [event for event in new if wanted.fits(event)]
    if len(fitting) != 1:
        raise ExpectationError(_story(journal, wanted, new, fitting, start))
    letter.found(fitting[0].letter)


def _story(journal: Journal, wanted: Description, new: list[Accepted], fitting: list[Accepted], start: int) -> str:
    refused = [event for event in journal.events[start:] if isinstance(event, Refused)]
    lines = [
        f"expected exactly one letter ({wanted}); {len(fitting)} of {len(new)} new letters fit:",
        describe(new, wanted),
    ]
    lines += [f"  refused at {event.host}: {event.recipient or 'the whole letter'}: {event.reply}" for event in refused]
    told = dict.fromkeys(event.letter for event in [*new, *refused] if event.letter)
    lines += [f"\n{Trace(journal, letter)}" for letter in list(told)[:3]]
    return "\n".join(lines)


def check_patience(timeout: float) -> None:
    """Raise MisuseError for what are no seconds to wait for."""
    check("wait_for", _PATIENCE, timeout=timeout)


async def waiting(
    journal: Journal,
    to: To,
    sender: To,
    subject: Wanted,
    given: set[int],
    timeout: float,
) -> int:
    """The number of the first letter that fits and is not among ``given``; it is added there."""
    wanted = Description.of(to, sender, subject)
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def look(event: Event) -> None:
        if future.done() or not isinstance(event, Accepted) or event.cause is not Cause.SUBMISSION:
            return
        if event.letter not in given and wanted.fits(event):
            future.set_result(event.letter)

    for event in submissions(journal):
        look(event)
    unwatch = journal.watch(look)
    try:
        number = await asyncio.wait_for(future, timeout)
    except TimeoutError:
        came = describe(submissions(journal), wanted)
        raise ExpectationError(
            f"no letter ({wanted}) came within {timeout:g} s; what came, the nearest first:\n{came}"
        ) from None
    finally:
        unwatch()
    given.add(number)
    return number

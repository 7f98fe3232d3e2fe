"""Days of virtual time."""

from collections.abc import Iterator

from mailharness import World, faults
from mailharness.trace.events import Attempted
from tests.benchmarks.measuring import MS, repeated, seconds
from tests.benchmarks.table import Line


def five_days() -> Iterator[Line]:
    """A host that refuses every connection, until the queue gives up and the sender has the report."""
    attempts = 0

    def once() -> float:
        nonlocal attempts
        with World() as world:
            alice, bob = world.users

            def wait_in_vain() -> None:
                alice.send(to=bob, subject="Hello")
                world.clock.advance(days=6)

            with world.fault(faults.refuse("mail.exampleB.tst")):
                taken = seconds(wait_in_vain)
            assert alice.inbox.subjects[-1] == "Undelivered Mail Returned to Sender"
            attempts = len(world.journal.of_kind(Attempted))
        return taken

    figure = repeated(once, 15, "ms", scale=MS, warm_up=2)
    yield Line("five virtual days of retries, then a bounce", figure, 60, note=f"{attempts} attempts")

"""One host asks more than the kernel has room for: the questions stand in line, and none is lost."""

from mailharness import Domain, World
from mailharness.faults import PASS, Drop, Fault, Verdict
from mailharness.net.questions import AT_ONCE
from mailharness.trace.events import Event, Queried

MANY = 3 * AT_ONCE


def domains() -> list[Domain]:
    return [Domain("a.test", users=["alice"]), *(Domain(f"d{n}.test", users=["bob"]) for n in range(MANY))]


def test_a_letter_to_hundreds_of_domains_finds_them_all() -> None:
    with World(*domains()) as world:
        letter = world.user("alice@a.test").send(to=[f"bob@d{n}.test" for n in range(MANY)])
        letter.trace.assert_delivered(attempts=1)
        world.assert_conserved()


def test_servers_that_are_silent_do_not_keep_the_others_waiting() -> None:
    def silent(event: Event) -> Verdict:
        lost = isinstance(event, Queried) and event.zone in {f"d{n}.test" for n in range(AT_ONCE + 10)}
        return Drop() if lost else PASS

    with World(*domains()) as world:
        with world.fault(Fault("silence", silent)):
            letter = world.user("alice@a.test").send(to=[f"bob@d{n}.test" for n in range(MANY)])
            delivered = [who for who, status in letter.trace.status.items() if status == "delivered"]
            assert len(delivered) == MANY - AT_ONCE - 10
            world.assert_conserved()
        world.clock.advance(hours=1)
        letter.trace.assert_delivered()

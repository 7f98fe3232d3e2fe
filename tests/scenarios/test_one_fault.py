"""Two hundred worlds, each with one fault drawn by a seed: where the letter did not arrive, the first line says why.

``ONE_FAULT=5000`` plays so many.
"""

import os
import random

import pytest

from mailharness import faults
from mailharness.faults import Fault
from mailharness.faults.spec import REGISTRY
from tests.scenarios.one_fault import WAYS, draw, happen
from tests.scenarios.stage import playing

WORLDS = int(os.environ.get("ONE_FAULT", "200"))
BLOCKS = 8


@pytest.mark.parametrize("block", range(BLOCKS))
def test_the_first_line_names_the_one_fault(block: int) -> None:
    mishaps = [happen(seed) for seed in range(block, WORLDS, BLOCKS)]
    assert [line for one in mishaps for line in one.unnamed] == []
    assert all(one.fired for one in mishaps if one.told)
    assert sum(bool(one.told) for one in mishaps) > len(mishaps) // 6, "a proof of too few letters"


def test_every_fault_and_every_way_is_drawn() -> None:
    drawn = [draw(random.Random(seed)) for seed in range(5000)]
    assert {fault.spec.function for _, fault in drawn if fault.spec} == set(REGISTRY)
    assert {way for way, _ in drawn} == set(WAYS)


MX, MTA = "mail.globex.test", "mail.acme.test"
INNOCENT = (
    faults.network.latency(MTA, MX, 1),
    faults.smtp.delay(MX, "RCPT", 1),
    faults.smtp.delay(MTA, "RCPT", 1, end="client"),
    faults.smtp.slow_reply(MX, "RCPT", 1),
    faults.smtp.drip(MX, "RCPT", 10),
    faults.smtp.multi_line(MX, "RCPT"),
    faults.smtp.multi_line(MX, "EHLO"),
    faults.smtp.hide(MX, "PIPELINING"),
    faults.smtp.hide(MX, "STARTTLS"),
    faults.smtp.say_helo(MTA),
    faults.tls.certificate(MX, "expired"),
    faults.tls.fail_handshake(MX),
    faults.dns.delay("globex.test", 1),
    faults.dns.truncate("globex.test"),
)


@pytest.mark.parametrize("fault", INNOCENT, ids=str)
def test_a_fault_is_not_to_blame_for_what_a_host_says_of_itself(fault: Fault) -> None:
    with playing() as world:
        with world.fault(fault):
            letter = world.user("alice@acme.test").send(to="nobody@globex.test")
            world.clock.advance(hours=1)
        letter.trace.assert_bounced("5.1.1")
        assert "5.1.1 No such user here" in letter.trace.stop
        assert "fault" not in letter.trace.stop

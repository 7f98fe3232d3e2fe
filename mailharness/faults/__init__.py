"""Faults: judges at the switchboard, one small file a family, each scoped by ``with world.fault(...)``.

    with world.fault(faults.refuse("mx1.globex.test")):
        ...
    with world.fault(faults.dns.servfail("globex.test", type="MX")):
        ...

A fault that never fired raises when its scope ends, unless it is ``optional=True``: a test that tests nothing is a bug.
"""

from mailharness.faults import dns
from mailharness.faults.fault import PASS, Answer, Armed, Cut, Delay, Drop, Fault, Forged, Pass, Verdict
from mailharness.faults.network import refuse
from mailharness.faults.smtp import reply
from mailharness.faults.switchboard import Switchboard

__all__ = [
    "PASS",
    "Answer",
    "Armed",
    "Cut",
    "Delay",
    "Drop",
    "Fault",
    "Forged",
    "Pass",
    "Switchboard",
    "Verdict",
    "dns",
    "refuse",
    "reply",
]

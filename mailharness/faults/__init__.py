"""Faults: judges at the switchboard, one small file a family, each scoped by ``with world.fault(...)``.

    with world.fault(faults.refuse("mx1.globex.test")):
        ...
    with world.fault(faults.dns.servfail("globex.test", type="MX")):
        ...
    with world.fault(*faults.read_plan("plan.toml")):
        ...

The families are ``faults.smtp``, ``imap``, ``pop3``, ``network``, ``tls``, ``storage`` and ``dns``;
``refuse`` and ``reply`` are here too.
A fault that never fired raises when its scope ends, unless it is ``optional=True``: a test that tests nothing is a bug.
"""

from mailharness.faults import dns, imap, network, pop3, smtp, storage, tls
from mailharness.faults.fault import Armed, Fault
from mailharness.faults.network import refuse
from mailharness.faults.plan import from_toml, read_plan, to_toml
from mailharness.faults.smtp import reply
from mailharness.faults.switchboard import Switchboard
from mailharness.faults.verdict import (
    PASS,
    After,
    Alter,
    Answer,
    Cut,
    Delay,
    Drop,
    Edit,
    Forged,
    Hide,
    Midway,
    Pace,
    Pass,
    Renumber,
    Shorten,
    Show,
    Verdict,
)

__all__ = [
    "PASS",
    "After",
    "Alter",
    "Answer",
    "Armed",
    "Cut",
    "Delay",
    "Drop",
    "Edit",
    "Fault",
    "Forged",
    "Hide",
    "Midway",
    "Pace",
    "Pass",
    "Renumber",
    "Shorten",
    "Show",
    "Switchboard",
    "Verdict",
    "dns",
    "from_toml",
    "imap",
    "network",
    "pop3",
    "read_plan",
    "refuse",
    "reply",
    "smtp",
    "storage",
    "tls",
    "to_toml",
]

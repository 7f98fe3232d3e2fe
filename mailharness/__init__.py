"""A whole fake mail Internet on one machine, for tests.

    from mailharness import Domain, Gateway, World, faults

A ``World`` of ``Domain``s has authoritative name servers from the root down, a caching resolver, and for every domain
real SMTP, POP3 and IMAP servers over real mailboxes; ``letter.trace`` tells what became of a letter and why.
"""

import difflib
import importlib
import typing

from mailharness.errors import (
    ConservationError,
    EgressError,
    ExpectationError,
    MailharnessError,
    MisuseError,
    UnsettledError,
    UnusedFaultError,
    WorldStoppedError,
)

if typing.TYPE_CHECKING:
    from mailharness import faults
    from mailharness.agents import behaviours, filters
    from mailharness.agents.routing import SmartHost
    from mailharness.mail import Address, Message, Reply
    from mailharness.mailbox import rules
    from mailharness.queue import Schedule, SendingLimits
    from mailharness.world import (
        Account,
        Domain,
        Endpoint,
        Forward,
        Gateway,
        Host,
        Letter,
        MailingList,
        User,
        World,
        read_toml,
    )

__version__ = "0.1.0"

_LAZY = {
    "Account": "mailharness.world",
    "Address": "mailharness.mail",
    "Domain": "mailharness.world",
    "Endpoint": "mailharness.world",
    "Forward": "mailharness.world",
    "Gateway": "mailharness.world",
    "Host": "mailharness.world",
    "Letter": "mailharness.world",
    "MailingList": "mailharness.world",
    "Message": "mailharness.mail",
    "Reply": "mailharness.mail",
    "Schedule": "mailharness.queue",
    "SendingLimits": "mailharness.queue",
    "SmartHost": "mailharness.agents.routing",
    "User": "mailharness.world",
    "World": "mailharness.world",
    "read_toml": "mailharness.world",
}
_LAZY_MODULES = {
    "behaviours": "mailharness.agents.behaviours",
    "faults": "mailharness.faults",
    "filters": "mailharness.agents.filters",
    "rules": "mailharness.mailbox.rules",
}

__all__ = [
    "Account",
    "Address",
    "ConservationError",
    "Domain",
    "EgressError",
    "Endpoint",
    "ExpectationError",
    "Forward",
    "Gateway",
    "Host",
    "Letter",
    "MailharnessError",
    "MailingList",
    "Message",
    "MisuseError",
    "Reply",
    "Schedule",
    "SendingLimits",
    "SmartHost",
    "UnsettledError",
    "UnusedFaultError",
    "User",
    "World",
    "WorldStoppedError",
    "behaviours",
    "faults",
    "filters",
    "read_toml",
    "rules",
]


if not typing.TYPE_CHECKING:  # a checker must see a wrong name, and this makes an answer to every name

    def __getattr__(name: str) -> typing.Any:
        # Importing the package must cost nothing to a test run that does not use it.
        if name in _LAZY_MODULES:
            return importlib.import_module(_LAZY_MODULES[name])
        if name in _LAZY:
            return getattr(importlib.import_module(_LAZY[name]), name)
        near = difflib.get_close_matches(name, __all__, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]

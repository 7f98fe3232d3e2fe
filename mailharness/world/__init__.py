"""Worlds: a blueprint says what there is, a world runs it, and users write and read letters in it.

    Domain(...) --World(...)--> Internet: atlas (who is where), names (DNS), sites (mail), doors (who answers)

The blueprint is frozen and knows nothing that runs. ``World`` is the face; ``Internet`` is the machinery on the loop's
thread; a ``Site`` is one domain of it. A ``User`` writes and reads with real client programs, in the caller's thread.
"""

from mailharness.world.blueprint import Account, Domain, Forward, Gateway, Host, MailingList, read_toml
from mailharness.world.inbox import Inbox
from mailharness.world.letter import Letter
from mailharness.world.mua import Mua
from mailharness.world.running_host import Endpoint, RunningHost
from mailharness.world.site import Site
from mailharness.world.user import User
from mailharness.world.world import World

__all__ = [
    "Account",
    "Domain",
    "Endpoint",
    "Forward",
    "Gateway",
    "Host",
    "Inbox",
    "Letter",
    "MailingList",
    "Mua",
    "RunningHost",
    "Site",
    "User",
    "World",
    "read_toml",
]

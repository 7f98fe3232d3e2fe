"""The blueprint: a frozen description of domains, their hosts, users and gateways, from Python or from TOML.

    Domain("globex.test", users=["bob"], mx=["mx1", "mx2"], gateway=Gateway(max_size=1_000_000))

Everything that can be wrong in it is refused here, at the call, with what is known and the nearest match.
"""

from mailharness.world.blueprint.account import Account
from mailharness.world.blueprint.domain import DEFAULT_RETRY, Domain
from mailharness.world.blueprint.domains import DEFAULT_DOMAINS, check_domains
from mailharness.world.blueprint.forward import Forward
from mailharness.world.blueprint.gateway import Gateway
from mailharness.world.blueprint.host import Host
from mailharness.world.blueprint.mailing_list import MailingList
from mailharness.world.blueprint.options import check_options
from mailharness.world.blueprint.toml import read_toml
from mailharness.world.blueprint.toml_writing import to_toml

__all__ = [
    "DEFAULT_DOMAINS",
    "DEFAULT_RETRY",
    "Account",
    "Domain",
    "Forward",
    "Gateway",
    "Host",
    "MailingList",
    "check_domains",
    "check_options",
    "read_toml",
    "to_toml",
]

"""Breaking a world: what a fault names must be there, and what hosts have declared to break by themselves is armed."""

from collections.abc import Iterable

from mailharness.faults import Fault
from mailharness.faults.coded import coded_addresses
from mailharness.faults.fault import check_hosts, check_people
from mailharness.mail import Address
from mailharness.mail.address import ascii_form
from mailharness.world.blueprint import Domain
from mailharness.world.internet import Internet


def check_faults(faults: Iterable[Fault], internet: Internet, domains: Iterable[Domain]) -> None:
    """Raise MisuseError for a fault that names a host, name server, client or user who is not there."""
    hosts = [host.name for host in internet.atlas.hosts.values()]
    users = [f"{user.name}@{domain.name}" for domain in domains for user in domain.users]

    def is_strange(address: str) -> bool:
        who = Address.parse(address)
        site = internet.sites.get(ascii_form(who.domain).lower())
        return site is not None and site.store.find(who) is None

    for fault in faults:
        check_hosts(fault, hosts, internet.names.zones)
        check_people(fault, hosts, users, is_strange)


def arm_declared(internet: Internet) -> None:
    """Arm what hosts declare: the addresses that say what shall become of a letter."""
    for site in internet.sites.values():
        for host in site.hosts.values():
            if site.domain.describe(host.name).coded_addresses:
                internet.switchboard.arm(coded_addresses(host.name))

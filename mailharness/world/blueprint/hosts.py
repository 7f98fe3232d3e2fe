"""The machines that a domain names for its roles, some of them described."""

from collections.abc import Iterable, Iterator

from mailharness.errors import MisuseError
from mailharness.mail.address import ascii_form, is_domain
from mailharness.world.blueprint.host import Host
from mailharness.world.checks import check, listed

_HOSTS = listed(str, Host, cure="a list of host names, as in mx=['mx1', 'mx2'], or of Host('mx1', ...)")
_BACKUPS = listed(str, cure="a list of full names of hosts, as in backup_mx=['mail.other.test']")


class Described:
    """Collects the hosts of ``domain``, role by role: ``hosts`` are those described, by full name in lower case."""

    def __init__(self, domain: str) -> None:
        self.domain = domain
        self.hosts: dict[str, Host] = {}

    def names(self, role: str, given: Iterable[str | Host]) -> tuple[str, ...]:
        """The full names of the hosts for ``role``. Raises MisuseError for what cannot be a host."""
        if isinstance(given, str | Host):
            raise MisuseError(f"Domain({self.domain!r}, {role}={given!r}): write a list, as in {role}=[{given!r}]")
        given = tuple(given) if isinstance(given, Iterator) else given
        if given == ():
            return ()
        check("Domain", {role: _HOSTS}, **{role: given})
        full = tuple(self._full(role, one) for one in given)
        if len({name.lower() for name in full}) < len(full):
            raise MisuseError(f"Domain({self.domain!r}, {role}=...): a host is named twice: {', '.join(full)}")
        return full

    def _full(self, role: str, host: str | Host) -> str:
        name = host.name if isinstance(host, Host) else host
        own = ascii_form(self.domain)  # a host says its name in EHLO and Received, which are ASCII (RFC 6531 §3.7.1)
        plain = ascii_form(name)
        full = plain if plain.lower().endswith("." + own.lower()) else f"{plain}.{own}"
        if not is_domain(full):
            raise MisuseError(f"Domain({self.domain!r}, {role}=...): {full!r} is not a host name")
        if isinstance(host, Host) and self.hosts.setdefault(full.lower(), host) != host:
            raise MisuseError(f"Domain({self.domain!r}, {role}=...): {full!r} is described twice, and not alike; keep one")
        return full


def full_names(domain: str, given: Iterable[str]) -> tuple[str, ...]:
    """The backup hosts of ``domain``, which are another's. Raises MisuseError for what is no full name of a host."""
    if isinstance(given, str):
        raise MisuseError(f"Domain({domain!r}, backup_mx={given!r}): write a list, as in backup_mx=[{given!r}]")
    check(f"Domain({domain!r}", {"backup_mx": _BACKUPS}, backup_mx=given)
    for name in given:
        if not is_domain(name) or "." not in name:
            raise MisuseError(
                f"Domain({domain!r}, backup_mx=[{name!r}]): write a host's full name, as in 'mail.other.test'"
            )
    return tuple(dict.fromkeys(map(ascii_form, given)))

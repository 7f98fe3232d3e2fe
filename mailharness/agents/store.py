"""The store of one site: what each address here stands for, and who has a mailbox, by address or by login name."""

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

from mailharness.agents.directory import Directory
from mailharness.agents.meaning import AtHome, Forwarded, Meaning
from mailharness.mail import Address
from mailharness.mail.address import ascii_form
from mailharness.mailbox import Account

POSTMASTER = "postmaster"
Backups: TypeAlias = "dict[str, dict[str, Store | None]]"
"""For each host (in lower case) the domains (in ASCII, lower case) whose mail it takes in their place (RFC 5321 §5.1), each
with its store where the host knows who is who there."""


def is_postmaster(address: Address) -> bool:
    """Whether its local part is the one that every domain has (RFC 5321 §4.5.1)."""
    return address.unquoted_local.lower() == POSTMASTER


class Store:
    """The accounts of one domain. Names are compared without case and quotes; ``bob+lists`` is bob's (RFC 5233 §4).

    There is always a postmaster (RFC 5321 §4.5.1): where none is declared, one with a mailbox and the password "secret".
    """

    def __init__(self, domain: str, accounts: Iterable[Account] = (), *, kind: type[Account] = Account) -> None:
        self.domain = domain
        self.kind = kind
        """What accounts are made here."""
        self._key = ascii_form(domain).lower()
        self._homes: dict[str, AtHome | Forwarded] = {}
        self._undeclared: dict[str, AtHome] = {}
        self._catch_all: AtHome | Forwarded | None = None
        self.directory: Directory | None = None
        """What stands for others; None where nothing does but, perhaps, forwarded accounts."""
        self.expands = False
        """Whether an address can stand for another at all."""
        self.backups: Backups = {}
        for account in accounts:
            self.add(account)

    def add(self, account: Account) -> None:
        self._homes[account.address.unquoted_local.lower()] = AtHome(account)

    # -- what stands for others ----

    def forward(self, account: Account, to: tuple[Address, ...], *, keep: bool, rewrite: Literal["", "own", "srs"]) -> None:
        """Let mail for ``account`` go on to others from now on."""
        self._homes[account.address.unquoted_local.lower()] = Forwarded(account, to, keep, rewrite)
        self.expands = True

    def list_names(self, directory: Directory, catch_all: str | None) -> None:
        """Let ``directory`` say what names stand for; mail for those that nobody has is the user ``catch_all``'s."""
        self.directory, self.expands = directory, True
        self._catch_all = self._homes[catch_all] if catch_all is not None else None

    # -- looking up ----

    def holds(self, address: Address) -> bool:
        """Whether ``address`` is in this domain, whoever it is."""
        return address.domain_key == self._key

    def backs_up(self, host: str, address: Address) -> bool:
        """Whether ``host`` takes mail for ``address``, which is elsewhere, while those preferred to it are away."""
        backed_up = self.backups.get(host.lower()) if self.backups else None
        return backed_up is not None and address.domain_key in backed_up

    def is_unknown_to_backup(self, host: str, address: Address) -> bool:
        """Whether ``host``, which backs up the domain of ``address``, knows that it is nobody's there."""
        there = self.backups[host.lower()][address.domain_key]
        return there is not None and there.meaning(address) is None

    def meaning(self, address: Address) -> Meaning | None:
        """What ``address`` stands for here; None for nobody, and outside this domain.

        An exact name goes before one with a ``+detail``, a user before an alias, an alias before a list, and whoever
        has the rest comes last.
        """
        return (self._exact(address) or self._catch_all) if self.holds(address) else None

    def _exact(self, address: Address) -> Meaning | None:
        local = address.unquoted_local
        found = self._named(local.lower()) or (self.directory.exactly(local) if self.directory else None)
        if found is not None:
            return found
        plain, plus, detail = local.partition("+")
        if not plus:
            return None
        return self._homes.get(plain.lower()) or (self.directory.with_detail(plain, detail) if self.directory else None)

    def _named(self, local: str) -> AtHome | Forwarded | None:
        home = self._homes.get(local)
        if home is None and local == POSTMASTER and not (self.directory and self.directory.exactly(local)):
            return self._undeclared_postmaster()
        return home

    def find(self, address: Address) -> Account | None:
        """The account whose mailbox mail for ``address`` comes into: its own, or that of whoever has the rest."""
        meaning = self.meaning(address)
        return meaning.account if isinstance(meaning, AtHome | Forwarded) else None

    def owner(self, address: Address) -> Account | None:
        """The account that ``address`` is a name of."""
        meaning = self._exact(address) if self.holds(address) else None
        return meaning.account if isinstance(meaning, AtHome | Forwarded) else None

    def _undeclared_postmaster(self) -> AtHome:
        """Made when it is first asked for, by whatever thread."""
        home = self._undeclared.get(POSTMASTER)
        made = home or AtHome(self.kind(Address(POSTMASTER, self.domain), "secret"))
        return home or self._undeclared.setdefault(POSTMASTER, made)

    def named(self, login: str) -> Account | None:
        """The account for a login name: the whole address, or its local part alone."""
        local, at, domain = login.rpartition("@")
        if not at or login.endswith('"'):  # an "@" within quotes parts nothing
            local, domain = login, self.domain
        address = Address(local, domain)
        home = self._named(address.unquoted_local.lower()) if self.holds(address) else None
        return home.account if home is not None else None

    def login(self, name: str, password: str) -> Account | None:
        """The account if the name is known and the password is its own."""
        account = self.named(name)
        return account if account is not None and account.check_password(password) else None

    def __iter__(self) -> Iterator[Account]:
        return (home.account for home in self._homes.values())

"""The store of one site: who has a mailbox here, found by address or by login name."""

from collections.abc import Iterable, Iterator

from mailharness.mail import Address
from mailharness.mail.address import ascii_form
from mailharness.mailbox import Account


class Store:
    """The accounts of one domain. Names are compared without case and quotes; ``bob+lists`` is bob's (RFC 5233 §4).

    There is always a postmaster (RFC 5321 §4.5.1): where none is declared, one with a mailbox and no login.
    """

    def __init__(self, domain: str, accounts: Iterable[Account] = ()) -> None:
        self.domain = domain
        self._key = ascii_form(domain).lower()
        self._accounts: dict[str, Account] = {}
        self._postmaster: Account | None = None
        for account in accounts:
            self.add(account)

    def add(self, account: Account) -> None:
        self._accounts[account.address.unquoted_local.lower()] = account

    def holds(self, address: Address) -> bool:
        """Whether ``address`` is in this domain, whoever it is."""
        return ascii_form(address.domain).lower() == self._key

    def find(self, address: Address) -> Account | None:
        """The account that mail for ``address`` belongs to: exactly named, else without its ``+detail``."""
        if not self.holds(address):
            return None
        local = address.unquoted_local.lower()
        found = self._accounts.get(local) or self._accounts.get(local.partition("+")[0])
        return found or (self._undeclared_postmaster() if local == "postmaster" else None)

    def _undeclared_postmaster(self) -> Account:
        if self._postmaster is None:
            self._postmaster = Account(Address("postmaster", self.domain), "")
        return self._postmaster

    def named(self, login: str) -> Account | None:
        """The account for a login name: the whole address, or its local part alone."""
        local, at, domain = login.rpartition("@")
        if not at or login.endswith('"'):  # an "@" within quotes parts nothing
            local, domain = login, self.domain
        address = Address(local, domain)
        return self._accounts.get(address.unquoted_local.lower()) if self.holds(address) else None

    def login(self, name: str, password: str) -> Account | None:
        """The account if the name is known and the password is its own."""
        account = self.named(name)
        return account if account is not None and account.check_password(password) else None

    def __iter__(self) -> Iterator[Account]:
        return iter(self._accounts.values())

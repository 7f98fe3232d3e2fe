"""A user's description: who has a mailbox in a domain."""

from dataclasses import dataclass
from types import NoneType

from mailharness.errors import MisuseError
from mailharness.mail import Address
from mailharness.world.checks import Rule, check, kind

OCTETS = kind(int, NoneType, cure="a whole number of octets, or None for no limit")
_ACCOUNT = {
    "name": Rule(lambda name: isinstance(name, str) and bool(name), "write the local part of an address, as in 'alice'"),
    "password": kind(str, cure="text, as in password='secret'"),
    "quota": OCTETS,
    "token": kind(str, NoneType, cure="text, as in token='ya29.secret', or None for the password"),
}


@dataclass(frozen=True)
class Account:
    """One user of a domain: ``name`` is the local part, ``password`` "secret" unless given, ``quota`` in octets.

    ``token`` is what XOAUTH2 and OAUTHBEARER take for the user's OAuth token, the password unless given.
    """

    name: str
    password: str = "secret"
    quota: int | None = None
    token: str | None = None

    def __post_init__(self) -> None:
        check("Account", _ACCOUNT, name=self.name, password=self.password, quota=self.quota, token=self.token)
        if "@" in self.name and not self.name.startswith('"'):
            raise MisuseError(f"user {self.name!r}: write the local part alone, as in {self.name.partition('@')[0]!r}")
        try:
            Address.parse(f"{self.name}@a.test")
        except MisuseError:
            raise MisuseError(
                f"user {self.name!r} cannot stand before the @ of an address: write letters, digits and dots, "
                f"or quote the rest, as in '\"al ice\"'"
            ) from None
        if self.quota is not None and self.quota < 0:
            raise MisuseError(f"user {self.name!r}: quota={self.quota} must be 0 or more octets, or None for no limit")

"""A user's description: who has a mailbox in a domain."""

from collections.abc import Iterable
from dataclasses import dataclass
from types import NoneType

from mailharness.errors import MisuseError
from mailharness.mail import Address
from mailharness.world.blueprint.forward import Forward, as_forward
from mailharness.world.checks import Rule, check, kind

OCTETS = kind(int, NoneType, cure="a whole number of octets, or None for no limit")
_ACCOUNT = {
    "name": Rule(lambda name: isinstance(name, str) and bool(name), "write the local part of an address, as in 'alice'"),
    "password": kind(str, cure="text, as in password='secret'"),
    "quota": OCTETS,
}


@dataclass(frozen=True)
class Account:
    """One user of a domain: ``name`` is the local part, ``password`` "secret" unless given, ``quota`` in octets.

    ``forward`` is where mail goes instead: an address, several, or a ``Forward`` that says how.
    """

    name: str
    password: str = "secret"
    quota: int | None = None
    forward: str | Iterable[str] | Forward | None = None

    def __post_init__(self) -> None:
        check("Account", _ACCOUNT, name=self.name, password=self.password, quota=self.quota)
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
        object.__setattr__(self, "forward", as_forward(self.name, self.forward))

"""A user's description: who has a mailbox in a domain."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from types import NoneType

from mailharness.errors import MisuseError
from mailharness.mail import Address, Reply
from mailharness.mailbox.errors import CannotError
from mailharness.mailbox.names import checked
from mailharness.mailbox.reactions import WEEK, Reactions
from mailharness.mailbox.rules import Filter, check_filters
from mailharness.world.blueprint.forward import Forward, as_forward
from mailharness.world.checks import Rule, check, kind, listed

_NOTHING = Reactions()
OCTETS = kind(int, NoneType, cure="a whole number of octets, or None for no limit")
_ACCOUNT = {
    "name": Rule(lambda name: isinstance(name, str) and bool(name), "write the local part of an address, as in 'alice'"),
    "password": kind(str, cure="text, as in password='secret'"),
    "quota": OCTETS,
    "folders": listed(str, cure="a list of names, as in folders=['Drafts', 'Lists/team']"),
    "token": kind(str, NoneType, cure="text, as in token='ya29.secret', or None for the password"),
}


@dataclass(frozen=True)
class Account:
    """One user of a domain: ``name`` is the local part, ``password`` "secret" unless given, ``quota`` in octets.

    ``forward`` is where mail goes instead: an address, several, or a ``Forward`` that says how. ``token`` is what XOAUTH2
    and OAUTHBEARER take for the user's OAuth token, the password unless given.

    ``bounce="550 5.1.1 No such user"`` takes each letter in the session and bounces it ``bounce_after`` seconds later.
    ``complains="abuse"`` keeps it, and sends a complaint (RFC 5965) ``complains_to`` the envelope's "sender", the "abuse"
    or "postmaster" address of its domain, or an address. ``auto_reply`` is the text of an answer, once to each sender in
    ``auto_reply_every`` seconds (RFC 3834).

    ``filters`` are rules (``rules.file_into("Lists/team", when=...)``), or functions of message and envelope that return
    some: they say where each letter goes, INBOX where they say nothing. ``folders`` are mailboxes to begin with, besides
    INBOX and Sent; Archive, Drafts, Junk, Spam and Trash are for what their names say (RFC 6154).
    """

    name: str
    password: str = "secret"
    quota: int | None = None
    forward: str | Iterable[str] | Forward | None = None
    token: str | None = None
    _: KW_ONLY
    bounce: str | Reply = ""
    bounce_after: float = 0.0
    complains: str = ""
    complains_to: str = "sender"
    auto_reply: str = ""
    auto_reply_every: float = WEEK
    filters: Iterable[Filter] = ()
    folders: Iterable[str] = ()

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
        object.__setattr__(self, "forward", as_forward(self.name, self.forward))
        object.__setattr__(self, "filters", check_filters(self.filters))
        check("Account", _ACCOUNT, folders=self.folders)
        object.__setattr__(self, "folders", tuple(map(_folder, self.folders)))
        self._check_reactions()

    def _check_reactions(self) -> None:
        try:
            reactions = self.reactions
        except MisuseError as error:
            raise MisuseError(f"user {self.name!r}: {error}") from None
        if reactions is not None and isinstance(self.forward, Forward) and not self.forward.keep:
            raise MisuseError(
                f"user {self.name!r}: all mail goes on to others, so that nothing here can bounce, complain or answer; "
                "write forward=Forward(..., keep=True), or take one of the two out"
            )

    @cached_property
    def reactions(self) -> Reactions | None:
        """What comes back to those who write to the user; None where nothing does."""
        declared = Reactions(
            self.bounce, self.bounce_after, self.complains, self.complains_to, self.auto_reply, self.auto_reply_every
        )
        return None if declared == _NOTHING else declared


def _folder(name: str) -> str:
    try:
        return checked(name)
    except CannotError as error:
        raise MisuseError(f"Account(folders=[{name!r}]): {error.text}") from None

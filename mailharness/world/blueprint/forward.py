"""A forward's description: mail for a user that goes on to other addresses."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import Literal

from mailharness.errors import MisuseError
from mailharness.mail import Address
from mailharness.world.checks import FLAG, Rule, check, is_list

_ADDRESSES = Rule(
    lambda to: isinstance(to, str) or (is_list(to) and bool(tuple(to)) and all(isinstance(one, str) for one in to)),
    "write an address, or a list of them, as in 'bob@elsewhere.test'",
)
_FORWARD = {
    "to": _ADDRESSES,
    "keep": FLAG,
    "rewrite": Rule(
        lambda how: how in (None, "own", "srs"),
        "write rewrite='own' for the user's own address as envelope sender, rewrite='srs' for one that leads back to the "
        "sender, or None to leave the sender as it is",
    ),
}


@dataclass(frozen=True, init=False)
class Forward:
    """Mail for ``Account("bob", forward=Forward("bob@elsewhere.test", keep=True))`` goes on to one address or several.

    ``keep`` puts it into bob's mailbox as well. ``rewrite`` says who its envelope sender is from here on: None, who it
    was, so that a bounce goes to the original sender; "own", bob himself; "srs", an address ``SRS0=...`` of bob's domain,
    from which a bounce goes on to the original sender for 21 days. The null sender always stays.
    Raises MisuseError for what is no address.
    """

    to: tuple[str, ...]
    _: KW_ONLY
    keep: bool = False
    rewrite: Literal["own", "srs"] | None = None

    def __init__(
        self, to: str | Iterable[str] = (), *, keep: bool = False, rewrite: Literal["own", "srs"] | None = None
    ) -> None:
        check("Forward", _FORWARD, to=to, keep=keep, rewrite=rewrite)
        every = (to,) if isinstance(to, str) else tuple(to)
        for one in every:
            Address.parse(one)
        for attribute, value in {"to": every, "keep": keep, "rewrite": rewrite}.items():
            object.__setattr__(self, attribute, value)


def as_forward(user: str, given: object) -> Forward | None:
    """The forward of ``user``, of an address or a list of them too. Raises MisuseError."""
    if given is None or isinstance(given, Forward):
        return given
    if not _ADDRESSES.holds(given):
        raise MisuseError(f"user {user!r}, forward={given!r}: {_ADDRESSES.cure}, or Forward(...)")
    return Forward(given)  # type: ignore[arg-type]  # the rule has seen to it

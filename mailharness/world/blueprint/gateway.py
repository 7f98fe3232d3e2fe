"""A mail gateway's description: the filters that a domain's letters have to pass."""

from collections.abc import Iterable
from dataclasses import dataclass

from mailharness.agents.filters import (
    Filter,
    attachment_types,
    check_filters,
    deceptive_links,
    max_size,
    payment_cards,
    words,
)
from mailharness.errors import MisuseError
from mailharness.world.blueprint.account import OCTETS
from mailharness.world.checks import FLAG, check, listed

_GATEWAY = {
    "max_size": OCTETS,
    "attachments": listed(str, cure="a list of types or file names, as in attachments=['*.exe']"),
    "words": listed(str, cure="a list of words, as in words=['lottery']"),
    "payment_cards": FLAG,
    "deceptive_links": FLAG,
}


@dataclass(frozen=True)
class Gateway:
    """A mail gateway between the MX and the MTA: an ordered list of ``filters``, each a function that judges a letter.

    The keywords are short for the filters of the same name, asked before ``filters``: ``max_size`` in octets,
    ``attachments`` the types or file names to refuse, ``words`` to tag, ``payment_cards`` to refuse, ``deceptive_links``
    to quarantine. Its hosts are those that the domain's MX records name, ``gateway.<domain>`` unless the domain says.
    """

    filters: Iterable[Filter] = ()
    max_size: int | None = None
    attachments: Iterable[str] = ()
    words: Iterable[str] = ()
    payment_cards: bool = False
    deceptive_links: bool = False

    def __post_init__(self) -> None:
        for name in ("attachments", "words"):
            value = getattr(self, name)
            if isinstance(value, str) or not isinstance(value, Iterable):
                raise MisuseError(f"Gateway({name}={value!r}): write a list, as in {name}=[{value!r}]")
            object.__setattr__(self, name, tuple(value))
        flags = {"payment_cards": self.payment_cards, "deceptive_links": self.deceptive_links}
        check("Gateway", _GATEWAY, max_size=self.max_size, attachments=self.attachments, words=self.words, **flags)
        object.__setattr__(self, "filters", check_filters(self.filters))
        self.all_filters()

    def all_filters(self) -> tuple[Filter, ...]:
        """Every filter in the order they are asked."""
        chosen: list[Filter] = []
        if self.max_size is not None:
            chosen.append(max_size(self.max_size))
        if self.attachments:
            chosen.append(attachment_types(deny=list(self.attachments)))
        if self.words:
            chosen.append(words(list(self.words)))
        if self.payment_cards:
            chosen.append(payment_cards())
        if self.deceptive_links:
            chosen.append(deceptive_links())
        return (*chosen, *self.filters)

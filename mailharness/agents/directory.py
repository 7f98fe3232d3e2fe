"""The directory of one site: what those of its addresses stand for that are no mailboxes."""

from collections.abc import Callable, Iterable, Mapping

from mailharness.agents.mailing_list import MailingList
from mailharness.agents.meaning import Alias, CameBack, Leaving, Meaning, Posted
from mailharness.agents.srs import Srs
from mailharness.mail import Address, Cause


class Directory:
    """Aliases by local part, mailing lists, and the addresses that ``srs`` wrote. All names in lower case, unquoted.

    ``clock`` tells the world's seconds, on which a rewritten sender grows too old.
    """

    def __init__(
        self,
        aliases: Mapping[str, tuple[Address, ...]],
        lists: Iterable[MailingList],
        srs: Srs,
        clock: Callable[[], float],
    ) -> None:
        self.lists = {each.address.unquoted_local.lower(): each for each in lists}
        self.srs = srs
        self._clock = clock
        self._names: dict[str, Meaning] = {name: Alias(targets) for name, targets in aliases.items()}
        for name, each in self.lists.items():
            self._names[name] = Posted(each)
            self._names[f"{name}-bounces"] = CameBack(each)
            self._names[f"{name}-unsubscribe"] = Leaving(each)
            if each.owner is not None:
                self._names[f"{name}-owner"] = Alias((each.owner,))

    def exactly(self, local: str) -> Meaning | None:
        """What the whole of a local part stands for, as it was written."""
        found = self._names.get(local.lower())
        if found is None and local[:5].upper() == "SRS0=":
            sender = self.srs.unwrap(local, self._clock())
            return Alias((sender,), Cause.FORWARD) if sender else None
        return found

    def with_detail(self, local: str, detail: str) -> Meaning | None:
        """What ``local+detail`` stands for."""
        found = self._names.get(local.lower())
        return CameBack(found.to, detail) if isinstance(found, CameBack) else found

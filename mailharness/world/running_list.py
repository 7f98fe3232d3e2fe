"""A mailing list as a test reads it: who is in it now, and whose mail came back."""

from collections.abc import Callable

from mailharness.agents.mailing_list import MailingList


class RunningList:
    """``world["acme.test"].list("team")``. Each read settles the world first."""

    def __init__(self, of: MailingList, before: Callable[[], None]) -> None:
        self._of = of
        self._before = before

    def __repr__(self) -> str:
        return f"<mailing list {self._of.address}, {len(self._of.members)} members>"

    @property
    def address(self) -> str:
        return str(self._of.address)

    @property
    def members(self) -> list[str]:
        """The addresses that get its letters, in the order declared, without those that were dropped or have left."""
        self._before()
        return [str(member) for member in self._of.members]

    @property
    def bounces(self) -> dict[str, int]:
        """How often mail to a member came back, by address in lower case; members that never bounced are not in it."""
        self._before()
        return self._of.bounces

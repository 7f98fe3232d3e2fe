"""Plain values that know what they are, so that a comparison that fails can say why; equal to any other that is alike."""

from collections.abc import Iterable


class Path(tuple[str, ...]):
    """The way of a letter to one recipient: its sender, the hosts, and the account if it arrived."""

    __slots__ = ()


class Subjects(list[str]):
    """The subjects of what lay in a mailbox of ``owner``, or in a program's copy of it, oldest first."""

    def __init__(self, owner: str, subjects: Iterable[str]) -> None:
        super().__init__(subjects)
        self.owner = owner

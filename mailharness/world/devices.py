"""What a mail program has on its own disk: messages, and what its owner has done to them since it last met the server."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mailharness.errors import MisuseError
from mailharness.mail import Message

Origin = tuple[str, int | str]
"""Where a message is on the server: the mailbox there, and its UID, or its unique-id over POP3."""


@dataclass(slots=True, eq=False)
class Held:
    """One message of a program's own, in its ``folder``; ``origin`` is None for what the server has not got yet.

    ``known`` are its flags as the server had them last; ``since`` is when it came, on the world's clock.
    """

    message: Message
    folder: str
    origin: Origin | None
    flags: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    since: float = 0.0
    deleted: bool = False

    @property
    def added(self) -> frozenset[str]:
        return self.flags - self.known

    @property
    def removed(self) -> frozenset[str]:
        return self.known - self.flags


@dataclass(slots=True)
class Folder:
    """What a program remembers of a mailbox on the server (RFC 4549 §3)."""

    uid_validity: int = 0
    uid_next: int = 1
    modseq: int = 0


@dataclass(slots=True)
class Disk:
    """A program's own messages, and what it knows of the mailboxes that it follows."""

    held: list[Held] = field(default_factory=list)
    folders: dict[str, Folder] = field(default_factory=dict)

    def in_folder(self, name: str) -> Iterator[Held]:
        """What lies there for the owner to see, oldest first; what has no UID yet comes last."""
        return (one for one in self.held if one.folder == name and not one.deleted)

    def from_mailbox(self, name: str) -> dict[int | str, Held]:
        """What came of that mailbox of the server, by UID."""
        return {one.origin[1]: one for one in self.held if one.origin is not None and one.origin[0] == name}

    def find(self, message: Message, owner: str) -> Held:
        """Where ``message`` is held. Raises MisuseError."""
        visible = [one for one in self.held if not one.deleted]
        for one in visible:
            if one.message is message:
                return one
        for one in visible:
            if one.message == message:
                return one
        raise MisuseError(f"{owner} holds no such message; sync() first, and give one of its own messages")

    def drop(self, gone: Iterable[Held]) -> None:
        """Forget these."""
        every = set(gone)
        self.held = [one for one in self.held if one not in every]

    def sort(self) -> None:
        """By UID within a folder, what has none last, as it came."""
        self.held.sort(key=lambda one: one.origin[1] if one.origin and isinstance(one.origin[1], int) else 1 << 32)

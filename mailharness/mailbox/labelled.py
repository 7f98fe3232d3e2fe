"""An account whose mailboxes are labels, as at Gmail."""

from collections.abc import Iterable, Mapping

from mailharness.mailbox.account import Account
from mailharness.mailbox.errors import CannotError
from mailharness.mailbox.labels import ROOT, SYSTEM, Label, Labels
from mailharness.mailbox.mailbox import Mailbox
from mailharness.mailbox.names import SEPARATOR, canonical


class LabelledAccount(Account):
    """One user's mail, where a message lies in All Mail and has labels (see ``labels``).

    Its own mailboxes are INBOX and those below ``[Gmail]``; nobody makes, renames or deletes any there.
    A message counts once for the quota.
    """

    furniture = tuple(SYSTEM)
    special_uses: Mapping[str, str] = {name: use for name, (use, _) in SYSTEM.items()}
    labels: Labels

    def _furnish(self, folders: Iterable[str]) -> None:
        self.labels = Labels()
        super()._furnish(folders)

    @property
    def used(self) -> int:
        return self.labels.octets

    def require_room_for_copies(self, octets: int) -> None:
        """Another label takes no room."""

    def make_mailbox(self, name: str, uid_validity: int) -> Label:
        made = Label(name, uid_validity, self.labels)
        if name in SYSTEM:
            self.labels.mailboxes[name] = made
        return made

    def label(self, name: str) -> Label:
        """The mailbox of that name, made where it is missing. Raises CannotError."""
        found = self.provide(name)
        assert isinstance(found, Label)
        return found

    def delete(self, name: str) -> None:
        """Remove a label, from all messages that have it. Raises as ``Account.delete`` does."""
        _require_own(name)
        label = self.get(name) if name in self else None
        super().delete(name)
        if isinstance(label, Label):
            label.let_go([stored.uid for stored in label.messages])

    def rename(self, old: str, new: str) -> Mailbox | None:
        _require_own(old)
        return super().rename(old, new)

    def _vacant(self, name: str) -> str:
        name = super()._vacant(name)
        if name == ROOT or name.startswith(ROOT + SEPARATOR):
            raise CannotError(f"nothing is made below {ROOT}")
        return name

    def complete(self) -> None:
        """Have the system's mailboxes, and each message where it belongs, whatever kind of account has kept them."""
        for name in SYSTEM:
            if name not in self.mailboxes:
                self._add(name).special_use = self.special_uses[name]
                self.subscribe(name)
        self.labels.take_up(one for one in self.mailboxes.values() if isinstance(one, Label))


def _require_own(name: str) -> None:
    """Raise CannotError for a mailbox of the system's. INBOX has rules of its own (RFC 3501 §6.3.4, §6.3.5)."""
    name = canonical(name)
    if name == ROOT or name.startswith(ROOT + SEPARATOR):
        raise CannotError("that is a mailbox of the system's")

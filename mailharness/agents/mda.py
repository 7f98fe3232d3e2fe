"""The MDA: takes a letter that has arrived and puts it into its recipient's own mailbox (RFC 5598 §4.3.3)."""

import typing

from mailharness.agents.delivery import Delivery
from mailharness.agents.meaning import Alias, AtHome, Posted
from mailharness.agents.ports import Surroundings
from mailharness.agents.responding import Responder
from mailharness.agents.store import Store, is_postmaster
from mailharness.faults import Answer, Delay
from mailharness.mail import Address, Copy, Envelope, Message, Reply
from mailharness.mailbox import INBOX, Account, Reactions
from mailharness.trace.events import Delivered, Storing

if typing.TYPE_CHECKING:
    from mailharness.agents.filer import Filer
    from mailharness.mailbox.filing import Filing

NO_SUCH_USER = Reply(550, "No such user here", "5.1.1")
MAILBOX_FULL = Reply(452, "Mailbox is full", "4.2.2")
NO_MEMBER = Reply(550, "Only members may post to this list", "5.7.1")


class Mda:
    """One site's delivery agent, on the host called ``host``."""

    def __init__(self, host: str, store: Store, around: Surroundings) -> None:
        self.host = host
        self.store = store
        self._around = around
        self.responder: Responder | None = None
        """What tells senders more than the protocol does; the host that delivers puts it here."""
        self.filer: Filer | None = None
        """What carries out the accounts' rules; put here by the same host."""

    def check(self, recipient: Address, octets: int, sender: Address | None = None) -> Reply | None:
        """Why a letter of so many octets from ``sender`` could not be taken for ``recipient``; None if it can.

        An unknown user is 550 5.1.1, a mailbox over its quota 452 4.2.2, a list that the sender may not write to
        550 5.7.1 (RFC 3463 §3.2, §3.3, §3.8). An alias of one is whom it stands for; several see to it themselves.
        """
        meaning = self.store.meaning(recipient)
        match meaning:
            case None:
                return NO_SUCH_USER
            case AtHome(account):
                return _no_room(account, octets)
            case Posted(to):
                return None if to.admits(sender) else NO_MEMBER
            case Alias((target,)) if self.store.holds(target) and not is_postmaster(recipient):
                return self.check(target, octets, sender)
        return None

    def deliver(
        self,
        copy: Copy,
        envelope: Envelope,
        recipient: Address,
        message: Message,
        filing: "Filing | None" = None,
    ) -> Reply | None:
        """Put ``message`` into the recipient's INBOX, or where the account's rules say; None if it is there, else the
        reason why it is not. ``filing`` is what the rules say, where they have been asked already.
        """
        account = self.store.find(recipient)
        if account is None:
            return NO_SUCH_USER
        doom = account.reactions.bounce_reply if account.reactions is not None else None
        problem = doom or _no_room(account, len(message))
        if problem is not None:
            return problem
        delivery = Delivery(account, copy, envelope, recipient, message)
        if self._around.hears(Storing):
            size = len(message)
            event = Storing(host=self.host, of=copy, recipient=recipient, sender=envelope.sender, size=size)
            match self._around.announce(event):
                case Answer(text):
                    return Reply.parse(text)
                case Delay(seconds):
                    self._around.clock.call_later(seconds, lambda: self._file(delivery, filing))
                    return None
        self._file(delivery, filing)
        return None

    def doom(self, recipient: Address) -> Reactions | None:
        """The reactions of an account that takes letters only to bounce them; None where they are delivered."""
        account = self.store.find(recipient)
        by = account.reactions if account is not None else None
        return by if by is not None and by.bounce else None

    def _file(self, delivery: Delivery, filing: "Filing | None") -> None:
        if delivery.account.filters and self.filer is not None:
            self.filer.file(self._store, delivery, filing)
        else:
            self._store(delivery, INBOX)

    def _store(self, delivery: Delivery, name: str, flags: frozenset[str] = frozenset()) -> None:
        account, copy = delivery.account, delivery.copy
        mailbox = account.provide(name)
        stored = mailbox.append(delivery.stamped(), flags=flags, internal_date=self._around.clock.now(), of=copy)
        self._around.announce(
            Delivered(
                host=self.host,
                of=copy,
                recipient=delivery.recipient,
                account=str(account.address),
                mailbox=mailbox.name,
                uid=stored.uid,
            )
        )
        if self.responder is not None:
            self.responder.arrived(delivery)


def _no_room(account: Account, octets: int) -> Reply | None:
    """A postmaster's mailbox is never too full (RFC 5321 §4.5.1)."""
    return None if account.has_room_for(octets) or is_postmaster(account.address) else MAILBOX_FULL

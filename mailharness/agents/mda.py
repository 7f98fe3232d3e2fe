"""The MDA: takes a letter that has arrived and puts it into its recipient's own mailbox (RFC 5598 §4.3.3)."""

from mailharness.agents.ports import Surroundings
from mailharness.agents.store import Store
from mailharness.faults import Answer, Delay
from mailharness.mail import Address, Copy, Envelope, Message, Reply
from mailharness.mailbox import Account
from mailharness.trace.events import Delivered, Storing

NO_SUCH_USER = Reply(550, "No such user here", "5.1.1")
MAILBOX_FULL = Reply(452, "Mailbox is full", "4.2.2")


class Mda:
    """One site's delivery agent, on the host called ``host``."""

    def __init__(self, host: str, store: Store, around: Surroundings) -> None:
        self.host = host
        self.store = store
        self._around = around

    def check(self, recipient: Address, octets: int) -> Reply | None:
        """Why a letter of so many octets could not be delivered to ``recipient``; None if it can.

        An unknown user is 550 5.1.1, a mailbox over its quota 452 4.2.2 (RFC 3463 §3.2, §3.3).
        """
        account = self.store.find(recipient)
        if account is None:
            return NO_SUCH_USER
        return None if account.has_room_for(octets) else MAILBOX_FULL

    def deliver(self, copy: Copy, envelope: Envelope, recipient: Address, message: Message) -> Reply | None:
        """Put ``message`` into the recipient's INBOX; None if it is there, else the reason why it is not.

        The return path is written at the top, as final delivery must (RFC 5321 §4.4).
        """
        problem = self.check(recipient, len(message))
        account = self.store.find(recipient)
        if problem is not None or account is None:
            return problem or NO_SUCH_USER
        if self._around.hears(Storing):
            size = len(message)
            event = Storing(host=self.host, of=copy, recipient=recipient, sender=envelope.sender, size=size)
            match self._around.announce(event):
                case Answer(text):
                    return Reply.parse(text)
                case Delay(seconds):
                    self._around.clock.call_later(seconds, lambda: self._store(copy, envelope, recipient, account, message))
                    return None
        self._store(copy, envelope, recipient, account, message)
        return None

    def _store(self, copy: Copy, envelope: Envelope, recipient: Address, account: Account, message: Message) -> None:
        stamped = message.prepend(f"Return-Path: {envelope.reverse_path}\r\n".encode())
        stored = account.inbox.append(stamped, internal_date=self._around.clock.now(), of=copy)
        self._around.announce(
            Delivered(
                host=self.host,
                of=copy,
                recipient=recipient,
                account=str(account.address),
                mailbox=account.inbox.name,
                uid=stored.uid,
            )
        )

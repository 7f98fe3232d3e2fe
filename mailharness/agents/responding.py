"""Responding: reports of delivery, complaints and automatic replies, as senders ask for them and accounts declare them.

All are letters of the host's own: the copy that came for the account is the parent of each, the null sender keeps
them from being answered in turn (RFC 3464 §2, RFC 3834 §3.3).
"""

import re

from mailharness.agents.delivery import Delivery
from mailharness.agents.ports import Surroundings
from mailharness.agents.reporting import Originate, Reporter, arrival, received_by, send
from mailharness.mail import Address, Cause, Copy, Envelope, Message
from mailharness.mail.auto_reply import may_be_answered, write_auto_reply
from mailharness.mail.complaint import Complaint, write_complaint
from mailharness.mail.report import moment
from mailharness.mailbox import Account, Reactions
from mailharness.trace.events import Reported

_PEER = re.compile(rb"\(.*?\[([0-9A-Fa-f.:]+)\]\)", re.DOTALL)


class Responder:
    """Responds for the accounts whose mail is delivered by the host called ``host``, which tells senders by ``reports``."""

    def __init__(self, host: str, around: Surroundings, reports: Reporter, originate: Originate) -> None:
        self.host = host
        self._around = around
        self._reports = reports
        self._originate = originate

    def arrived(self, delivery: Delivery) -> None:
        """The letter is in the mailbox: say so to a sender who asked; complain and answer where the account does."""
        account, copy, envelope, recipient, message = delivery
        if envelope.requests:
            self._reports.delivered(copy, envelope, message, [recipient])
        by = account.reactions
        if by is None or envelope.sender is None:
            return
        if by.complains:
            self._complain(copy, envelope, recipient, message, by)
        if by.auto_reply:
            self.answer(delivery, by.auto_reply, by.auto_reply_every)

    def _complain(self, copy: Copy, envelope: Envelope, recipient: Address, message: Message, by: Reactions) -> None:
        sender = envelope.sender
        assert sender is not None
        to = _addressee(by.complains_to, sender)
        own = self._around.numbering.report(copy, Cause.COMPLAINT)
        complaint = Complaint(
            feedback_type=by.complains,
            mail_from=str(sender),
            recipients=(str(recipient),),
            envid=envelope.envid,
            arrival=arrival(message, self.host)[1] or moment(self._around.clock.now()),
            reporting_mta=self.host,
            source_ip=_source(message, self.host),
            reported_domains=(sender.domain,),
            original=message,
            whole=self._reports.can_return(envelope, message),
        )
        now = self._around.clock.now()
        written = write_complaint(complaint, host=self.host, to=to, now=now, number=own.copy)
        self._tell(copy, recipient, "complaint", own, to, written)

    def answer(self, delivery: Delivery, text: str, every: float) -> None:
        """With ``text``, once to each sender in ``every`` seconds, and only where a person has written (RFC 3834 §2)."""
        account, copy, envelope, recipient, message = delivery
        now, sender = self._around.clock.now(), envelope.sender
        if sender is None or not may_be_answered(message, sender, recipient) or not _is_due(account, sender, now):
            return
        account.note_answer(sender.folded, until=now + every)
        own = self._around.numbering.report(copy, Cause.AUTO_REPLY)
        written = write_auto_reply(
            text,
            sender=recipient,
            to=sender,
            original=message,
            host=self.host,
            now=now,
            number=own.copy,
        )
        self._tell(copy, recipient, "auto-reply", own, sender, written)

    def _tell(self, copy: Copy, recipient: Address, action: str, own: Copy, to: Address, written: Message) -> None:
        self._around.announce(Reported(host=self.host, of=copy, recipient=recipient, action=action, report=own.letter))
        send(self.host, self._around, self._originate, own, to, written)


def _is_due(account: Account, sender: Address, now: float) -> bool:
    """Whether the sender may have an answer again. Who may is forgotten, so that the list stays short."""
    answered = account.answered
    while answered and answered[oldest := next(iter(answered))] <= now:
        del answered[oldest]
    return answered.get(sender.folded, now) <= now


def _addressee(whom: str, sender: Address) -> Address:
    if whom == "sender":
        return sender
    return Address.parse(whom) if "@" in whom else Address(whom, sender.domain)


def _source(message: Message, host: str) -> str:
    """The address from which ``host`` had the letter, by its own Received field; empty where it has none."""
    value = received_by(message, host)
    found = _PEER.search(value) if value else None
    return found[1].decode("ascii") if found else ""

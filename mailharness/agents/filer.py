"""The filer: carries out what an account's rules make of a letter that has arrived for it.

A letter that comes to lie in one mailbox is delivered there; one that goes to several places is expanded into copies, as
an alias's is. What a user wrote is asked in the workshop, before the delivery, and never on the loop.
"""

from collections.abc import Callable

from mailharness.agents.circles import has_been_at, mark
from mailharness.agents.delivery import Delivery
from mailharness.agents.expansion import for_others
from mailharness.agents.ports import Surroundings
from mailharness.agents.reporting import Originate, Reporter
from mailharness.agents.responding import Responder
from mailharness.agents.store import Store
from mailharness.mail import Address, Cause, Envelope, Message
from mailharness.mailbox import Account
from mailharness.mailbox.filing import Filing, filter_names, judge, kept, runs_code
from mailharness.mailbox.names import INBOX
from mailharness.trace.events import Accepted, Discarded, Expanded, Filtered

Put = Callable[[Delivery, str, frozenset[str]], None]
"""Puts the letter into the account's mailbox of that name, with those flags."""


class Filer:
    """Files for the accounts whose mail is delivered by the host called ``host``; ``originate`` sends what goes on."""

    def __init__(
        self, host: str, around: Surroundings, store: Store, reports: Reporter, responder: Responder, originate: Originate
    ) -> None:
        self.host = host
        self._around = around
        self._store = store
        self._reports = reports
        self._responder = responder
        self._originate = originate

    # -- asking ----

    def must_ask(self, recipients: tuple[Address, ...]) -> bool:
        """Whether a user's own code has to be asked about a letter for them."""
        accounts = map(self._store.find, recipients)
        return any(account is not None and account.filters and runs_code(account.filters) for account in accounts)

    async def ask(self, envelope: Envelope, message: Message) -> dict[Address, Filing]:
        """What is to become of the letter for those recipients for whom a user's own code decides it. Never raises."""
        return {
            recipient: await self._ask(account, envelope.for_recipients([recipient]), message)
            for recipient in envelope.recipients
            if (account := self._store.find(recipient)) is not None and runs_code(account.filters)
        }

    async def _ask(self, account: Account, envelope: Envelope, message: Message) -> Filing:
        names = filter_names(account.filters)
        work = f"filter {names} of {account.address}"
        try:
            return await self._around.workshop.run(work, lambda: judge(account.filters, message, envelope))
        except TimeoutError as error:
            return kept((), names, str(error).removeprefix(work).strip())

    # -- filing ----

    def file(self, put: Put, delivery: Delivery, filing: Filing | None) -> None:
        """Let the letter go where the rules say, or ``filing`` where that has been asked for before."""
        account, copy, envelope, recipient, message = delivery
        if filing is None:
            filing = judge(account.filters, message, envelope.for_recipients([recipient]))
        _break_circle(filing, delivery)
        for finding in filing.findings:
            self._around.announce(Filtered(host=self.host, of=copy, **finding._asdict()))
        if filing.forwards or len(filing.mailboxes) > 1:
            self._expand(put, delivery, filing)
        elif filing.mailboxes:
            put(delivery, filing.mailboxes[0], frozenset(filing.flags))
        else:
            rule = f"{account.address}'s rule {filing.discarded_by!r}"
            self._around.announce(Discarded(host=self.host, of=copy, recipient=recipient, rule=rule))
        for answer in filing.answers:
            self._responder.answer(delivery, answer.text, answer.every)

    def _expand(self, put: Put, delivery: Delivery, filing: Filing) -> None:
        account, copy, envelope, recipient, message = delivery
        child, own = self._around.numbering.child, account.address
        every = for_others(envelope, recipient, (*[own] * len(filing.mailboxes), *filing.forwards))
        home, onward = every.for_recipients([own]), every.for_recipients(filing.forwards)
        kept_here = [(child(copy, Cause.RULE), name) for name in filing.mailboxes]
        sent = [child(copy, Cause.FORWARD)] if filing.forwards else []
        numbers = tuple(one.copy for one in (*(one for one, _ in kept_here), *sent))
        self._around.announce(Expanded(host=self.host, of=copy, recipient=recipient, copies=numbers))
        if len(every.recipients) > 1:
            self._reports.expanded(copy, envelope, message, [recipient])
        for one, name in kept_here:
            self._around.announce(Accepted(host=self.host, of=one, envelope=home, message=message))
            put(Delivery(account, one, home, own, message), name, frozenset(filing.flags))
        for one in sent:
            marked = mark(message, own)
            self._around.announce(Accepted(host=self.host, of=one, envelope=onward, message=marked))
            self._originate(one, onward, marked)


def _break_circle(filing: Filing, delivery: Delivery) -> None:
    """What was sent on from here before stays, where nobody else is left to have it."""
    if filing.forwards and has_been_at(delivery.message, delivery.account.address):
        filing.forwards.clear()
        filing.note("forward", "keep", "it was sent on from here before")
        filing.mailboxes = filing.mailboxes or [INBOX]

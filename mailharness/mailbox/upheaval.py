"""What makes a mailbox look as if it had been built anew: other UIDs, or another UIDVALIDITY (RFC 3501 §2.3.1.1)."""

from mailharness.faults import Renumber
from mailharness.mailbox.mailbox import Mailbox


def renumber(mailbox: Mailbox, verdict: Renumber) -> None:
    """Give the mailbox another UIDVALIDITY, its messages new UIDs, or both, for good and for every session."""
    if verdict.uids:
        _renew_uids(mailbox)
    if verdict.validity:
        mailbox.uid_validity += 1


def _renew_uids(mailbox: Mailbox) -> None:
    """To sessions that have the mailbox open it looks as if all had gone and come again."""
    old = list(mailbox.messages)
    for stored in old:
        mailbox.append(
            stored.message,
            flags=stored.flags,
            internal_date=stored.internal_date,
            save_date=stored.save_date,
            of=stored.of,
        )
    mailbox.expunge([stored.uid for stored in old])

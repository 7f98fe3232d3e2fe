"""What makes a mailbox look as if it had been built anew: other UIDs, or another UIDVALIDITY (RFC 3501 §2.3.1.1)."""

from mailharness.faults import Renumber
from mailharness.mailbox.mailbox import Mailbox


def renumber(mailbox: Mailbox, verdict: Renumber) -> None:
    """Give the mailbox another UIDVALIDITY, its messages new UIDs, or both, for good and for every session."""
    if verdict.uids:
        mailbox.renew_uids()
    if verdict.validity:
        mailbox.uid_validity += 1

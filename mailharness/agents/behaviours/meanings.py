"""What a host may mean by a standing reply: each meaning by name, with our own words for it."""

from collections.abc import Mapping

from mailharness.agents.mda import MAILBOX_FULL, NO_SUCH_USER
from mailharness.mail import Reply
from mailharness.smtp import replies

GREYLISTED = Reply(451, "Greylisted, try again later", "4.7.1")
FIRST_CONTACT = Reply(451, "We have not met before, try again later", "4.7.1")
RATE_LIMITED = Reply(450, "Too much mail, try again later", "4.7.1")
RECIPIENT_RATE_LIMITED = Reply(452, "This recipient has had enough mail for now", "4.2.2")
TOO_MANY_CONNECTIONS = Reply(421, "Too many connections", "4.7.0")
BLOCKED = Reply(554, "Access denied", "5.7.1")

MEANINGS: Mapping[str, Reply] = {
    "sender_ok": replies.SENDER_OK,
    "recipient_ok": replies.RECIPIENT_OK,
    "go_ahead": replies.GO_AHEAD,
    "reset": replies.RESET,
    "bye": replies.BYE,
    "unknown_user": NO_SUCH_USER,
    "mailbox_full": MAILBOX_FULL,
    "too_big": replies.TOO_BIG,
    "too_many_recipients": replies.TOO_MANY_RECIPIENTS,
    "greylisted": GREYLISTED,
    "first_contact": FIRST_CONTACT,
    "rate_limited": RATE_LIMITED,
    "recipient_rate_limited": RECIPIENT_RATE_LIMITED,
    "too_many_connections": TOO_MANY_CONNECTIONS,
    "blocked": BLOCKED,
}
"""By name, what a personality may put in other words."""

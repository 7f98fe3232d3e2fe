"""One client's way through the states of POP3: who they are, the maildrop that they hold, the rules of the host."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from mailharness.mailbox import Account, MailboxVisit, Maildrop, StoredMessage, Then
from mailharness.pop3.errors import TooEarlyError
from mailharness.pop3.policy import DAY, Policy
from mailharness.trace.events import POP3


class State(StrEnum):
    """Where a session stands (RFC 1939 §3)."""

    AUTHORIZATION = "AUTHORIZATION"
    TRANSACTION = "TRANSACTION"


class Response(NamedTuple):
    """A status line without CRLF, and the encoded data of a multi-line response with its final dot."""

    status: str
    data: bytes = b""
    then: Then = Then.GO_ON
    take: "Callable[[bytes], Response] | None" = None
    """Who takes the client's next line, where the command goes on with one."""


@dataclass(kw_only=True, eq=False)
class Visit(MailboxVisit):
    """What the commands work on. ``policy`` is the host's own."""

    protocol = POP3
    mailbox_name = Maildrop.mailbox

    policy: Policy = field(default_factory=Policy)
    name: str = field(default="", init=False)
    """What the client called themselves by USER."""
    utf8: bool = field(default=False, init=False)
    """Whether the client has asked for UTF-8 (RFC 6856 §2)."""
    timestamp: str = field(default="", init=False)
    """What the greeting gave to be digested by APOP; "" for nothing."""
    _maildrop: Maildrop | None = field(default=None, init=False)
    _retrieved: dict[int, StoredMessage] = field(default_factory=dict, init=False)

    @property
    def state(self) -> State:
        return State.AUTHORIZATION if self._maildrop is None else State.TRANSACTION

    @property
    def maildrop(self) -> Maildrop:
        """The maildrop that was locked at login; only there in the TRANSACTION state."""
        assert self._maildrop is not None, "the table of commands lets nobody in without a login"
        return self._maildrop

    def stamp(self) -> str:
        """A timestamp for the greeting; none where no secret may cross yet (RFC 1939 §7)."""
        if self.may_send_password:
            self.timestamp = f"<{self.session}.{int(self.clock.now())}@{self.host}>"
        return self.timestamp

    def digested(self, name: str, digest: str) -> Account | None:
        """The account that ``name`` is, if the digest shows that the client knows its password."""
        account = self.named(name)
        secret = account.password if account is not None else ""
        right = hashlib.md5((self.timestamp + secret).encode("utf-8", "surrogateescape")).hexdigest()
        return account if account is not None and hmac.compare_digest(right, digest) else None

    def enter(self, account: Account, mechanism: str = "USER") -> None:
        """Lock the account's maildrop. Raises InUseError, TooEarlyError, ForcedError."""
        address, now = str(account.address), self.clock.now()
        if self.policy.too_early(address, now):
            raise TooEarlyError(f"wait {self.policy.login_delay:g} seconds from one login to the next")
        self.judge_opening(account, account.inbox)
        maildrop = Maildrop(account)
        try:
            super().enter(account, mechanism)
        except BaseException:
            maildrop.release()
            raise
        self._maildrop = maildrop
        self.policy.entered(address, now)

    def secure(self) -> None:
        """What the client said in the clear is forgotten (RFC 2595 §4)."""
        super().secure()
        self.name = ""

    def retrieved(self, stored: StoredMessage) -> None:
        """The client has read it: where mail expires, its days are numbered."""
        self.maildrop.mark_seen(stored)
        self.tell_fetched(stored, peek=False)
        if self.policy.expire is not None:
            self._retrieved[stored.uid] = stored

    def update(self) -> int:
        """RFC 1939 §6: the UPDATE state. Returns how many messages went."""
        if self.policy.expire == 0:
            self.maildrop.delete_all(self._retrieved)
        removed = self.maildrop.quit()
        for stored in removed:
            self.tell_removed(stored)
        return len(removed)

    def leave(self) -> None:
        """Give the maildrop back without removing anything (RFC 1939 §3); what was retrieved expires in its time."""
        if self._maildrop is None:
            return
        self._maildrop.release()
        if self.policy.expire and self._retrieved:
            self.clock.call_later(self.policy.expire * DAY, self._expire)

    def _expire(self) -> None:
        """RFC 2449 §6.7: the days are over."""
        inbox = self.account.inbox
        due = {uid: stored for uid, stored in self._retrieved.items() if inbox.by_uid(uid) is stored}
        for uid in inbox.expunge(due):
            self.tell_removed(due[uid])

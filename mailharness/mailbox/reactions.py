"""Reactions: what comes back to the sender of a letter because of whose mailbox it was for, as a test declares it."""

from dataclasses import dataclass

from mailharness.errors import MisuseError
from mailharness.mail import Address, Reply
from mailharness.mail.complaint import FEEDBACK_TYPES

WEEK = 7 * 86_400.0
ADDRESSEES = ("sender", "abuse", "postmaster")
"""To whom a complaint goes: the envelope's sender, or who is in charge at the sender's domain (RFC 2142 §2, §4)."""


_KINDS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "bounce": ((str, Reply), "an SMTP reply, as in '550 5.1.1 No such user'"),
    "bounce_after": ((int, float), "seconds of the world's clock"),
    "complains": (str, "a feedback type, as in 'abuse'"),
    "complains_to": (str, "'sender', 'abuse', 'postmaster' or an address"),
    "auto_reply": (str, "the text of the answer"),
    "auto_reply_every": ((int, float), "seconds of the world's clock"),
}
"""What each may be, and the cure."""


@dataclass(frozen=True, slots=True)
class Reactions:
    """What an account does with the letters that are accepted for it.

    ``bounce``: each is taken in the session and bounced with that reply ``bounce_after`` seconds later, on the world's
    clock. ``complains``: each is delivered, and a complaint of that feedback type goes ``complains_to`` the envelope's
    "sender", the "abuse" or "postmaster" address of its domain, or an address. ``auto_reply``: the text of an answer, which
    each sender gets once in ``auto_reply_every`` seconds (RFC 3834 §2). "" stands for none of it.

    Raises MisuseError for a value of another type, a bounce that is no reply of 4xx or 5xx, a feedback type that nobody
    knows, a negative time, a time or an addressee of nothing, and a complaint or an answer to what bounces.
    """

    bounce: Reply | str = ""
    bounce_after: float = 0.0
    complains: str = ""
    complains_to: str = "sender"
    auto_reply: str = ""
    auto_reply_every: float = WEEK

    def __post_init__(self) -> None:
        for name, (kind, cure) in _KINDS.items():
            value = getattr(self, name)
            if not isinstance(value, kind) or isinstance(value, bool):
                raise MisuseError(f"{name}={value!r}: write {cure}")
        if self.bounce:
            self._check_bounce()
        if self.complains and self.complains not in FEEDBACK_TYPES:
            raise MisuseError.unknown("feedback type", self.complains, FEEDBACK_TYPES)
        if self.complains_to not in ADDRESSEES:
            Address.parse(self.complains_to)
        for name, seconds in (("bounce_after", self.bounce_after), ("auto_reply_every", self.auto_reply_every)):
            if not 0 <= seconds < float("inf"):
                raise MisuseError(f"{name}={seconds}: write 0 or more seconds of the world's clock")
        self._check_alone()

    def _check_alone(self) -> None:
        """What only says how something is done does nothing alone."""
        if self.bounce_after and not self.bounce:
            raise MisuseError(
                f"bounce_after={self.bounce_after}: say what bounces too, as in bounce='550 5.1.1 No such user'"
            )
        if self.complains_to != "sender" and not self.complains:
            raise MisuseError(f"complains_to={self.complains_to!r}: say of what too, as in complains='abuse'")
        if self.auto_reply_every != WEEK and not self.auto_reply:
            raise MisuseError(f"auto_reply_every={self.auto_reply_every}: say the answer too, as in auto_reply='I am away'")

    def _check_bounce(self) -> None:
        reply = Reply.parse(self.bounce)
        if not (reply.is_permanent or reply.is_transient):
            raise MisuseError(f"bounce={str(reply)!r}: a letter bounces with 5xx, or 4xx, as in '550 5.1.1 No such user'")
        if self.complains or self.auto_reply:
            raise MisuseError(f"bounce={str(reply)!r}: who has no letter can neither complain of it nor answer it")
        object.__setattr__(self, "bounce", reply)

    @property
    def bounce_reply(self) -> Reply | None:
        """The reply that each letter bounces with; None where none does."""
        return Reply.parse(self.bounce) if self.bounce else None

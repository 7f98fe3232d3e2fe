"""What a POP3 host asks of its users: to wait between logins, to take what they have read (RFC 2449 §6.5, §6.7)."""

from dataclasses import dataclass, field

DAY = 86_400.0


@dataclass(slots=True, eq=False)
class Policy:
    """One host's: ``login_delay`` seconds from one login of a user to the next, ``expire`` days until what was retrieved is
    removed: 0 for at once, None for never. It remembers who logged in when."""

    login_delay: float = 0.0
    expire: int | None = None
    _entered: dict[str, float] = field(default_factory=dict, init=False)

    def too_early(self, user: str, now: float) -> bool:
        """Whether ``user`` has to wait at ``now`` (RFC 2449 §6.5)."""
        last = self._entered.get(user)
        return last is not None and now < last + self.login_delay

    def entered(self, user: str, now: float) -> None:
        if self.login_delay:
            self._entered[user] = now

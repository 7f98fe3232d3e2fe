"""A host: one machine of a world, with an address of its own, and what answers at each of its doors."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from mailharness.agents.reception import HostReception
from mailharness.errors import MisuseError
from mailharness.net.plan import MAIL_DOORS, Door
from mailharness.world.running_behaviours import NO_BEHAVIOURS, RunningBehaviours

if TYPE_CHECKING:
    from mailharness.world.running_queue import RunningQueue

SERVICES = {door: door.name.lower() for door in MAIL_DOORS} | {Door.DNS: "nameserver"}
"""What a door is called: the name of its endpoint in Python (``world["acme.test"].submission``) and elsewhere."""


class Endpoint(NamedTuple):
    """Where to connect: unpacks to ``(host, port)``, the host being an address in text."""

    host: str
    port: int


@dataclass(eq=False)
class RunningHost:
    """``name`` as declared, ``address`` in dotted text, ``doors`` those at which something answers.

    The endpoint of a door that the host does not have raises MisuseError naming those it has.
    """

    name: str
    address: str
    port_of: Callable[[Door], int] = field(repr=False)
    doors: frozenset[Door] = frozenset()
    reception: HostReception | None = field(default=None, repr=False)
    running: bool = True
    """False while the machine is switched off: nobody listens at its address."""
    behaviours: RunningBehaviours = field(default=NO_BEHAVIOURS, repr=False)
    """What its stateful behaviours remember, to be read and forgotten."""
    queue_of: "Callable[[RunningHost], RunningQueue] | None" = field(default=None, repr=False)
    """Set by the site that it belongs to."""

    @property
    def queue(self) -> "RunningQueue":
        """What waits on this machine for its next attempt. Raises MisuseError for one that sends no mail."""
        if self.queue_of is None or not self.doors & {Door.SMTP, Door.SUBMISSION}:
            raise MisuseError(f"{self.name} has no queue: it takes no mail to send on")
        return self.queue_of(self)

    external: bool = False
    """Whether a program that is none of ours listens at its address."""

    def _endpoint(self, door: Door) -> Endpoint:
        if door not in self.doors:
            known = ", ".join(name for one, name in SERVICES.items() if one in self.doors)
            raise MisuseError(
                f"{self.name} has no {SERVICES[door]}: nothing answers there; it has {known}, "
                f"and world['<domain>'].{SERVICES[door]} is where a domain has it"
            )
        return Endpoint(self.address, self.port_of(door))

    @property
    def smtp(self) -> Endpoint:
        return self._endpoint(Door.SMTP)

    @property
    def submission(self) -> Endpoint:
        return self._endpoint(Door.SUBMISSION)

    @property
    def submissions(self) -> Endpoint:
        return self._endpoint(Door.SUBMISSIONS)

    @property
    def imap(self) -> Endpoint:
        return self._endpoint(Door.IMAP)

    @property
    def imaps(self) -> Endpoint:
        return self._endpoint(Door.IMAPS)

    @property
    def pop3(self) -> Endpoint:
        return self._endpoint(Door.POP3)

    @property
    def pop3s(self) -> Endpoint:
        return self._endpoint(Door.POP3S)

    @property
    def lmtp(self) -> Endpoint:
        return self._endpoint(Door.LMTP)

    @property
    def nameserver(self) -> Endpoint:
        return self._endpoint(Door.DNS)

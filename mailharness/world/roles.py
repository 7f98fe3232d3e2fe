"""Which hosts of a domain do what: the blueprint with its blanks filled in."""

from collections.abc import Mapping
from functools import cache, cached_property

from mailharness.mail.address import ascii_form
from mailharness.net.plan import Door
from mailharness.world import blueprint

IMAP_DOORS = frozenset({Door.IMAP, Door.IMAPS})
POP_DOORS = frozenset({Door.POP3, Door.POP3S})
SUBMISSION_DOORS = frozenset({Door.SUBMISSION, Door.SUBMISSIONS})


class Roles:
    """One domain's, by host name."""

    def __init__(self, domain: blueprint.Domain) -> None:
        default = (f"mail.{ascii_form(domain.name)}",)
        self.gateways = (domain.mx or (f"gateway.{ascii_form(domain.name)}",)) if domain.gateway else ()
        self.mtas = default if domain.gateway else domain.mx or default
        self.mx = self.gateways or self.mtas
        self.submission = domain.submission or default
        self.imap = domain.imap or default
        self.pop = domain.pop or default
        self.nameservers = domain.ns or (f"ns.{domain.name}",)

    @cached_property
    def doors(self) -> Mapping[str, frozenset[Door]]:
        """The doors of each host, the hosts in the order of their roles. A submission host takes its users at 25 too."""
        doors: dict[str, frozenset[Door]] = {}
        roles = (
            (self.mx, frozenset({Door.SMTP})),
            (self.mtas, frozenset({Door.SMTP, Door.LMTP})),
            (self.submission, SUBMISSION_DOORS | {Door.SMTP}),
            (self.imap, IMAP_DOORS),
            (self.pop, POP_DOORS),
        )
        for names, opened in roles:
            for name in names:
                key = next((known for known in doors if known.lower() == name.lower()), name)
                doors[key] = _also(doors.get(key, frozenset()), opened)
        return doors


@cache
def _also(doors: frozenset[Door], more: frozenset[Door]) -> frozenset[Door]:
    """Both; one set for all the hosts of a world that have the same."""
    return doors | more

"""Profiles: how much of IMAP a server offers, as those that people meet do. What is not offered is not understood."""

from typing import NamedTuple

from mailharness.errors import MisuseError

SMALL_LITERAL = 4_096
_COMMANDS_OF = {
    "ACL": ("GETACL", "SETACL", "DELETEACL", "LISTRIGHTS", "MYRIGHTS"),
    "COMPRESS=DEFLATE": ("COMPRESS",),
    "CONTEXT=SEARCH": ("CANCELUPDATE",),
    "ENABLE": ("ENABLE",),
    "ID": ("ID",),
    "IDLE": ("IDLE",),
    "METADATA": ("GETMETADATA", "SETMETADATA"),
    "MOVE": ("MOVE", "UID MOVE"),
    "NAMESPACE": ("NAMESPACE",),
    "NOTIFY": ("NOTIFY",),
    "QUOTA": ("GETQUOTA", "GETQUOTAROOT", "SETQUOTA"),
    "REPLACE": ("REPLACE", "UID REPLACE"),
    "SORT": ("SORT", "UID SORT"),
    "THREAD=REFERENCES": ("THREAD", "UID THREAD"),
    "UIDPLUS": ("UID EXPUNGE",),
    "UNSELECT": ("UNSELECT",),
    "URLAUTH": ("GENURLAUTH", "RESETKEY", "URLFETCH"),
}


class Profile(NamedTuple):
    """The capabilities that are offered, by name; None: all there are."""

    offered: frozenset[str] | None = None
    labels: bool = False
    """Whether mailboxes are labels, as Gmail's are."""

    def offers(self, capability: str) -> bool:
        return self.offered is None or capability in self.offered or capability.startswith(_PLAIN)

    @property
    def unasked_limit(self) -> int | None:
        """Octets of a literal that comes without being welcomed first (RFC 7888 §5); None: any."""
        return SMALL_LITERAL if self.offers("LITERAL-") and not self.offers("LITERAL+") else None

    def knows(self, verb: str) -> bool:
        """Whether a command is understood."""
        return self.offered is None or all(self.offers(name) for name, verbs in _COMMANDS_OF.items() if verb in verbs)


_PLAIN = ("IMAP4rev1", "AUTH=", "STARTTLS", "LOGINDISABLED")
"""How a login goes is no matter of profiles."""
EVERYTHING = Profile()
PROFILES = {
    "": EVERYTHING,
    "dovecot": Profile(
        frozenset(
            "SASL-IR ID ENABLE IDLE SORT SORT=DISPLAY THREAD=REFERENCES THREAD=ORDEREDSUBJECT MULTIAPPEND CATENATE "
            "UNSELECT CHILDREN NAMESPACE UIDPLUS LIST-EXTENDED CONDSTORE QRESYNC ESEARCH ESORT SEARCHRES WITHIN "
            "CONTEXT=SEARCH LIST-STATUS BINARY MOVE PREVIEW STATUS=SIZE SAVEDATE LITERAL+ NOTIFY SPECIAL-USE QUOTA".split()
        )
    ),
    "gmail": Profile(
        frozenset(
            "UNSELECT IDLE NAMESPACE QUOTA ID CHILDREN UIDPLUS COMPRESS=DEFLATE ENABLE MOVE CONDSTORE ESEARCH UTF8=ACCEPT "
            "LIST-EXTENDED LIST-STATUS LITERAL- SPECIAL-USE APPENDLIMIT SASL-IR X-GM-EXT-1".split()
        ),
        labels=True,
    ),
    "exchange": Profile(frozenset("SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+".split())),
    "minimal": Profile(frozenset()),
}


def find_profile(name: str) -> Profile:
    """The profile called ``name``, "" being all that there is. Raises MisuseError."""
    if name not in PROFILES:
        raise MisuseError.unknown("IMAP profile", name, [one for one in PROFILES if one])
    return PROFILES[name]

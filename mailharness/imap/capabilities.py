"""What a server offers, and what a client has asked to be told from then on (RFC 3501 §6.1.1, RFC 5161)."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from mailharness.imap.grammar import Cursor
from mailharness.imap.profiles import Profile
from mailharness.imap.responses import untagged
from mailharness.imap.visit import Extension, Status, Visit


class _Moment(NamedTuple):
    """All that decides what is offered to a client: few moments differ, and each session passes some of them."""

    profile: Profile
    mechanisms: tuple[str, ...]
    append_limit: int
    may_start_tls: bool
    may_send_password: bool
    compressed: bool


def _always(_now: _Moment) -> bool:
    return True


_CAPABILITIES: tuple[tuple[str, Callable[[_Moment], bool]], ...] = (
    ("IMAP4rev1", _always),
    ("IMAP4rev2", _always),
    ("LITERAL+", _always),
    ("LITERAL-", lambda now: not now.profile.offers("LITERAL+")),  # RFC 7888 §5
    ("SASL-IR", _always),
    ("ID", _always),
    ("ENABLE", _always),
    ("IDLE", _always),
    ("NAMESPACE", _always),
    ("CHILDREN", _always),
    ("LIST-EXTENDED", _always),
    ("LIST-STATUS", _always),
    ("LIST-MYRIGHTS", _always),
    ("SPECIAL-USE", _always),
    ("CREATE-SPECIAL-USE", _always),
    ("STATUS=SIZE", _always),
    ("UIDPLUS", _always),
    ("MULTIAPPEND", _always),
    ("CATENATE", _always),
    ("REPLACE", _always),
    ("BINARY", _always),
    ("PREVIEW", _always),
    ("SAVEDATE", _always),
    ("OBJECTID", _always),
    ("UNSELECT", _always),
    ("MOVE", _always),
    ("CONDSTORE", _always),
    ("QRESYNC", _always),
    ("ESEARCH", _always),
    ("SEARCHRES", _always),
    ("CONTEXT=SEARCH", _always),
    ("CONTEXT=SORT", _always),
    ("WITHIN", _always),
    ("PARTIAL", _always),
    ("SORT", _always),
    ("SORT=DISPLAY", _always),
    ("ESORT", _always),
    ("THREAD=ORDEREDSUBJECT", _always),
    ("THREAD=REFERENCES", _always),
    ("QUOTA", _always),
    ("QUOTA=RES-STORAGE", _always),
    ("ACL", _always),
    ("RIGHTS=texk", _always),
    ("METADATA", _always),
    ("URLAUTH", _always),
    ("URLAUTH=BINARY", _always),
    ("UTF8=ACCEPT", _always),
    ("COMPRESS=DEFLATE", lambda now: not now.compressed),
    ("NOTIFY", _always),
    ("UIDONLY", _always),
    ("APPENDLIMIT", _always),
    ("X-GM-EXT-1", lambda now: now.profile.labels),
    ("STARTTLS", lambda now: now.may_start_tls),
    ("LOGINDISABLED", lambda now: not now.may_send_password),  # RFC 3501 §6.2.3
)
_ENABLED_BY: dict[str, tuple[Extension, ...]] = {
    "CONDSTORE": (Extension.CONDSTORE,),
    "QRESYNC": (Extension.CONDSTORE, Extension.QRESYNC),  # RFC 7162 §3.2.3
    "IMAP4REV2": (Extension.REV2,),  # RFC 9051 §6.3.1
    "UIDONLY": (Extension.UIDONLY,),  # RFC 9586 §3
    "UTF8=ACCEPT": (Extension.UTF8,),  # RFC 6855 §3
}
_SPELLED = {"IMAP4REV2": "IMAP4rev2"}


def capabilities(visit: Visit) -> str:
    """What is offered now, as in ``* CAPABILITY`` and ``[CAPABILITY ...]``."""
    return _offered_at(
        _Moment(
            visit.profile,
            visit.mechanisms,
            visit.append_limit,
            visit.may_start_tls,
            visit.may_send_password,
            visit.compressed,
        )
    )


@lru_cache(maxsize=64)
def _offered_at(now: _Moment) -> str:
    offers = now.profile.offers
    offered = [name for name, is_offered in _CAPABILITIES if offers(name) and is_offered(now)]
    ways = [f"AUTH={name}" for name in now.mechanisms] if now.may_send_password else []
    words = " ".join(("CAPABILITY", *offered, *filter(offers, ways)))
    return words.replace("APPENDLIMIT", f"APPENDLIMIT={now.append_limit}", 1)  # RFC 7889 §2


def capability(visit: Visit) -> Status:
    visit.write(untagged(capabilities(visit)))
    return Status("OK that is all")


def parse_enable(cursor: Cursor) -> tuple[list[str]]:
    """The names, in upper case; at least one (RFC 5161 §3.1)."""
    cursor.space()
    names = [cursor.atom().decode("ascii").upper()]
    while cursor.take(b" "):
        names.append(cursor.atom().decode("ascii").upper())
    return (names,)


def enable(visit: Visit, names: list[str]) -> Status:
    """What is not known is passed over; only what is new is told (RFC 5161 §3.2)."""
    known = [name for name in dict.fromkeys(names) if visit.profile.offers(_SPELLED.get(name, name))]
    new = [name for name in known if not set(_ENABLED_BY.get(name, ())) <= visit.enabled]
    for name in new:
        for extension in _ENABLED_BY[name]:
            visit.use(extension)
    visit.write(untagged(" ".join(("ENABLED", *(_SPELLED.get(name, name) for name in new)))))
    return Status("OK enabled")

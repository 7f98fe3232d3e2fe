"""How a reading says numbers and names: one way for the hops, the diagram and the findings."""

from mailharness.mail import Address, Reply

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def duration(seconds: float) -> str:
    """A span of time by its two largest units: ``15 min``, ``5 d 2 h``, ``0.25 s``."""
    if seconds < 1:
        return f"{max(seconds, 0):.2g} s"
    parts, rest = [], round(seconds)
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def octets(size: int) -> str:
    return "1 octet" if size == 1 else f"{size:,} octets"


def reply_line(reply: Reply) -> str:
    """A reply on one line, its own lines parted by slashes."""
    return " / ".join(reply.lines())


def names(addresses: tuple[Address, ...]) -> str:
    """Up to three addresses, and how many more there are."""
    listed = ", ".join(map(str, addresses[:3]))
    return listed if len(addresses) <= 3 else f"{listed} and {len(addresses) - 3} more"


def same_name(one: str, other: str) -> bool:
    """Whether two names of hosts are one: without case and without the root's dot (RFC 1034 §3.1)."""
    return one.rstrip(".").lower() == other.rstrip(".").lower()

"""A zone of a running world as a test holds it: read and changed from any thread, while name servers answer from it."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from mailharness.dns import Record, Zone, parse_master_file, parse_records
from mailharness.dns.name import completed, is_within, key_of
from mailharness.errors import MisuseError

_TTL = 3600

Run = Callable[..., Any]
"""Calls a function on the world's loop and gives what it returns."""


class RunningZone:
    """The records of one zone. Every change raises the serial and holds for the next question that a server is asked.

    What resolvers have cached they keep until its TTL has passed, as anywhere. Names are relative to the zone's origin
    unless they end in a dot, ``@`` is the origin; data is as in a master file. A change that breaks a rule raises
    MisuseError and changes nothing; with ``strict=False`` it is made all the same, and the zone is broken on purpose.
    """

    def __init__(self, zone: Zone, run: Run) -> None:
        self._zone = zone
        self._run = run

    @property
    def origin(self) -> str:
        return self._zone.origin

    @property
    def serial(self) -> int:
        """The serial number of the SOA (RFC 1982)."""
        return self._zone.serial

    @property
    def records(self) -> tuple[Record, ...]:
        """All records, names grouped."""
        records: tuple[Record, ...] = self._run(lambda: self._zone.records)
        return records

    def replace(self, rrtype: str, *data: str, name: str = "@", ttl: int | None = None, strict: bool = True) -> None:
        """Let ``data`` (none: remove it) be all of that type at ``name``: ``zone.replace("MX", "10 mx2")``.

        ``ttl`` in seconds is that of what was there, or 3600.
        """
        owner, kind = self._absolute(name), rrtype.upper()

        def change() -> None:
            seconds = self._ttl_at(owner, kind) if ttl is None else ttl
            lines = [f"{name} {seconds} {kind} {each}" for each in data]
            self._zone.replace(owner, kind, parse_records(lines, self.origin), strict=strict)

        self._run(change)

    def _ttl_at(self, owner: str, rrtype: str) -> int:
        key = key_of(owner)
        known = (record.ttl for record in self._zone.records if (record.key, record.rrtype) == (key, rrtype))
        return next(known, _TTL)

    def add(self, *lines: str, strict: bool = True) -> None:
        """Add records, each a line of a master file: ``zone.add("www A 127.0.0.9", "www 60 TXT hello")``."""
        records = parse_records(lines, self.origin)
        self._run(lambda: self._zone.add(*records, strict=strict))

    def remove(self, rrtype: str | None = None, *, name: str = "@") -> None:
        """Remove the records of that type at ``name``, or all there are. Raises MisuseError if there is none."""
        owner = self._absolute(name)
        self._run(lambda: self._zone.remove(owner, rrtype and rrtype.upper()))

    def _absolute(self, name: str) -> str:
        owner = completed(name, self.origin)
        if not is_within(key_of(owner), self._zone.key):
            raise MisuseError(f"{name!r} is outside of the zone {self.origin} (names without a final dot are inside)")
        return owner

    def __str__(self) -> str:
        """The zone as a master file (RFC 1035 §5)."""
        return str(self._run(self._zone.to_master_file))

    def write(self, path: str | Path) -> None:
        """Write the zone as a master file."""
        Path(path).write_text(str(self), encoding="utf-8")

    def read(self, path: str | Path, *, strict: bool = True) -> None:
        """Let the records of a master file be all of the zone's. A serial that is not later is raised."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise MisuseError(f"{path}: {error}") from None
        records: Iterable[Record] = parse_master_file(text, self.origin, folder=Path(path).parent)
        self._run(lambda: self._zone.load(records, strict=strict))

    def __repr__(self) -> str:
        return f"<zone {self.origin}, serial {self.serial}>"

"""Master files: zones as text, read as BIND and NSD read them, and written so that they do (RFC 1035 §5)."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from mailharness.dns.entries import Entry, UnreadableError, entries_of
from mailharness.dns.name import checked, complaint_about, completed, labels_of, spelled_out
from mailharness.dns.rdata import pieces_of, read_data, text_of, type_name, type_number
from mailharness.dns.record import MAX_TTL, Record
from mailharness.dns.strings import MalformedError, Word, seconds_of
from mailharness.errors import MisuseError

_DEPTH = 16
_OTHER_CLASSES = frozenset({"CH", "CS", "HS"})


def parse_master_file(text: str, origin: str, *, ttl: int = 3600, folder: Path | str | None = None) -> list[Record]:
    """The records of a master file whose names are relative to ``origin``, in their order.

    A record without a TTL has that of ``$TTL`` (RFC 2308 §4), else of the record before it, else ``ttl`` seconds. With a
    ``folder``, ``$INCLUDE`` reads files beneath it. Raises MisuseError with the line for what is no master file; what
    may stand together in one zone is Zone's to judge.
    """
    return list(_Reading(checked(origin), ttl, folder).read(text, "line"))


def parse_records(lines: Iterable[str], origin: str, ttl: int = 3600) -> list[Record]:
    """Records that are written one a line, as in ``["www A 127.0.0.9", "@ 300 MX 10 mx"]``; raises MisuseError.

    No line depends on another: each has its owner first, and without a TTL it has ``ttl`` seconds.
    """
    apex = checked(origin)
    return [record for line in lines for record in _Reading(apex, ttl, None).read(line.strip(), f"{line!r}, line")]


class _Reading:
    """What is in force at one point of a file (RFC 1035 §5.1)."""

    def __init__(self, origin: str, ttl: int, folder: Path | str | None, depth: int = 0) -> None:
        self._origin = origin
        self._ttl = ttl
        self._default: int | None = None
        self._owner = ""
        self._folder = None if folder is None else Path(folder)
        self._depth = depth

    def read(self, text: str, where: str) -> Iterator[Record]:
        line = 1
        try:
            for entry in entries_of(text):
                line = entry.line
                yield from self._read_entry(entry)
        except UnreadableError as complaint:
            raise MisuseError(f"{where} {complaint.line}: {complaint}") from None
        except (MalformedError, MisuseError) as complaint:
            raise MisuseError(f"{where} {line}: {complaint}") from None

    def _read_entry(self, entry: Entry) -> Iterable[Record]:
        first = entry.words[0]
        if first.text.startswith("$") and not first.quoted and not entry.indented:
            return self._obey(first.text.upper(), [word.text for word in entry.words[1:]])
        return (self._record(entry),)

    # -- directives ----

    def _obey(self, directive: str, arguments: list[str]) -> Iterable[Record]:
        if directive == "$INCLUDE" and len(arguments) in (1, 2):
            return self._include(*arguments)
        if directive not in ("$ORIGIN", "$TTL") or len(arguments) != 1:
            raise MalformedError(
                f"{directive} is none of $ORIGIN name, $TTL duration, $INCLUDE file [origin] (RFC 1035 §5.1)"
            )
        if directive == "$ORIGIN":
            self._origin = self._name(arguments[0])
        else:
            self._default = _ttl_of(arguments[0])
        return ()

    def _include(self, file: str, origin: str = "@") -> Iterable[Record]:
        """The file's records; its origin and owner end with it (RFC 1035 §5.1)."""
        if self._folder is None:
            raise MalformedError(f"$INCLUDE {file}: give the folder that files are read from, as folder=")
        path = (self._folder / file).resolve()
        if not path.is_relative_to(self._folder.resolve()) or not path.is_file():
            raise MalformedError(f"$INCLUDE {file}: there is no such file in {self._folder}")
        if self._depth == _DEPTH:
            raise MalformedError(f"$INCLUDE {file}: files include each other more than {_DEPTH} deep")
        inner = _Reading(self._name(origin), self._ttl, self._folder, self._depth + 1)
        inner._default, inner._owner = self._default, self._owner
        return inner.read(path.read_text(encoding="utf-8"), f"{file} line")

    def _name(self, text: str) -> str:
        name = completed(text, self._origin)
        complaint = complaint_about(name)
        if complaint:
            raise MalformedError(complaint)
        return name

    # -- records ----

    def _record(self, entry: Entry) -> Record:
        words = list(entry.words)
        if not entry.indented:
            self._owner = self._name(words.pop(0).text)
        elif not self._owner:
            raise MalformedError(
                "begins with a blank, and there is no owner before it; write @ for the origin (RFC 1035 §5.1)"
            )
        ttl = self._take_ttl_and_class(words)
        if len(words) < 2:
            raise MalformedError("a record has an owner, a type and data, as in 'www 300 A 127.0.0.1' (RFC 1035 §5.1)")
        rrtype = _type_of(words.pop(0))
        pieces = read_data(rrtype, words, self._origin)
        return Record(self._owner, rrtype, ttl, text_of(rrtype, pieces))

    def _take_ttl_and_class(self, words: list[Word]) -> int:
        """Both may be there or not, in either order; a TTL holds for the records after it that have none."""
        taken: set[str] = set()
        explicit = None
        while words and (kind := _kind(words[0].text)) and kind not in taken:
            taken.add(kind)
            word = words.pop(0)
            if kind == "TTL":
                explicit = self._ttl = _ttl_of(word.text)
        if explicit is not None:
            return explicit
        return self._ttl if self._default is None else self._default


def _kind(text: str) -> str:
    if text.upper() in _OTHER_CLASSES:
        raise MalformedError(f"the class is IN, not {text} (RFC 1035 §3.2.4)")
    return "class" if text.upper() in ("IN", "CLASS1") else "TTL" if seconds_of(text) is not None else ""


def _ttl_of(text: str) -> int:
    ttl = seconds_of(text)
    if ttl is None or ttl > MAX_TTL:
        raise MalformedError(f"{text!r} is no TTL of 0 to {MAX_TTL} seconds, as 3600 or 1h30m are (RFC 2181 §8)")
    return ttl


def _type_of(word: Word) -> str:
    return type_name(type_number(word.text.upper()))  # TYPE15 is MX (RFC 3597 §5)


# -- writing ----


def written(origin: str, records: Iterable[Record]) -> str:
    """A master file of the records, the SOA first; every name is absolute and every TTL is there."""
    lines = [master_line(record) for record in sorted(records, key=lambda record: record.rrtype != "SOA")]
    return "\n".join([f"$ORIGIN {spelled_out(labels_of(origin))}", *lines, ""])


def master_line(record: Record) -> str:
    data = text_of(record.rrtype, pieces_of(record.rrtype, record.data), spelled_out)
    return f"{spelled_out(labels_of(record.name))} {record.ttl} IN {record.rrtype} {data}"

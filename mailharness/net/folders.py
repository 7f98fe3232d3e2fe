"""A user's mailboxes on disk, all in one folder: as Maildir++, as Dovecot and Courier keep them, or as mbox files.

INBOX is the Maildir itself or the file INBOX, ``Lists/team`` the folder ``.Lists.team`` or the file ``Lists.team``; names
are in modified UTF-7, a dot in one of them as well.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mailharness.errors import MisuseError
from mailharness.imap.names import from_wire, to_wire
from mailharness.mailbox import INBOX, SEPARATOR, CannotError
from mailharness.net.archives import FORMATS, Archived, read_archive, write_archive

_DOT = "&AC4-"
_MARK = "maildirfolder"
"""The file that says of a Maildir that it is a folder of the one around it."""


def write_folders(path: Path, form: str, mailboxes: Mapping[str, Sequence[Archived]]) -> None:
    """Write ``mailboxes``, by name, to the folder ``path``, as "maildir" or "mbox".

    Raises MisuseError for another format, where something is there already, and where nothing can be written.
    """
    if form not in FORMATS:
        raise MisuseError.unknown("format of an archive", form, FORMATS)
    if form == "maildir":
        write_archive(path, form, mailboxes.get(INBOX, ()))
    elif path.exists():
        raise MisuseError(f"{str(path)!r} is there already; name a new folder")
    for name, messages in mailboxes.items():
        if name != INBOX or form == "mbox":
            _write_one(path, form, name, messages)


def _write_one(path: Path, form: str, name: str, messages: Sequence[Archived]) -> None:
    try:
        path.mkdir(exist_ok=True)
        place = path / (f".{_on_disk(name)}" if form == "maildir" else _on_disk(name))
        write_archive(place, form, messages)
        if form == "maildir":
            (place / _MARK).touch()
    except OSError as error:
        raise MisuseError(f"{str(path)!r}: {error}; name a new folder in one that may be written to") from None


def read_folders(path: Path) -> dict[str, list[Archived]]:
    """What is in the folder at ``path``, by the names of mailboxes. Raises MisuseError where it holds no mailboxes."""
    try:
        if (path / "cur").is_dir():
            inside = [one for one in path.iterdir() if one.name.startswith(".") and (one / "cur").is_dir()]
            return {INBOX: read_archive(path), **{_name(one.name[1:]): read_archive(one) for one in sorted(inside)}}
        return {_name(one.name): read_archive(one) for one in sorted(path.iterdir()) if one.is_file()}
    except OSError as error:
        raise MisuseError(f"{str(path)!r}: {error}; name a Maildir, or a folder of mbox files") from None


def _on_disk(name: str) -> str:
    return ".".join(to_wire(level).decode("ascii").replace(".", _DOT) for level in name.split(SEPARATOR))


def _name(on_disk: str) -> str:
    try:
        return SEPARATOR.join(from_wire(level.encode("utf-8")) for level in on_disk.split("."))
    except CannotError as error:
        raise MisuseError(f"{on_disk!r} is no name of a mailbox: {error.text}; rename it in modified UTF-7") from None

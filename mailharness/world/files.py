"""The files of a world: its queues and its mailboxes, where they are to outlive it."""

import contextlib
import typing
from collections import Counter
from collections.abc import Container, Iterable
from pathlib import Path

from mailharness.agents.ports import Storage
from mailharness.agents.store import POSTMASTER
from mailharness.errors import MisuseError
from mailharness.mail import Address
from mailharness.world.site import Site

if typing.TYPE_CHECKING:
    from mailharness.net.mailstore import MailStore
    from mailharness.net.storage import SqliteStorage

Opened: typing.TypeAlias = "tuple[SqliteStorage | None, MailStore | None, Storage | None]"
"""The spool, the store, and what the actors are given of both."""


def open_files(spool: str | Path | None, store: str | Path | None, held: contextlib.ExitStack) -> Opened:
    """Open what is named; ``held`` closes it. What it stands on is loaded only where it is wanted. Raises MisuseError."""
    if spool is None and store is None:
        return None, None, None
    from mailharness.net.kept import KeptTogether
    from mailharness.net.mailstore import MailStore
    from mailharness.net.storage import SqliteStorage

    with contextlib.ExitStack() as opening:
        queues = None if spool is None else SqliteStorage(spool)
        if queues is not None:
            opening.callback(queues.close)
        mail = None if store is None else MailStore(store)
        opening.pop_all()
    if mail is None:
        assert queues is not None
        held.callback(queues.close)
        return queues, None, queues
    both = KeptTogether(mail, queues)
    held.callback(both.close)
    return queues, mail, both


def check_letters(spool: "SqliteStorage | None", hosts: Container[str]) -> None:
    """Raise MisuseError where letters wait in ``spool`` at a host that is none of ``hosts`` (in lower case)."""
    missing = Counter(kept.host for kept in spool.kept if kept.host.lower() not in hosts) if spool is not None else None
    if missing and spool is not None:
        told = ", ".join(f"{host} ({count})" for host, count in missing.items())
        raise MisuseError(
            f"spool={str(spool.path)!r}: letters wait in it at hosts that this world has not: {told}; declare "
            "their domains again, or name another file"
        )


def take_in(store: "MailStore | None", sites: Iterable[Site]) -> None:
    """Let every account of ``sites`` go on with what was kept of it. Raises MisuseError where mail is left of others."""
    if store is None:
        return
    for site in sites:
        accounts = dict.fromkeys(site.store)
        postmaster = site.store.find(Address(POSTMASTER, site.name))  # made now, or a declared one
        for account in [*accounts, *([postmaster] if postmaster is not None and postmaster not in accounts else [])]:
            store.take_in(account)
    left = {address: count for address, count in store.left.items() if count}
    if left:
        told = ", ".join(f"{address} ({count})" for address, count in left.items())
        raise MisuseError(
            f"store={str(store.path)!r}: messages are in it for users that this world has not: {told}; declare "
            "them again, or name another file"
        )

"""A real Postfix as a machine of a world: everything it has lies in a folder of its own, and it ends with the test.

It runs in the foreground and tells its log to us, so that a test waits for what Postfix says and never for time.
"""

import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from mailharness.world import RunningHost
from tests.interop.nameservers import find_server
from tests.interop.running import PATIENCE, Running, run

MAIN = """\
compatibility_level = 3.6
config_directory = {folder}/etc
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = /dev/stdout
mail_owner = postfix
setgid_group = postdrop
import_environment = MAIL_CONFIG TZ=UTC LANG=C
myhostname = {host}
mydestination =
local_recipient_maps =
alias_maps =
biff = no
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_bind_address = {address}
smtp_host_lookup = dns
smtp_tls_security_level = may
smtpd_relay_restrictions = permit_mynetworks, reject
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{ {mailboxes} }}
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
"""
MASTER = """\
{address}:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp -o smtp_tcp_port={port}
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
showq unix n - n - - showq
postlog unix-dgram n - n - 1 postlogd
"""
FLUSHES = 60


class Postfix(Running):
    """One that runs: ``log`` is its mail log."""

    def __init__(self, program: Callable[[str], str], folder: Path, inside: Sequence[object]) -> None:
        self.folder = folder
        self._postqueue = find_server(program, "postqueue")
        super().__init__([*inside, find_server(program, "postfix"), "-c", folder / "etc", "start-fg"])

    def flush_until(self, pattern: str, after: int) -> None:
        """Have it try again what waits in its queue; more than once, since it says so a moment before a letter waits."""
        for _ in range(FLUSHES):
            run(self._postqueue, "-c", self.folder / "etc", "-f")
            if self.find(pattern, after, PATIENCE / FLUSHES):
                return
        self.wait_for(pattern, after)

    def mailbox(self, user: str) -> list[bytes]:
        """The letters in the user's Maildir, in no order."""
        return [path.read_bytes() for path in (self.folder / "mail" / user / "new").glob("*")]

    def terminate(self) -> None:
        """Tell the master; where it never came up, whoever was to start it."""
        if not end_master(self.folder):
            super().terminate()


def end_master(folder: Path) -> bool:
    """Have the master of the Postfix in ``folder`` end, and its children with it; False where there is none.

    It leads a session of its own, so that nobody who started it can end it otherwise.
    """
    master = folder / "queue/pid/master.pid"
    if master.exists():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(master.read_text()), signal.SIGTERM)
    return master.exists()


@contextlib.contextmanager
def running_postfix(
    program: Callable[[str], str],
    host: RunningHost,
    users: Sequence[str],
    settings: Mapping[str, str],
    *,
    inside: Sequence[object] = (),
) -> Iterator[Postfix]:
    """Postfix at the ``host``'s address, with Maildirs for ``users`` of the domain above the host's name.

    ``settings`` are lines of main.cf; ``inside`` is a command that it is started by, as one that gives it a name space.
    Skips the test where it cannot be run.
    """
    if os.geteuid():
        pytest.skip("Postfix is started by root only")
    folder = Path(tempfile.mkdtemp(prefix="postfix-"))
    try:
        _furnish(folder, host, users, settings)
        postfix = Postfix(program, folder, inside)
        try:
            postfix.wait_for("daemon started")
            yield postfix
        finally:
            postfix.stop()
    finally:
        shutil.rmtree(folder)


def _furnish(folder: Path, host: RunningHost, users: Sequence[str], settings: Mapping[str, str]) -> None:
    """The folders, whose way must be open to Postfix's own user, and the configuration."""
    folder.chmod(0o755)
    for name in ("etc", "queue", "data", "mail"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    shutil.chown(folder / "mail", 65534, 65534)
    domain = host.name.partition(".")[2]
    address, port = host.smtp
    mailboxes = ", ".join(f"{{ {user}@{domain} = {user}/ }}" for user in users)
    main = MAIN.format(folder=folder, host=host.name, domain=domain, address=address, mailboxes=mailboxes)
    lines = main + "".join(f"{name} = {value}\n" for name, value in settings.items())
    (folder / "etc" / "main.cf").write_text(lines)
    (folder / "etc" / "master.cf").write_text(MASTER.format(address=address, port=port))

"""The IMAP and POP3 servers that stand side by side, each on loopback, in memory or with a folder of its own."""

import importlib.util
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from mailharness import World
from tests.benchmarks.catchers import listens
from tests.interop.running import Running

Address = tuple[str, int]


class MailServer(NamedTuple):
    """Where it listens (POP3: None where it has none), who has a mailbox there, and what its processes have used."""

    imap: Address
    pop3: Address | None
    user: str
    password: str
    cpu: Callable[[], float]

    @property
    def inbox(self) -> dict[str, object]:
        """The client's arguments for IMAP."""
        return {"target": self.imap, "user": self.user, "password": self.password}

    @property
    def maildrop(self) -> dict[str, object]:
        """The client's arguments for POP3."""
        return {**self.inbox, "target": self.pop3}


@contextmanager
def ours() -> Iterator[MailServer]:
    with World() as world:
        user, site = world.users[0], world["exampleA.tst"]
        yield MailServer(site.imap, site.pop3, str(user), user.password, time.process_time)


_DOVECOT = """\
base_dir = {folder}/run
state_dir = {folder}/run
log_path = /dev/stderr
protocols = imap pop3
listen = {address}
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
default_login_user = {login}
default_internal_user = {login}
default_internal_group = {group}
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={owner} gid={group} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  {chroot}
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  {chroot}
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
"""
_TUNED = """\
mail_fsync = never
service imap-login {
  service_count = 0
  process_min_avail = 2
}
service imap {
  service_count = 1000000
  process_min_avail = 2
}
service pop3-login {
  service_count = 0
  process_min_avail = 2
}
service pop3 {
  service_count = 1000000
  process_min_avail = 2
}
"""
"""Nothing waits for the disk, and no session for a new process."""


@contextmanager
def dovecot(more: str = "") -> Iterator[MailServer]:
    """Debian's, with its defaults but for where its things are."""
    command = shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if command is None:
        raise ModuleNotFoundError("dovecot-imapd and dovecot-pop3d are not installed")
    with tempfile.TemporaryDirectory(prefix="dovecot-") as name, ExitStack() as stack:
        imap, pop3 = _free(), _free()
        settings = Path(name) / "dovecot.conf"
        settings.write_text(
            _DOVECOT.format(folder=name, address=imap[0], imap=imap[1], pop3=pop3[1], **_rights(name)) + more
        )
        server = Running([command, "-F", "-c", settings])
        stack.callback(server.stop)
        server.wait_for("starting up")
        _await(server, imap, pop3)
        yield MailServer(imap, pop3, "user", "secret", partial(_of_family, server.process.pid))


def _rights(folder: str) -> dict[str, str]:
    """Root lends the mail to nobody; whoever else starts Dovecot does all themselves."""
    mail = Path(folder) / "mail"
    mail.mkdir()
    if os.geteuid() == 0:
        Path(folder).chmod(0o755)
        shutil.chown(mail, "nobody", "nogroup")
        return {"login": "nobody", "owner": "nobody", "group": "nogroup", "chroot": ""}
    user, group = Path(folder).owner(), Path(folder).group()
    return {"login": user, "owner": user, "group": group, "chroot": "chroot ="}


@contextmanager
def pymap() -> Iterator[MailServer]:
    """With its messages in memory."""
    if importlib.util.find_spec("pymap") is None:
        raise ModuleNotFoundError("pymap is not installed")
    address = _free()
    place = ["--host", address[0], "--port", address[1], "--no-tls", "--no-service", "admin", "--no-service", "managesieve"]
    entry = "import sys; from pymap.main import main; sys.exit(main())"
    server = Running([sys.executable, "-c", entry, *place, "dict", "--demo-user", "user", "--demo-password", "secret"])
    try:
        _await(server, address)
        yield MailServer(address, None, "user", "secret", partial(_of_family, server.process.pid))
    finally:
        server.stop()


SERVERS: dict[str, Callable[[], AbstractContextManager[MailServer]]] = {
    "ours": ours,
    "Dovecot": dovecot,
    "Dovecot tuned": partial(dovecot, _TUNED),
    "pymap": pymap,
}


def _free() -> Address:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address: Address = free.getsockname()
    return address


def _await(server: Running, *addresses: Address) -> None:
    for address in addresses:
        while not listens(address):
            assert server.process.poll() is None, server.log


def _of_family(pid: int) -> float:
    """Seconds that a process, its children and those that it has buried have run; as Linux tells, in ticks."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0.0
    return sum(map(int, told[11:15])) / os.sysconf("SC_CLK_TCK") + sum(_of_family(int(child)) for child in children)

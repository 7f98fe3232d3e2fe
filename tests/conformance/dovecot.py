"""Dovecot, run from a folder of its own on a free port of loopback: whoever says "secret" has mail."""

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

CONFIGURATION = """\
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap pop3
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
default_internal_user = {user}
default_login_user = {login_user}
default_internal_group = {group}
default_client_limit = 4096
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={mail_user} gid={mail_group} home={folder}/home/%u
}}
first_valid_uid = 1
first_valid_gid = 1
mail_location = sdbox:~/mail
mail_fsync = never
mail_plugins = quota acl notify
mail_attribute_dict = file:%h/attributes
mail_max_userip_connections = 0
mailbox_idle_check_interval = 1 secs
plugin {{
  quota = count:User quota
  quota_rule = *:storage=1M
  quota_vsizes = yes
  acl = vfile
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox INBOX {{
    auto = subscribe
  }}
  mailbox Sent {{
    special_use = \\Sent
    auto = subscribe
  }}
}}
protocol imap {{
  mail_plugins = $mail_plugins imap_quota imap_acl
  imap_metadata = yes
}}
service imap-login {{
  chroot =
  service_count = 0
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  chroot =
  service_count = 0
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service imap {{
  service_count = 0
}}
service pop3 {{
  service_count = 0
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


class Doors(NamedTuple):
    """Where a server listens; its users have the password "secret", an empty INBOX and a folder Sent."""

    imap: tuple[str, int]
    pop3: tuple[str, int]


@contextmanager
def running(command: str) -> Iterator[Doors]:
    """A Dovecot of the test's own, where every name is a user; ``command`` is the program."""
    # A short name: the paths of its sockets may have 107 octets.
    with tempfile.TemporaryDirectory(prefix="dc") as name:
        folder = Path(name)
        folder.chmod(0o755)
        imap, pop3 = _free_ports()
        (folder / "home").mkdir()
        if os.geteuid() == 0:
            shutil.chown(folder / "home", "nobody", "nogroup")
        (folder / "dovecot.conf").write_text(CONFIGURATION.format(folder=folder, imap=imap, pop3=pop3, **_people()))
        program = subprocess.Popen([command, "-F", "-c", folder / "dovecot.conf"], stderr=subprocess.DEVNULL)
        try:
            _wait_until_it_listens(program, imap, folder / "log")
            yield Doors(("127.0.0.1", imap), ("127.0.0.1", pop3))
        finally:
            program.terminate()
            program.wait(20)


def _people() -> dict[str, str]:
    """As root it drops what it need not have; anyone else runs all of it."""
    if os.geteuid() == 0:
        own = {"user": "dovecot", "group": "dovecot", "login_user": "dovenull"}
        return own | {"mail_user": "nobody", "mail_group": "nogroup"}
    user, group = getpass.getuser(), str(os.getegid())
    return {"user": user, "group": group, "login_user": user, "mail_user": user, "mail_group": group}


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _wait_until_it_listens(program: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    while program.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
                assert sock.recv(1024).startswith(b"* OK")
                return
        except ConnectionRefusedError:
            continue
    raise AssertionError(f"Dovecot ended with {program.returncode}: {log.read_text() if log.exists() else 'no log'}")

"""Servers of others that letters of ours are sent to: smtp-sink, and a real Postfix that holds what it has taken."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop.nameservers import find_server
from tests.interop.postfix import end_master
from tests.interop.running import PATIENCE, run
from tests.interop.test_unbound import ATTEMPTS, free_port

MAIN = """\
compatibility_level = 3.6
config_directory = {folder}/etc
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = /dev/stdout
mail_owner = postfix
setgid_group = postdrop
import_environment = MAIL_CONFIG TZ=UTC LANG=C
myhostname = mx.b.test
mydestination = b.test
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
message_size_limit = 3000000
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_client_access static:HOLD
"""
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


def _connected(running: "subprocess.Popen[bytes]", family: socket.AddressFamily, where: object) -> socket.socket:
    """A socket to whoever listens there, as soon as somebody does."""
    for _ in range(ATTEMPTS):
        sock = socket.socket(family)
        try:
            sock.connect(where)  # type: ignore[arg-type]
        except OSError:
            sock.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(0.1)
                pytest.fail(f"{running.args!r} ended with {running.returncode}")
            continue
        sock.setblocking(False)
        return sock
    pytest.fail(f"{running.args!r} never listened")


@contextlib.contextmanager
def smtp_sink(program: Callable[[str], str], *options: str) -> Iterator[tuple[socket.socket, Path]]:
    """A socket to an smtp-sink with these options, and the file that has what it was sent once the session is over."""
    with tempfile.TemporaryDirectory(prefix="sink-") as name:
        folder = Path(name)
        who = ["-u", "root"] if os.geteuid() == 0 else []
        command = [
            find_server(program, "smtp-sink"),
            *who,
            *options,
            "-D",
            str(folder / "dump"),
            f"unix:{folder / 'door'}",
            "9",
        ]
        running = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            with _connected(running, socket.AF_UNIX, str(folder / "door")) as sock:
                yield sock, folder / "dump"
        finally:
            running.terminate()
            running.wait(PATIENCE)


class Holding:
    """A Postfix that runs: a socket to it, and the letters that it holds."""

    def __init__(self, folder: Path, sock: socket.socket, postcat: str) -> None:
        self._folder = folder
        self._postcat = postcat
        self.sock = sock

    def _cat(self, *options: str) -> bytes:
        (held,) = (path for path in (self._folder / "queue" / "hold").rglob("*") if path.is_file())
        return run(self._postcat, "-c", self._folder / "etc", *options, held)

    @property
    def envelope(self) -> list[str]:
        """What its queue file says in front of the letter, line by line."""
        return self._cat("-e").decode().splitlines()

    @property
    def letter(self) -> str:
        """The letter that it holds, in lines as Postfix keeps it."""
        return self._cat("-bh").decode("utf-8", "surrogateescape")


@contextlib.contextmanager
def postfix(program: Callable[[str], str]) -> Iterator[Holding]:
    """A Postfix of its own folder, in the foreground; it skips the test where nobody may start one."""
    starter, postcat = (find_server(program, name) for name in ("postfix", "postcat"))
    if os.geteuid() != 0:
        pytest.skip("only root can start Postfix")
    with tempfile.TemporaryDirectory(prefix="postfix-") as name:
        folder, port = Path(name), free_port()
        folder.chmod(0o755)
        for part in ("etc", "queue", "data"):
            (folder / part).mkdir()
        shutil.chown(folder / "data", "postfix")
        (folder / "etc" / "main.cf").write_text(MAIN.format(folder=folder))
        (folder / "etc" / "master.cf").write_text(MASTER.format(port=port))
        command = [starter, "-c", str(folder / "etc"), "start-fg"]
        with (folder / "log").open("wb") as log:
            running = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            with _connected(running, socket.AF_INET, ("127.0.0.1", port)) as sock:
                yield Holding(folder, sock, postcat)
        finally:
            if not end_master(folder):
                running.terminate()
            running.wait(PATIENCE)

"""Name servers of others, run as children of a test on a free port of loopback, and asked over UDP and TCP."""

import shutil
import socket
import struct
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mailharness.dns import Zone, make_query
from tests.interop.test_unbound import ATTEMPTS, free_port

NSD = """\
server:
  ip-address: 127.0.0.1@{port}
  zonesdir: "{folder}"
  database: ""
  pidfile: ""
  username: ""
  chroot: ""
  xfrdfile: "{folder}/xfrd.state"
  zonelistfile: "{folder}/zone.list"
  server-count: 1
  rrl-ratelimit: 0
  minimal-responses: yes
remote-control:
  control-enable: no
"""
NAMED = """\
options {{
  directory "{folder}";
  listen-on port {port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  pid-file none;
  session-keyfile none;
  recursion no;
  dnssec-validation no;
  empty-zones-enable no;
  notify no;
  allow-transfer {{ none; }};
  minimal-responses yes;
  check-names primary ignore;
  check-integrity no;
}};
controls {{ }};
"""
NSD_ZONE = 'zone:\n  name: "{name}"\n  zonefile: "{file}"\n'
NAMED_ZONE = 'zone "{name}" {{ type primary; file "{file}"; }};\n'
COMMANDS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "nsd": (NSD, NSD_ZONE, ("-d", "-c")),
    "named": (NAMED, NAMED_ZONE, ("-g", "-n", "1", "-c")),
}

LISTENING = make_query(".", "NS")
"""Whatever comes back, somebody listens."""


class Door:
    """A name server's address, asked over UDP or TCP until it answers; answers are told apart by their ids."""

    def __init__(self, address: tuple[str, int], check: Callable[[], None] = lambda: None) -> None:
        self.address = address
        self._check = check
        self._listens = False

    def ask(self, query: bytes, *, tcp: bool = False) -> bytes:
        """The answer to ``query``; AssertionError if there is none in time."""
        if tcp and not self._listens:
            self.ask(LISTENING)  # a refused connection comes at once, and cannot be waited for
        for _ in range(ATTEMPTS):
            self._check()
            try:
                answer = self._ask_tcp(query) if tcp else self._ask_udp(query)
            except (TimeoutError, ConnectionError):
                continue
            if answer:
                self._listens = True
                return answer
        raise AssertionError(f"no answer to {query!r}")

    def _ask_udp(self, query: bytes) -> bytes:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.settimeout(0.1)
            asker.connect(self.address)
            asker.send(query)
            while (answer := self._receive(asker))[:2] != query[:2]:
                continue
            return answer

    def _receive(self, asker: socket.socket) -> bytes:
        """One packet; where nobody listens yet, wait as long as for one."""
        try:
            return asker.recv(65_535)
        except ConnectionRefusedError:
            return asker.recv(65_535)

    def ask_at_once(self, queries: list[bytes]) -> list[bytes]:
        """The answers to queries that are sent together over one connection (RFC 7766 §6.2.1.1), as they come."""
        self.ask(LISTENING, tcp=True)
        with socket.create_connection(self.address, 5) as asker, asker.makefile("rb") as answers:
            asker.sendall(b"".join(struct.pack("!H", len(query)) + query for query in queries))
            return [answers.read(int.from_bytes(answers.read(2), "big")) for _ in queries]

    def ask_once(self, query: bytes) -> bytes:
        """What a server that is known to listen answers over TCP, nothing if it hangs up."""
        self.ask(LISTENING, tcp=True)
        try:
            return self._ask_tcp(query)
        except ConnectionError:
            return b""

    def _ask_tcp(self, query: bytes) -> bytes:
        with socket.create_connection(self.address, 5) as asker, asker.makefile("rb") as answers:
            asker.sendall(struct.pack("!H", len(query)) + query)
            size = answers.read(2)
            return answers.read(int.from_bytes(size, "big")) if size else b""


@contextmanager
def serving(kind: str, command: str, zones: Mapping[str, Zone], folder: Path) -> Iterator[Door]:
    """The program ``command``, an "nsd" or a "named", with the zones' master files."""
    head, zone_form, arguments = COMMANDS[kind]
    port = free_port()
    lines = [head.format(port=port, folder=folder)]
    for name, zone in zones.items():
        (folder / name).write_text(zone.to_master_file())
        lines.append(zone_form.format(name=name, file=name))
    config, log = folder / f"{kind}.conf", folder / f"{kind}.log"
    config.write_text("".join(lines))
    with log.open("wb") as told:
        running = subprocess.Popen([command, *arguments, str(config)], stdout=told, stderr=told, cwd=folder)

    def check() -> None:
        assert running.poll() is None, log.read_text()

    try:
        yield Door(("127.0.0.1", port), check)
    finally:
        running.terminate()
        running.wait(10)


def find_server(program: Callable[[str], str], name: str) -> str:
    """A server, or a tool of its makers: their place is where a user's PATH need not look."""
    return shutil.which(name, path="/usr/sbin:/usr/local/sbin") or program(name)

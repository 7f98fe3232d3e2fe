"""Four programs that submit a letter to a host, and what each of them puts on the wire.

smtplib, aiosmtplib and curl send a letter whose lines end in CRLF as it is. Where the last line does not end, each of
them ends it: SMTP has no other way. What swaks changes is told in ``swaks_file``.
"""

import asyncio
import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aiosmtplib

from mailharness.world import Endpoint
from tests.interop.running import run

SENDER = "userA@exampleA.tst"


@dataclass(frozen=True)
class Submission:
    """One letter on its way to a host: ``octets`` of a message, an envelope, and a folder for a program's files."""

    host: Endpoint
    sender: str
    recipient: str
    octets: bytes
    folder: Path
    program: Callable[[str], str]

    @property
    def on_the_wire(self) -> bytes:
        """What a sender that changes nothing hands over: every line ends in CRLF."""
        return self.octets if self.octets.endswith(b"\r\n") else self.octets + b"\r\n"

    @property
    def options(self) -> list[str]:
        """MAIL parameters, as a careful program chooses them (RFC 6152 §2, RFC 6531 §3.4)."""
        header = self.octets.partition(b"\r\n\r\n")[0]
        international = not (header.isascii() and self.recipient.isascii())
        return ["BODY=8BITMIME"] * (not self.octets.isascii()) + ["SMTPUTF8"] * international

    def file(self, octets: bytes) -> Path:
        path = self.folder / "letter.eml"
        path.write_bytes(octets)
        return path


def by_smtplib(letter: Submission) -> bytes:
    with smtplib.SMTP(*letter.host, local_hostname="desk.exampleA.tst", timeout=30) as client:
        assert client.sendmail(letter.sender, [letter.recipient], letter.octets, letter.options) == {}
    return letter.on_the_wire


def by_aiosmtplib(letter: Submission) -> bytes:
    async def send() -> None:
        host, port = letter.host
        client = aiosmtplib.SMTP(hostname=host, port=port, local_hostname="desk.exampleA.tst", start_tls=False)
        async with client:
            refused, _ = await client.sendmail(
                letter.sender, [letter.recipient], letter.octets, mail_options=letter.options
            )
            assert refused == {}

    asyncio.run(send())
    return letter.on_the_wire


def by_curl(letter: Submission) -> bytes:
    host, port = letter.host
    envelope = ("--mail-from", letter.sender, "--mail-rcpt", letter.recipient)
    url = f"smtp://{host}:{port}/desk.exampleA.tst"
    run(letter.program("curl"), "-sS", url, *envelope, "--upload-file", letter.file(letter.octets))
    return letter.on_the_wire


def by_swaks(letter: Submission) -> bytes:
    host, port = letter.host
    file, wire = swaks_file(letter)
    envelope = ("--from", SENDER, "--to", letter.recipient.replace("+李", ""))
    command = (letter.program("swaks"), "--silent", "2", "--server", host, "--port", port, "--helo", "desk.exampleA.tst")
    run(*command, *envelope, "--data", f"@{letter.file(file)}")
    return wire


def swaks_file(letter: Submission) -> tuple[bytes, bytes]:
    """What the file for swaks has to hold, and what swaks makes of it on the wire.

    It writes a CRLF behind whatever it is given, so a letter whose last line ends would grow by an empty one: the file
    ends in the closing dot that swaks takes off. Without an empty line it takes the whole file for a header and
    writes one, dot and all: there the dot stays away, and two empty lines are on the wire. It knows no SMTPUTF8, so that
    sender and recipient are named in ASCII; the octets of the header are sent as they are.
    """
    octets = letter.octets
    if b"\r\n\r\n" not in octets:
        return octets, octets + b"\r\n\r\n"
    return (octets + b".\r\n", octets) if octets.endswith(b"\r\n") else (octets, letter.on_the_wire)


SENDERS: dict[str, Callable[[Submission], bytes]] = {
    "smtplib": by_smtplib,
    "aiosmtplib": by_aiosmtplib,
    "curl": by_curl,
    "swaks": by_swaks,
}
"""Each submits a letter and returns what it put on the wire, dots un-stuffed."""

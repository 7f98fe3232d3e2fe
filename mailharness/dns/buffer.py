"""Names in packets, both ways (RFC 1035 §4.1.4): dnslib's buffer, with limits that keep hostile octets cheap."""

from typing import Any

import dnslib

_MAX_NAME = 255
_MAX_JUMPS = 126
_LAST_POINTER = 0x3F00


class Octets(dnslib.DNSBuffer):  # type: ignore[misc]
    """A packet that is read or written; raises dnslib.BufferError for a name that breaks a limit."""

    offset: int

    def decode_name(self, last: int = -1) -> Any:  # noqa: ARG002 - dnslib's signature
        """The name at the offset: any octets in its labels, at most 255 in all, pointers strictly backwards."""
        labels: list[bytes] = []
        size = jumps = 0
        at, behind = self.offset, 0
        while (length := self._octet(at)) != 0:
            if length < 64:
                labels.append(bytes(self.data[at + 1 : at + 1 + length]))
                at += 1 + length
                size += 1 + length
            else:
                behind = behind or at + 2
                at, jumps = self._jump(at, length), jumps + 1
            if size >= _MAX_NAME or jumps > _MAX_JUMPS:
                raise dnslib.BufferError(f"the name at {self.offset} is over {_MAX_NAME} octets")
        self.offset = behind or at + 1
        return dnslib.DNSLabel(labels)

    def _octet(self, at: int) -> int:
        if at >= len(self.data):
            raise dnslib.BufferError("the packet ends within a name")
        return int(self.data[at])

    def _jump(self, at: int, length: int) -> int:
        pointer = (length & 0x3F) << 8 | self._octet(at + 1)
        if length < 0xC0 or pointer >= at:
            raise dnslib.BufferError(f"no label and no pointer backwards at {at}")
        return pointer

    def encode_name(self, name: Any) -> None:
        """Compress against the names before, but for those that are out of a pointer's reach."""
        if self.offset < _LAST_POINTER:
            super().encode_name(name)
        else:
            self.encode_name_nocompress(name)


class Uncompressed(dnslib.DNSBuffer):  # type: ignore[misc]
    """A buffer for one record's data, which must stand without the packet around it."""

    def encode_name(self, name: Any) -> None:
        self.encode_name_nocompress(name)


def parse_message(packet: bytes) -> Any:
    """The packet as a dnslib.DNSRecord; raises whatever dnslib raises on octets that are no message."""
    buffer = Octets(packet)
    header = dnslib.DNSHeader.parse(buffer)
    questions = [dnslib.DNSQuestion.parse(buffer) for _ in range(header.q)]
    answer, authority, additional = (
        [dnslib.RR.parse(buffer) for _ in range(count)] for count in (header.a, header.auth, header.ar)
    )
    return dnslib.DNSRecord(header, questions, answer, auth=authority, ar=additional)

"""Octets with names in them, both ways (RFC 1035 §4.1.4): dnslib's buffer, with limits that keep hostile octets cheap."""

from collections.abc import Iterable

import dnslib

Labels = tuple[bytes, ...]
_MAX_NAME = 255
_MAX_JUMPS = 126
_POINTERS_END = 0x4000


class Octets(dnslib.DNSBuffer):  # type: ignore[misc]
    """A packet that is read or written; raises dnslib.BufferError for a name that breaks a limit."""

    offset: int
    names: dict[Labels, int]

    def read_name(self) -> Labels:
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
        return tuple(labels)

    def _octet(self, at: int) -> int:
        if at >= len(self.data):
            raise dnslib.BufferError("the packet ends within a name")
        return int(self.data[at])

    def _jump(self, at: int, length: int) -> int:
        pointer = (length & 0x3F) << 8 | self._octet(at + 1)
        if length < 0xC0 or pointer >= at:
            raise dnslib.BufferError(f"no label and no pointer backwards at {at}")
        return pointer

    def write_name(self, labels: Labels) -> None:
        """The name, its end a pointer to where the same labels in the same case stood before."""
        for start in range(len(labels)):
            known = self.names.get(labels[start:])
            if known is not None:
                self.append((0xC000 | known).to_bytes(2, "big"))
                return
            if self.offset < _POINTERS_END:
                self.names[labels[start:]] = self.offset
            self.append(bytes((len(labels[start]),)) + labels[start])
        self.append(b"\0")


def plain_name(labels: Iterable[bytes]) -> bytes:
    """The name in full (RFC 1035 §3.1)."""
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"

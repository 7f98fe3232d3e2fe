"""What the way of a letter has put on top of it, and what is left below."""

import re

FIELD = re.compile(rb"[!-9;-~]+:.*(?:\r\n[ \t].*)*\r\n")
"""One header field with the lines it is folded into."""


def below_the_trace(octets: bytes, hosts: int = 2) -> bytes:
    """A delivered letter without what delivery and so many hosts have put above it (RFC 5321 §4.4)."""
    at = 0
    for name in (b"Return-Path:", b"Delivered-To:", *[b"Received:"] * hosts):
        field = FIELD.match(octets, at)
        assert field, octets[at : at + 200]
        assert field[0].startswith(name)
        at = field.end()
    return octets[at:]

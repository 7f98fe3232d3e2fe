"""What a fault makes of a response that is ready to be sent."""

import re

_LITERAL = re.compile(rb"\{([0-9]+)\}\r\n")


def pieces(octets: bytes, octets_per_second: float) -> list[tuple[float, bytes]]:
    """``octets`` at that pace: the seconds before each piece, and the piece; one a second, or one octet in more."""
    size = max(1, int(octets_per_second))
    cut = [octets[start : start + size] for start in range(0, len(octets), size)]
    return [(len(piece) / octets_per_second, piece) for piece in cut]


def shortened(response: bytes, octets: int) -> bytes:
    """``response`` with so many octets missing from the end of its first literal (RFC 3501 §4.3), which announces them."""
    literal = _LITERAL.search(response)
    if literal is None:
        return response
    end = literal.end() + int(literal[1])
    return response[: max(literal.end(), end - octets)] + response[end:]

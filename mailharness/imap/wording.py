"""A command line as the journal may keep it: no secrets, no literals, no control characters."""

import re

_SECRETS = (
    re.compile(r'\A(\S+\s+LOGIN +(?:"(?:[^"\\]|\\.)*"|[^\s"]+))\s.*', re.DOTALL | re.IGNORECASE),
    re.compile(r"\A(\S+\s+LOGIN\b).*", re.DOTALL | re.IGNORECASE),
    re.compile(r"\A(\S+\s+AUTHENTICATE\s+[\w-]+)[^\w-].*", re.DOTALL | re.IGNORECASE),
)
"""What stands in front of a secret, the closest first."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def shown(segments: list[bytes]) -> str:
    """The command's text, each literal as the ``{n}`` that announced it, secrets as ``***``."""
    octets = segments[0] if len(segments) == 1 else b"".join(segments[::2])
    text = octets.decode("utf-8", "backslashreplace")
    secret = next((match for pattern in _SECRETS if (match := pattern.match(text))), None)
    text = f"{secret[1]} ***" if secret else text
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)

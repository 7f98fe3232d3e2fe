"""A command line as the journal may keep it: no secrets, no literals, no control characters."""

import re

_SECRETS = (
    re.compile(r'\A(\S+ +LOGIN +(?:"(?:[^"\\]|\\.)*"|[^\s"]+)) +.*', re.DOTALL | re.IGNORECASE),
    re.compile(r"\A(\S+ +AUTHENTICATE +\S+) +.*", re.DOTALL | re.IGNORECASE),
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_UNREADABLE_LOGIN = re.compile(r"\A(\S+ +LOGIN\b)(?!.* \*\*\*\Z).*", re.DOTALL | re.IGNORECASE)


def shown(segments: list[bytes]) -> str:
    """The command's text, each literal as the ``{n}`` that announced it, secrets as ``***``."""
    octets = segments[0] if len(segments) == 1 else b"".join(segments[::2])
    text = octets.decode("utf-8", "backslashreplace")
    text = _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
    for secret in _SECRETS:
        text = secret.sub(r"\1 ***", text)
    return _UNREADABLE_LOGIN.sub(r"\1 ***", text)

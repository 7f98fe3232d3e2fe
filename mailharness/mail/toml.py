"""TOML: plain values as they are written in a file that people read and change."""

from collections.abc import Mapping
from datetime import datetime

from mailharness.errors import MisuseError

_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_WIDTH = 100


def toml_value(value: object) -> str:
    """The value on one line, tables inline. Raises MisuseError for what TOML has no word for."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case datetime():
            return value.isoformat()
        case str():
            import json  # loaded where it is wanted

            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case list() | tuple():
            return f"[{', '.join(map(toml_value, value))}]"
        case Mapping():
            return f"{{ {', '.join(f'{toml_key(key)} = {toml_value(one)}' for key, one in value.items())} }}"
    raise MisuseError(f"{value!r} cannot be written in TOML")


def toml_key(key: str) -> str:
    """A key, in quotes where it needs them."""
    return key if key and _BARE.issuperset(key) else toml_value(key)


def toml_line(key: str, value: object) -> str:
    """``key = value``; a list that is too long for a line has a line for each entry."""
    line = f"{toml_key(key)} = {toml_value(value)}"
    if len(line) <= _WIDTH or not isinstance(value, list | tuple):
        return line
    return "\n".join([f"{toml_key(key)} = [", *(f"    {toml_value(one)}," for one in value), "]"])

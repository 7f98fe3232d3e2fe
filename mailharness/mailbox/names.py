"""Names of mailboxes: Unicode, levels apart by "/", the first level INBOX in any case."""

from collections.abc import Iterator

from mailharness.mailbox.errors import CannotError

INBOX = "INBOX"
SEPARATOR = "/"
MAX_NAME = 1_000
"""Characters in a mailbox name: a name has as many parents as levels, so that a long one would be a great many."""


def canonical(name: str) -> str:
    """``name`` with its first level INBOX in capitals however it was written (RFC 3501 §5.1)."""
    first, separator, rest = name.partition(SEPARATOR)
    return INBOX + separator + rest if first.upper() == INBOX else name


def checked(name: str) -> str:
    """``name`` as a new mailbox may bear it: a final separator only announces children (RFC 3501 §6.3.3).

    Raises CannotError for a name that no mailbox can have.
    """
    name = of_length(canonical(name.removesuffix(SEPARATOR)))
    if not all(name.split(SEPARATOR)) or any(ord(letter) < 0x20 or letter == "\x7f" for letter in name):
        raise CannotError("a mailbox name is not empty, has no empty level and no control characters")
    return name


def of_length(name: str) -> str:
    """``name`` itself. Raises CannotError where it is too long."""
    if len(name) > MAX_NAME:
        raise CannotError(f"a mailbox name has at most {MAX_NAME} characters")
    return name


def parents(name: str) -> Iterator[str]:
    """``a``, ``a/b`` for ``a/b/c``."""
    levels = name.split(SEPARATOR)
    return (SEPARATOR.join(levels[:depth]) for depth in range(1, len(levels)))

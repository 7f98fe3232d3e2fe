"""What was read of a mailbox's messages: kept by kind and UID, so that the next search need not parse them again."""

from collections.abc import Callable, Collection
from typing import Generic, TypeVar

MAX_VALUES = 100_000
"""Kept values of one sort in one mailbox."""
MAX_CHARACTERS = 1_000
"""Of one value that is kept; longer ones are read again."""
T = TypeVar("T")
Texts = tuple[str, ...]


class Columns(Generic[T]):
    """For each kind of value (a field's name, say) those of the messages that were asked. A full one takes no more."""

    def __init__(self, length: Callable[[T], int]) -> None:
        self._length = length
        self._columns: dict[bytes, dict[int, T]] = {}
        self._count = 0

    def get(self, kind: bytes, uid: int) -> T | None:
        column = self._columns.get(kind)
        return None if column is None else column.get(uid)

    def keep(self, kind: bytes, uid: int, value: T) -> T:
        if self._count < MAX_VALUES and self._length(value) <= MAX_CHARACTERS:
            self._columns.setdefault(kind, {})[uid] = value
            self._count += 1
        return value

    def forget(self, uids: Collection[int]) -> None:
        """Those messages are gone."""
        for column in self._columns.values():
            self._count -= sum(column.pop(uid, None) is not None for uid in uids)


class Read:
    """All that is kept: decoded and without case, as searches compare it."""

    def __init__(self) -> None:
        self.fields: Columns[Texts] = Columns(_characters)
        self.addresses: Columns[Texts] = Columns(_characters)
        self.plain: Columns[bool] = Columns(int)
        """Whether every text of a message stands in its octets."""

    def forget(self, uids: Collection[int]) -> None:
        for columns in (self.fields, self.addresses, self.plain):
            columns.forget(uids)


def _characters(texts: Texts) -> int:
    return sum(map(len, texts))

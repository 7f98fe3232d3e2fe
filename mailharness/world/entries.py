"""What waits or is held somewhere, as a sequence that is read anew each time."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import TypeVar, overload

T = TypeVar("T")


class Entries(Sequence[T]):
    """A sequence of frozen entries; whatever is asked of it is read at that moment."""

    @abstractmethod
    def entries(self) -> tuple[T, ...]:
        """All of them now."""

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        return self.entries()[index]

    def __len__(self) -> int:
        return len(self.entries())

    def __iter__(self) -> Iterator[T]:
        return iter(self.entries())

    def __str__(self) -> str:
        """A line for each entry."""
        return "\n".join(map(str, self.entries()))

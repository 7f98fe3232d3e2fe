"""Notes: what clients have noted about a mailbox or the server (RFC 5464)."""

from collections.abc import Callable, Mapping


class Notes(dict[str, bytes]):
    """The notes by entry; ``changed`` is called when they are others than before."""

    def __init__(self, changed: Callable[[], object]) -> None:
        super().__init__()
        self._changed = changed

    def write(self, notes: Mapping[str, bytes]) -> None:
        """Let them be exactly these."""
        super().clear()
        super().update(notes)
        self._changed()

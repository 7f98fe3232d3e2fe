"""Redirecting this process into a world: one at a time, all threads of it, and everything back as it was at the end."""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from mailharness.errors import EgressError, MisuseError
from mailharness.net.detours import Detours, Directions
from mailharness.net.egress import Attempt, Guard

_INHERITED = object()
_lock = threading.Lock()


class Redirection:
    """A process that is redirected. ``attempts`` to leave the world are listed; ``attempts.clear()`` forgives them."""

    current: "Redirection | None" = None
    """The process's."""

    def __init__(self, owner: object, directions: Directions) -> None:
        self.owner = owner
        self.guard = Guard()
        self._detours = Detours(directions, self.guard)
        self._originals: list[tuple[Any, str, Any]] = []
        self._depth = 0

    @property
    def attempts(self) -> list[Attempt]:
        """To reach what is not in the world, each with ``host``, ``port`` and ``caller``."""
        return self.guard.attempts

    def heard(self, error: BaseException) -> None:
        """The test has failed by this error, so that what it tells of need not be told again at the end."""
        self.guard.heard(error)

    def enter(self) -> None:
        """Replace the functions, unless that is done."""
        if not self._depth:
            for owner, name, stand_in in list(self._detours.each()):
                self._originals.append((owner, name, vars(owner).get(name, _INHERITED)))
                setattr(owner, name, stand_in)
        self._depth += 1

    def leave(self) -> bool:
        """Put them back, unless others are in here still; whether that was done."""
        self._depth -= 1
        while not self._depth and self._originals:
            owner, name, original = self._originals.pop()
            if original is _INHERITED:
                delattr(owner, name)
            else:
                setattr(owner, name, original)
        return not self._depth


def _enter(owner: object, new_directions: Callable[[], Directions], allow: Iterable[str]) -> Redirection:
    with _lock:
        current = Redirection.current or Redirection(owner, new_directions())
        if current.owner is not owner:
            raise MisuseError(
                f"this process is redirected into another world, {current.owner!r}: one at a time; leave the one first, "
                "or declare all domains in one World(...)"
            )
        current.guard.allow(allow)
        current.enter()
        Redirection.current = current
        return current


def _leave(redirection: Redirection) -> None:
    with _lock:
        if redirection.leave():
            Redirection.current = None


@contextlib.contextmanager
def redirecting(owner: object, new_directions: Callable[[], Directions], allow: Iterable[str]) -> Iterator[Redirection]:
    """Redirect this process into the world ``owner`` while the block runs.

    Raises MisuseError where it is redirected into another world, EgressError at the end where something tried to leave.
    """
    redirection = _enter(owner, new_directions, allow)
    try:
        yield redirection
    except BaseException as error:
        _leave(redirection)
        try:
            redirection.heard(error)
            redirection.guard.check()
        except EgressError as unheard:
            error.add_note(str(unheard))
        raise
    _leave(redirection)
    redirection.guard.check()

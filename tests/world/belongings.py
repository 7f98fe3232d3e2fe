"""What a process holds: threads, open files and sockets, unclosed transports; a world must give all of it back."""

import contextlib
import gc
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

_FILES = Path("/proc/self/fd")


def open_files() -> dict[str, str]:
    """What every descriptor leads to."""
    found = {}
    for entry in _FILES.iterdir():
        with contextlib.suppress(OSError):
            found[entry.name] = str(entry.readlink())
    return found


def _kinds(files: dict[str, str]) -> list[str]:
    return sorted(target for target in files.values() if not target.endswith("/fd"))


@contextlib.contextmanager
def nothing_left() -> Iterator[None]:
    """After the block the process holds no more than before, and nothing was left for the garbage collector to close."""
    gc.collect()
    threads, files = set(threading.enumerate()), _kinds(open_files())
    with warnings.catch_warnings(record=True) as left:
        warnings.simplefilter("always", ResourceWarning)
        yield
        gc.collect()
    assert set(threading.enumerate()) - threads == set()
    assert _kinds(open_files()) == files
    assert [str(warning.message) for warning in left if issubclass(warning.category, ResourceWarning)] == []

"""Short tracebacks: where the library complains of a test, the test's own line is what counts, not how we found out."""

import sys
from types import FrameType, TracebackType

import pytest

_PYTEST = ("_pytest.", "pluggy.")


def shorten(excinfo: "pytest.ExceptionInfo[BaseException]") -> None:
    """Cut our own frames off the end of the traceback of an error that we raised on purpose; others stay as they are."""
    loaded = sys.modules.get("mailharness.errors")
    if loaded is None or not isinstance(excinfo.value, loaded.MailharnessError):
        return
    frames = _frames(excinfo.tb)
    outside = [number for number, one in enumerate(frames) if not _is_inside(one.tb_frame)]
    if not outside:
        return
    caller = str(frames[outside[-1]].tb_frame.f_globals.get("__name__"))
    # Where pytest itself asked a fixture of ours, no line of the test is in it: the place of the complaint stays.
    kept = frames[-1:] if caller.startswith(_PYTEST) else frames[: outside[-1] + 1]
    excinfo.traceback = type(excinfo.traceback)(_chain(kept))


def _frames(traceback: TracebackType | None) -> list[TracebackType]:
    found = []
    while traceback is not None:
        found.append(traceback)
        traceback = traceback.tb_next
    return found


def _chain(frames: list[TracebackType]) -> TracebackType:
    """The same frames and no others; pytest walks a traceback by its links."""
    linked: TracebackType | None = None
    for one in reversed(frames):
        linked = TracebackType(linked, one.tb_frame, one.tb_lasti, one.tb_lineno)
    assert linked is not None
    return linked


def _is_inside(frame: FrameType) -> bool:
    """Whether the frame's module is of ours, or of the standard library on our behalf."""
    package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    return package in ("mailharness", __package__) or package in sys.stdlib_module_names

"""Foreign programs, run to their end: what they print, and why they stopped."""

import re
import subprocess
import threading
from collections.abc import Sequence

PATIENCE = 30
"""Real seconds after which a program that does not end is a failure, not a hang."""


def run(*command: object, stdin: bytes = b"") -> bytes:
    """What the program prints; AssertionError with all it said where it fails."""
    ended = attempt(*command, stdin=stdin)
    told = (ended.stdout[-2000:] + ended.stderr[-2000:]).decode("utf-8", "replace")
    assert ended.returncode == 0, f"{command[0]} ended with {ended.returncode}:\n{told}"
    return ended.stdout


def attempt(*command: object, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    """The program's end, good or bad."""
    words = [str(word) for word in command]
    return subprocess.run(words, input=stdin, capture_output=True, timeout=PATIENCE, check=False)


class Running:
    """A program that runs beside the test: ``log`` is what it has told so far, line by line."""

    def __init__(self, command: Sequence[object]) -> None:
        self.log: list[str] = []
        self._told = threading.Condition()
        self._ended = False
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._told:
                self.log.append(line.rstrip("\n"))
                self._told.notify_all()
        with self._told:
            self._ended = True
            self._told.notify_all()

    def wait_for(self, pattern: str, after: int = 0) -> str:
        """The first line that it tells, from line ``after`` on, that has ``pattern``; AssertionError if none comes."""
        line = self.find(pattern, after, PATIENCE)
        assert line is not None, f"it never said {pattern!r}:\n" + "\n".join(self.log[-40:])
        return line

    def find(self, pattern: str, after: int = 0, patience: float = 0) -> str | None:
        """The same within so many real seconds; None if none comes."""

        def found() -> str | None:
            return next((line for line in self.log[after:] if re.search(pattern, line)), None)

        with self._told:
            self._told.wait_for(lambda: found() is not None or self._ended, patience)
            return found()

    def terminate(self) -> None:
        """Tell it to end."""
        self.process.terminate()

    def stop(self) -> None:
        """End it, and wait until it has."""
        self.terminate()
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
        self._listener.join(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()

"""The other end of the client process: start it, give it jobs, read its answers."""

import atexit
import json
import subprocess
import sys
from functools import cache
from typing import Any


class Client:
    """A running client; ``ask`` blocks until the job is done."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.program"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, job: str, **arguments: Any) -> Any:
        """The answer to the job of that name; see ``program.JOBS``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"job": job, **arguments}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the client ended during {job}, with {self._process.wait()}")
        return json.loads(answer)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


@cache
def client() -> Client:
    """The run's own."""
    started = Client()
    atexit.register(started.close)
    return started

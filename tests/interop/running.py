"""Foreign programs, run to their end: what they print, and why they stopped."""

import subprocess

PATIENCE = 30
"""Real seconds after which a program that does not end is a failure, not a hang."""


def run(*command: object) -> bytes:
    """What the program prints; AssertionError with all it said where it fails."""
    ended = attempt(*command)
    told = (ended.stdout[-2000:] + ended.stderr[-2000:]).decode("utf-8", "replace")
    assert ended.returncode == 0, f"{command[0]} ended with {ended.returncode}:\n{told}"
    return ended.stdout


def attempt(*command: object) -> "subprocess.CompletedProcess[bytes]":
    """The program's end, good or bad."""
    return subprocess.run([str(word) for word in command], capture_output=True, timeout=PATIENCE, check=False)

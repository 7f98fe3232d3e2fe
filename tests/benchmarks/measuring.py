"""How a thing is measured: repeated after a warm-up, by the wall's clock and by the processor's."""

import os
import platform
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tests.benchmarks.table import Figure

MS, US = 1e3, 1e6


def repeated(act: Callable[[], float], times: int, unit: str, *, scale: float = 1, warm_up: int = 1) -> Figure:
    """What ``act`` says, ``times`` times after ``warm_up`` unheard ones."""
    for _ in range(warm_up):
        act()
    return Figure(tuple(act() * scale for _ in range(times)), unit)


def seconds(act: Callable[[], object]) -> float:
    """How long one ``act`` takes, on the wall."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def cpu_seconds(act: Callable[[], object]) -> float:
    """What one ``act`` costs this process, all threads together."""
    start = time.process_time()
    act()
    return time.process_time() - start


def allocated(act: Callable[[], object]) -> tuple[int, int]:
    """Octets that Python still holds after ``act``, what it returned included, and the most that it held meanwhile."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        kept = act()
        now, peak = tracemalloc.get_traced_memory()
        del kept
    finally:
        tracemalloc.stop()
    return now - before, peak - before


@cache
def _bytecode() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="benchmarks-")


def environment() -> dict[str, str]:
    """For child processes: with compiled modules kept from one to the next, as where a package was installed once."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": _bytecode().name}


def machine() -> str:
    """Where this was measured."""
    model = next(
        (line.partition(":")[2].strip() for line in _read("/proc/cpuinfo").splitlines() if line.startswith("model name")),
        platform.processor() or "processor unknown",
    )
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{usable} CPUs ({model}), {platform.system()} {platform.release()}, {python}, load {load}"


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""

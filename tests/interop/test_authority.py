"""One authority a process: what a program is told to trust has signed what every host shows."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

trustme = pytest.importorskip("trustme")


def test_two_threads_that_need_it_first_get_the_same_authority(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test asks for ``ca_file`` while a relay on the loop's thread is about to speak TLS for the first time."""
    from mailharness.net import tls

    both_make_one, make = threading.Barrier(2, timeout=10), trustme.CA

    def make_slowly(**names: Any) -> Any:
        both_make_one.wait()
        return make(**names)

    monkeypatch.setattr(trustme, "CA", make_slowly)
    monkeypatch.setattr(tls, "_authorities", {})
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda _: tls.ca_certificate(), range(2))
    assert first == second == tls.ca_certificate()

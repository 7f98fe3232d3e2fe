"""The plugin costs nothing where it is not used, leaves nothing where it is, and workers side by side never meet."""

import os

import pytest

from tests.plugin.inside import OURS_ALONE, run, run_alone

HEAVY = (
    "aiosmtpd aiosmtplib asyncio concurrent.futures cryptography dnslib email imapclient mailharness.errors "
    "mailharness.trace mailharness.world multiprocessing smtplib sqlite3 ssl tomllib trustme"
).split()
IMPORTED = f"""
import subprocess, sys

def test_of_somebody_else(pytestconfig):
    assert pytestconfig.pluginmanager.hasplugin("mailharness")
    found = [name for name in {HEAVY} if name in sys.modules]
    code = "import pytest, sys; print([name for name in {HEAVY} if name in sys.modules])"
    without = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert [name for name in found if repr(name) not in without] == []
"""
NOTHING_LEFT = """
import contextlib, gc, os, threading, warnings

def held():
    gc.collect()
    files = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            files.append(os.readlink(f"/proc/self/fd/{name}"))
    sockets = [name for name in files if name.startswith("socket:")]
    return sorted(sockets), threading.active_count()

before = []

def test_before(mailworld_factory):
    mailworld_factory().stop()  # what is loaded once has been loaded
    before.append(held())

def test_letters_arrive(mailworld):
    alice, bob = mailworld.user("userA@exampleA.tst"), mailworld.user("userB@exampleB.tst")
    alice.send(to=bob, subject="Hello")
    assert [message.subject for message in bob.fetch(via="imap") + bob.fetch(via="pop3")] == ["Hello", "Hello"]

def test_a_letter_is_on_its_way(mailworld_factory):
    for world in (mailworld_factory(), mailworld_factory()):
        world.user("userA@exampleA.tst").send(to="userB@exampleB.tst")

def test_after():
    assert held() == before[0]
"""
MEETING = """
import pathlib
import pytest

here = pathlib.Path(__file__).parent

def exchange(turn, role, word):
    # Opening a pipe waits for the other side to open it too: both worlds are alive at this moment.
    first, second = (here / f"{turn}-{way}" for way in ("there", "back"))
    if role == 0:
        first.write_text(word)
        return second.read_text()
    heard = first.read_text()
    second.write_text(word)
    return heard

@pytest.mark.parametrize("role", [0, 1])
def test_neighbours(mailworld, role, worker_id):
    alice, bob = mailworld.user("userA@exampleA.tst"), mailworld.user("userB@exampleB.tst")
    assert exchange("who", role, worker_id) != worker_id
    mine = "{} {}".format(*mailworld["exampleA.tst"].submission)
    assert exchange("where", role, mine) != mine
    alice.send(to=bob, subject=f"of {role}")
    mailworld.settle()
    exchange("sent", role, "sent")
    assert bob.inbox.subjects == [f"of {role}"]
    assert len(mailworld.letters) == 1
    exchange("read", role, "read")
"""


def test_a_run_that_does_not_use_it_imports_nothing_of_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(IMPORTED)

    pytester.runpytest_subprocess(*OURS_ALONE, "-p", "no:xdist").assert_outcomes(passed=1)


def test_the_plugin_itself_loads_no_more_than_pytest_has_loaded(pytester: pytest.Pytester) -> None:
    code = (
        "import pytest, sys; before = set(sys.modules); import pytest_mailharness.plugin; "
        "print(*sorted(name for name in set(sys.modules) - before if not name.startswith('pytest_mailharness')))"
    )
    result = pytester.runpython_c(code)
    assert (result.ret, "".join(result.outlines)) == (0, "")


def test_nothing_is_left_of_a_world(pytester: pytest.Pytester) -> None:
    run(pytester, NOTHING_LEFT, "-W", "error").assert_outcomes(passed=4)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the workers meet at named pipes")
def test_worlds_of_two_workers_are_alive_together_and_never_meet(pytester: pytest.Pytester) -> None:
    for turn in ("who", "where", "sent", "read"):
        for way in ("there", "back"):
            os.mkfifo(pytester.path / f"{turn}-{way}")
    run_alone(pytester, MEETING, "-p", "xdist", "-n", "2").assert_outcomes(passed=2)


@pytest.mark.parametrize("arguments", [("-n", "2"), ("-n", "2", "--dist", "loadfile"), ("-n", "0")])
def test_many_worlds_on_workers(pytester: pytest.Pytester, arguments) -> None:
    source = """
import pytest

@pytest.mark.parametrize("number", range(8))
def test_it(mailworld, number):
    bob = mailworld.user("userB@exampleB.tst")
    mailworld.user("userA@exampleA.tst").send(to=bob, subject=str(number))
    assert bob.inbox.subjects == [str(number)]
"""
    run_alone(pytester, source, "-p", "xdist", *arguments).assert_outcomes(passed=8)

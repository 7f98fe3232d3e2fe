"""A world gives back all that it took, however its life went, and never meets another."""

import asyncio
import os
import re
import smtplib
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import mailharness
from mailharness import Domain, Gateway, Letter, MisuseError, World, WorldStoppedError, faults
from mailharness.faults import Drop, Fault
from mailharness.trace.events import Commanded
from tests.world.belongings import nothing_left

ROOT = Path(mailharness.__file__).parent.parent


def one_letter(world: World, subject: str = "Hello") -> Letter:
    writer, reader = world.user("userA@exampleA.tst"), world.user("userB@exampleB.tst")
    letter = writer.send(to=reader, subject=subject)
    letter.trace.assert_delivered()
    assert reader.inbox.subjects[-1] == subject
    return letter


def nothing_happens(world: World) -> None:
    pass


def letters_are_sent_and_fetched(world: World) -> None:
    one_letter(world)
    for via in ("imap", "pop3"):
        assert len(world.user("userB@exampleB.tst").fetch(via=via, tls=True)) == 1
    assert world.ca_file.exists()


def clients_hang(world: World) -> None:
    """Connections of every protocol that nobody closes before the world ends; they are closed by the test after it."""
    site = world["exampleA.tst"]
    for door in ("smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s", "nameserver"):
        client = socket.create_connection(getattr(site, door))
        client.sendall(b"\x16" if door.endswith("s") else b"A")
        HANGING.append(client)
    one_letter(world)


def a_transaction_is_open(world: World) -> None:
    smtp = smtplib.SMTP(*world["exampleA.tst"].smtp)
    smtp.ehlo()
    smtp.mail("userA@exampleA.tst")
    HANGING.append(smtp)


def a_session_is_stalled(world: World) -> None:
    def judge(event):
        return Drop() if isinstance(event, Commanded) and event.host == "mail.exampleB.tst" else faults.PASS

    with world.fault(Fault("drop", judge, times=1)):
        world.user("userA@exampleA.tst").send(to="userB@exampleB.tst")


def letters_are_queued(world: World) -> None:
    with world.fault(faults.refuse("mail.exampleB.tst")):
        world.user("userA@exampleA.tst").send(to="userB@exampleB.tst").trace.assert_queued()


def a_test_fails(world: World) -> None:
    one_letter(world)
    raise KeyError("the test's own")


HANGING: list = []


@pytest.fixture(autouse=True)
def _patience_ends():
    yield
    while HANGING:
        HANGING.pop().close()


@pytest.mark.parametrize(
    "life",
    [
        nothing_happens,
        letters_are_sent_and_fetched,
        clients_hang,
        a_transaction_is_open,
        a_session_is_stalled,
        letters_are_queued,
        a_test_fails,
    ],
    ids=lambda life: life.__name__,
)
def test_nothing_is_left_of_a_world(life) -> None:
    with nothing_left():
        try:
            with World() as world:
                life(world)
        except KeyError:
            assert life is a_test_fails
        while HANGING:
            HANGING.pop().close()


def test_nothing_is_left_of_a_world_with_a_gateway_and_filters() -> None:
    domains = Domain("a.test", users=["ann"]), Domain("b.test", users=["ben"], gateway=Gateway(filters=[lambda _: None]))
    with nothing_left(), World(*domains) as world:
        world.user("ann@a.test").send(to="ben@b.test").trace.assert_delivered(via="gateway.b.test")


def test_a_hundred_worlds_follow_each_other() -> None:
    with nothing_left():
        for number in range(100):
            with World() as world:
                if number % 25 == 0:
                    one_letter(world)
        assert not world.thread.loop.is_running()


def meet(stray: socket.socket, host: str, port: int) -> None:
    """One world's address at another's port: refused, or reset by whoever hears it."""
    stray.connect((host, port))
    stray.recv(1)


def test_two_worlds_of_the_same_names_never_meet() -> None:
    with World() as here, World() as there:
        assert here["exampleB.tst"].smtp.port != there["exampleB.tst"].smtp.port
        one_letter(here, "here")
        assert there.letters == []
        one_letter(there, "there")
        assert here.user("userB@exampleB.tst").inbox.subjects == ["here"]
        assert there.user("userB@exampleB.tst").inbox.subjects == ["there"]
        with pytest.raises(ConnectionError), socket.socket() as stray:
            meet(stray, here["exampleB.tst"].smtp.host, there["exampleB.tst"].smtp.port)


def test_a_world_starts_once_and_stops_any_number_of_times() -> None:
    world = World()
    with pytest.raises(WorldStoppedError):
        _ = world["exampleA.tst"]
    world.start()
    with pytest.raises(MisuseError, match="running already"):
        world.start()
    one_letter(world)
    world.stop()
    world.stop()
    with pytest.raises(MisuseError, match="make a new World"):
        world.start()


ENDED = {
    "settle": lambda world, user: world.settle(),
    "advance": lambda world, user: world.clock.advance(1),
    "user": lambda world, user: world.user(user.address),
    "send": lambda world, user: user.send(to=user),
    "fetch by IMAP": lambda world, user: user.fetch("imap"),
    "fetch by POP3": lambda world, user: user.fetch("pop3"),
    "sync": lambda world, user: user.mua("phone").sync(),
    "expect": lambda world, user: world.expect(to="userB@exampleB.tst").__enter__(),
    "wait_for": lambda world, user: world.wait_for(to="userB@exampleB.tst"),
    "lookup": lambda world, user: world.resolver.lookup("exampleA.tst", "MX"),
    "switch_off": lambda world, user: world.switch_off("mail.exampleA.tst"),
    "fault": lambda world, user: world.fault(faults.refuse("mail.exampleA.tst")).__enter__(),
    "await": lambda world, user: asyncio.run(world.aio.settle()),
    "await send": lambda world, user: asyncio.run(world.aio.user("userA@exampleA.tst").send(to=user)),
}


@pytest.mark.parametrize("verb", ENDED)
def test_nothing_happens_any_more_in_a_world_that_was_stopped(verb: str) -> None:
    with World() as world:
        user = world.user("userA@exampleA.tst")
        letter = one_letter(world)
    with (
        nothing_left(),
        pytest.raises(WorldStoppedError, match=r"was stopped: .*; use it inside `with World"),
    ):
        ENDED[verb](world, user)
    letter.trace.assert_delivered()
    assert [one.number for one in world.letters] == [1]


def test_a_submission_host_that_is_switched_off_leaves_nothing_open() -> None:
    with nothing_left(), World() as world:
        world.switch_off("mail.exampleA.tst")
        with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
            one_letter(world)


def run_python(script: str, *options: str) -> subprocess.CompletedProcess:
    """A program of its own, in which every warning is an error; asyncio's note of a slow machine is none."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-X", "dev", "-W", "error", *options, "-c", script]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    ended.stderr = re.sub(r"(?m)^Executing <.* took [\d.]+ seconds\n", "", ended.stderr)
    return ended


FORGOTTEN = """
from mailharness import World
world = World().start()
world.user("userA@exampleA.tst").send(to="userB@exampleB.tst").trace.assert_delivered()
print(world["exampleA.tst"].smtp.port)
"""


@pytest.mark.parametrize("ending", ["", "raise SystemExit(0)", "del world", "import threading; threading.Thread().start()"])
def test_a_world_that_was_not_stopped_ends_with_the_program(ending: str) -> None:
    ended = run_python(FORGOTTEN + ending)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.strip().isdigit()


CHILD = """
import os, socket
from mailharness import World
world = World().start()
site = world["exampleA.tst"]
child = os.fork()
if child == 0:
    sockets = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{fd}")
        except OSError:
            continue
        if target.startswith("socket:"):
            sockets.append(target)
    os._exit(len(sockets))
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status))
world.user("userA@exampleA.tst").send(to="userB@exampleB.tst").trace.assert_delivered()
world.stop()
"""


def test_a_forked_child_holds_none_of_the_worlds_sockets() -> None:
    """Two are left to it: the pair by which the parent's loop wakes itself, which no port is behind."""
    ended = run_python(CHILD, "-W", "ignore::DeprecationWarning")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert int(ended.stdout) <= 2


def test_a_machine_without_room_is_told_and_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(*_: object) -> None:
        raise OSError("address already in use")

    with nothing_left():
        with monkeypatch.context() as patch:
            patch.setattr("mailharness.net.ground.listen", taken)
            with pytest.raises(MisuseError, match=r"all 511 blocks of loopback are taken .* \(address already in use\)"):
                World().start()
        with World() as world:
            one_letter(world)


def test_a_block_in_which_a_port_is_taken_is_passed_over() -> None:
    """A stranger holds one of the sixteen ports of the block that this process tries first: the world lives in the next."""
    with nothing_left():
        with World() as world:
            port = world["exampleA.tst"].imap.port
        with socket.socket() as stranger:
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            stranger.bind(("0.0.0.0", port))
            stranger.listen()
            with World() as world:
                assert world["exampleA.tst"].imap.port != port
                one_letter(world)


def test_a_socket_a_host_serves_the_same_story(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILHARNESS_SOCKET_A_HOST", "1")
    with nothing_left(), World() as world:
        hosts = world.internet.atlas.hosts.values()
        assert (
            len(world.internet.ground.sockets)
            == sum(len(host.doors) for host in hosts) + len(world.internet.names.zones) + 1
        )
        one_letter(world)
        for via in ("imap", "pop3"):
            assert len(world.user("userB@exampleB.tst").fetch(via=via, tls=True)) == 1
        assert len({query.host for query in world.dns.queries()}) == 3
        world.assert_conserved()


def test_a_world_of_many_hosts_raises_the_limit_of_open_files_or_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    monkeypatch.setenv("MAILHARNESS_SOCKET_A_HOST", "1")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 64))
    with (
        nothing_left(),
        pytest.raises(MisuseError, match=r"sockets are needed and 64 files are allowed: raise `ulimit -n`"),
    ):
        World(*(Domain(f"d{number}.test") for number in range(20))).start()


@pytest.mark.parametrize(
    "step",
    [
        "world.names.Questions",
        "world.internet.ThreadWorkshop",
        "world.lifetime.LoopThread",
        "net.loop.threading.Thread.start",
        "world.internet.Internet.start",
    ],
)
def test_a_start_that_fails_half_way_keeps_nothing(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError("too many open files")

    with nothing_left():
        with monkeypatch.context() as patch:
            patch.setattr(f"mailharness.{step}", fails)
            with pytest.raises(OSError, match="too many open files"):
                World().start()
        with World() as world:
            one_letter(world)


FEW_FILES = """
import os, resource
from mailharness import MisuseError, World
World().start().stop()
here = len(os.listdir("/proc/self/fd"))
for more in range({most}):
    resource.setrlimit(resource.RLIMIT_NOFILE, (here + more, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    try:
        World().start().stop()
    except MisuseError as error:
        print(error)
"""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="files are counted by /proc")
def test_a_process_that_may_open_no_file_more_is_told_so() -> None:
    """Wherever in its start a world runs out: at its claim, its listeners or its loop."""
    done = run_python(FEW_FILES.format(most=16))
    assert done.returncode == 0  # the standard library may complain: it leaves half an event loop behind
    told = done.stdout.splitlines()
    assert len(told) > 8
    for line in told:
        assert re.fullmatch(
            r"no file can be opened any more \(.*\): \d+ are allowed, .*; raise `ulimit -n`, or stop .*", line
        )

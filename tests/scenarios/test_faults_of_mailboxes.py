"""Mailbox servers that fail: what imaplib, imapclient and poplib experience of every fault of IMAP and POP3."""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mailharness import MisuseError, World, faults
from mailharness.errors import UnusedFaultError
from mailharness.faults import PASS, Fault
from mailharness.trace.events import Commanded, Event, Greeted, LoggedIn
from tests.scenarios.mailbox_clients import BOB, HOST, experience, imap, pop3, two_letters

IMAP, POP3, STORAGE = faults.imap, faults.pop3, faults.storage
PATIENCE = 0.3
"""Real seconds that a client waits for a server that says nothing."""


@pytest.fixture
def world() -> Iterator[World]:
    with two_letters() as world:
        yield world


# -- IMAP: the fault, what the client does, what it experiences ----


def fetch(world: World, timeout: float = 10) -> Any:
    client = imap(world, timeout=timeout)
    try:
        return client.fetch("1", "(BODY.PEEK[TEXT])")[0]
    finally:
        client.shutdown()


def fetching_in_haste(world: World) -> Any:
    return fetch(world, timeout=PATIENCE)


def reading(world: World) -> Any:
    with imap(world) as client:
        return client.fetch("1", "(BODY.PEEK[TEXT])")


def noop(world: World) -> Any:
    client = imap(world)
    try:
        return client.noop()
    finally:
        client.shutdown()


def logging_in(world: World) -> Any:
    with imap(world, login=False) as client:
        return client.login("bob", "secret")


def logging_in_by_plain(world: World) -> Any:
    with imap(world, login=False) as client:
        return client.authenticate("PLAIN", lambda _: b"\0bob\0secret")


def selecting(world: World) -> Any:
    with imap(world, select=False) as client:
        return client.select()


def appending(world: World) -> Any:
    with imap(world) as client:
        return client.append("INBOX", None, None, b"Subject: x\r\n\r\n")


def greeted(world: World) -> Any:
    return imap(world, login=False, timeout=PATIENCE).shutdown()


def storing(world: World) -> Any:
    client = imap(world)
    try:
        return client.store("1", "+FLAGS", "\\Flagged")
    finally:
        client.shutdown()


OVER_IMAP: dict[str, tuple[Fault, Callable[[World], Any], str]] = {
    "NO": (IMAP.answer(HOST, "FETCH", "NO [SERVERBUG] oh"), fetch, "NO"),
    "BAD": (IMAP.answer(HOST, "fetch", "BAD what?"), fetch, "error FETCH command error: BAD [b'what?']"),
    "BYE": (IMAP.answer(HOST, "NOOP", "BYE I must go"), noop, "abort command: NOOP => I must go"),
    "BYE for a greeting": (IMAP.answer(HOST, "CONNECT", "BYE full"), greeted, "error b'* BYE full'"),
    "OK that does nothing": (IMAP.answer(HOST, "SELECT", "OK so be it"), selecting, "('OK', [None])"),
    "garbage": (IMAP.garbage(HOST, "NOOP"), noop, "abort command: NOOP => unexpected response: b'\\x00\\x7f\\x80garbage'"),
    "a close": (IMAP.close(HOST, "FETCH"), fetch, "abort command: FETCH => socket error: EOF"),
    "a close for a greeting": (IMAP.close(HOST, "CONNECT"), greeted, "abort socket error: EOF"),
    "a reset": (IMAP.reset(HOST, "NOOP"), noop, "ConnectionResetError"),
    "a greeting that hangs": (IMAP.hang(HOST, "CONNECT"), greeted, "TimeoutError timed out"),
    "an answer cut short": (IMAP.cut_after(HOST, 30), fetch, "abort command: FETCH => socket error: EOF"),
    "an answer of no octets": (IMAP.cut_after(HOST, 0, "NOOP"), noop, "abort command: NOOP => socket error: EOF"),
    "a lost reply": (IMAP.lose_reply(HOST, "STORE"), storing, "ConnectionResetError"),
    "a short literal": (IMAP.short_literal(HOST, 5), fetching_in_haste, "TimeoutError timed out"),
    "UNAVAILABLE": (IMAP.unavailable(HOST), logging_in, "error b'[UNAVAILABLE] try again later'"),
    "OVERQUOTA": (IMAP.over_quota(HOST), appending, "('NO', [b'[OVERQUOTA] there is no room left'])"),
    "INUSE": (IMAP.in_use(HOST), selecting, "('NO', [b'[INUSE] another session has it'])"),
    "INUSE by the store": (STORAGE.in_use(BOB), selecting, "('NO', [b'[INUSE] another session has it'])"),
    "a refused login": (IMAP.refuse_login(HOST, user=BOB), logging_in, "error b'[AUTHENTICATIONFAILED] wrong name"),
    "LOGINDISABLED": (IMAP.login_disabled(HOST), logging_in, "error b'[PRIVACYREQUIRED] LOGIN is disabled here'"),
    "LOGINDISABLED, by PLAIN": (IMAP.login_disabled(HOST), logging_in_by_plain, "('OK', "),
    "for somebody else": (IMAP.answer(HOST, "NOOP", "NO", user="dave@globex.test", optional=True), noop, "('OK'"),
    "for bob": (IMAP.answer(HOST, "NOOP", "NO not you", user=BOB), noop, "('NO', [b'not you'])"),
}


@pytest.mark.parametrize(("fault", "act", "experienced"), OVER_IMAP.values(), ids=OVER_IMAP.keys())
def test_imaplib_experiences(world: World, fault: Fault, act: Callable[[World], Any], experienced: str) -> None:
    with world.fault(fault):
        assert experience(lambda: act(world)).startswith(experienced)
    assert reading(world)[0] == "OK"


# -- POP3 ----


def stat(world: World) -> Any:
    client = pop3(world)
    try:
        return client.stat()
    finally:
        client.close()


def retrieving(world: World) -> Any:
    client = pop3(world)
    try:
        return client.retr(1)[0]
    finally:
        client.close()


def entering(world: World) -> Any:
    client = pop3(world, login=False)
    try:
        client.user("bob")
        return client.pass_("secret")
    finally:
        client.close()


def digesting(world: World) -> Any:
    client = pop3(world, login=False)
    try:
        return client.apop("bob", "secret")
    finally:
        client.close()


def welcomed(world: World) -> Any:
    return pop3(world, login=False, timeout=PATIENCE).close()


def quitting(world: World) -> Any:
    client = pop3(world)
    try:
        client.dele(1)
        return client.quit()
    finally:
        client.close()


OVER_POP3: dict[str, tuple[Fault, Callable[[World], Any], str]] = {
    "-ERR": (POP3.answer(HOST, "RETR", "-ERR no"), retrieving, "error_proto b'-ERR no'"),
    "-ERR for a greeting": (POP3.answer(HOST, "CONNECT", "-ERR full"), welcomed, "error_proto b'-ERR full'"),
    "garbage": (POP3.garbage(HOST, "STAT"), stat, "error_proto b'\\x00\\x7f\\x80garbage'"),
    "a close": (POP3.close(HOST, "RETR"), retrieving, "error_proto -ERR EOF"),
    "a reset": (POP3.reset(HOST, "RETR"), retrieving, "ConnectionResetError"),
    "a greeting that hangs": (POP3.hang(HOST, "CONNECT"), welcomed, "TimeoutError timed out"),
    "an answer cut short": (POP3.cut_after(HOST, 40), retrieving, "error_proto -ERR EOF"),
    "a lost reply": (POP3.lose_reply(HOST, "STAT"), stat, "ConnectionResetError"),
    "SYS/TEMP": (POP3.trouble(HOST), entering, "error_proto b'-ERR [SYS/TEMP] try again later'"),
    "SYS/PERM": (POP3.trouble(HOST, permanent=True), entering, "error_proto b'-ERR [SYS/PERM] nothing will help'"),
    "LOGIN-DELAY": (POP3.login_delay(HOST), entering, "error_proto b'-ERR [LOGIN-DELAY] wait a while'"),
    "a refused login": (POP3.refuse_login(HOST, user=BOB), digesting, "error_proto b'-ERR [AUTH] wrong name or password'"),
    "a locked maildrop": (POP3.locked(HOST), entering, "error_proto b'-ERR [IN-USE] another session has this maildrop'"),
    "a lock in the store": (STORAGE.in_use(BOB), entering, "error_proto b'-ERR [IN-USE] another session"),
    "no QUIT": (POP3.answer(HOST, "QUIT", "-ERR [SYS/TEMP] nothing removed"), quitting, "error_proto b'-ERR [SYS/TEMP]"),
}


@pytest.mark.parametrize(("fault", "act", "experienced"), OVER_POP3.values(), ids=OVER_POP3.keys())
def test_poplib_experiences(world: World, fault: Fault, act: Callable[[World], Any], experienced: str) -> None:
    with world.fault(fault):
        assert experience(lambda: act(world)).startswith(experienced)
    world.settle()
    assert stat(world)[0] == 2


# -- what takes its time ----


@pytest.fixture
def begun() -> threading.Event:
    return threading.Event()


def hearing(begun: threading.Event, verb: str) -> Fault:
    """Breaks nothing: ``begun`` is set when ``verb`` has come."""

    def judge(event: Event) -> Any:
        if verb == "CONNECT" and isinstance(event, Greeted):
            begun.set()
        if isinstance(event, Commanded) and event.verb == verb:
            begun.set()
        return PASS

    return Fault("hear", judge, optional=True)


SLOW: dict[str, tuple[Fault, str, Callable[[World], Any], float, str]] = {
    # the fault, the verb that begins it, what is done, the world's seconds that it takes, how it ends
    "a slow FETCH": (IMAP.delay(HOST, "FETCH", 60), "FETCH", fetch, 60, "OK"),
    "a slow answer": (IMAP.slow_reply(HOST, "FETCH", 60), "FETCH", fetch, 60, "OK"),
    "a FETCH that drips": (IMAP.drip(HOST, octets_per_second=2), "FETCH", fetch, 30, "OK"),
    "a slow greeting": (IMAP.delay(HOST, "CONNECT", 60), "CONNECT", noop, 60, "('OK'"),
    "a slow logout": (IMAP.slow_reply(HOST, "LOGOUT", 60), "LOGOUT", lambda world: imap(world).logout(), 60, "('BYE'"),
    "a slow STAT": (POP3.delay(HOST, "STAT", 60), "STAT", stat, 60, "(2, "),
    "a slow answer to QUIT": (POP3.slow_reply(HOST, "QUIT", 60), "QUIT", quitting, 60, "b'+OK bye, 1 removed'"),
    "a RETR that drips": (POP3.drip(HOST, octets_per_second=10), "RETR", retrieving, 30, "b'+OK "),
}


@pytest.mark.parametrize(("fault", "verb", "act", "seconds", "end"), SLOW.values(), ids=SLOW.keys())
def test_what_is_slow_takes_the_worlds_time(
    world: World, begun: threading.Event, fault: Fault, verb: str, act: Callable[[World], Any], seconds: float, end: str
) -> None:
    ended: list[str] = []
    client = threading.Thread(target=lambda: ended.append(experience(lambda: act(world))))
    with world.fault(hearing(begun, verb), fault):
        client.start()
        assert begun.wait(10)
        world.clock.advance(seconds=seconds - 1)
        assert ended == []
        world.clock.advance(hours=1)
        client.join(10)
    assert [one[: len(end)] for one in ended] == [end]


def test_refused_twice_and_then_let_in(world: World) -> None:
    with world.fault(IMAP.refuse_login(HOST, times=2)):
        outcomes = [experience(lambda: logging_in(world))[:5] for _ in range(3)]
    assert outcomes == ["error", "error", "('OK'"]
    assert len([event for event in world.journal.of_kind(LoggedIn) if event.protocol == "imap"]) == 1


def test_a_lost_reply_has_had_its_effect(world: World) -> None:
    with world.fault(IMAP.lose_reply(HOST, "STORE")):
        experience(lambda: storing(world))
    with imap(world) as client:
        assert b"\\Flagged" in client.fetch("1", "(FLAGS)")[1][0]


def test_logindisabled_is_announced(world: World) -> None:
    with world.fault(IMAP.login_disabled(HOST)), imap(world, login=False) as client:
        assert "LOGINDISABLED" in client.capabilities
        assert b"LOGINDISABLED" in client.capability()[1][0]


# -- misuse ----

WRONG: list[tuple[Callable[[], Fault], str]] = [
    (lambda: IMAP.answer(HOST, "FECTH", "NO"), "no IMAP command 'FECTH'; did you mean 'FETCH'"),
    (lambda: POP3.answer(HOST, "FETCH", "-ERR"), "no POP3 command 'FETCH'"),
    (lambda: IMAP.answer(HOST, "FETCH", "-ERR"), "'-ERR' is no response of IMAP"),
    (lambda: POP3.answer(HOST, "RETR", "NO"), "'NO' is no response of POP3"),
    (lambda: IMAP.answer(HOST, "LOGIN", "NO", user=BOB), "is not known yet at LOGIN; refuse_login"),
    (lambda: IMAP.short_literal(HOST, 0), "too short by 1 or more"),
    (lambda: IMAP.drop_in_idle(HOST, -1), "0 or more"),
    (lambda: IMAP.garbage(HOST, "NOOP", "€"), "each character stands for one octet"),
]


@pytest.mark.parametrize(("make", "complaint"), WRONG)
def test_a_fault_that_could_never_be_meant_is_refused(make: Callable[[], Fault], complaint: str) -> None:
    with pytest.raises(MisuseError, match=complaint):
        make()


def test_who_is_nobody_is_told_at_once(world: World) -> None:
    with (
        pytest.raises(MisuseError, match=r"did you mean 'bob@globex\.test'"),
        world.fault(STORAGE.in_use("bop@globex.test")),
    ):
        pass


def test_a_fault_that_nobody_meets_is_told(world: World) -> None:
    with pytest.raises(UnusedFaultError, match="EXISTS missed"), world.fault(IMAP.missed_exists(HOST)):
        reading(world)


def test_a_client_that_loses_patience_gives_the_maildrop_back(world: World) -> None:
    with world.fault(POP3.hang(HOST, "STAT")):
        client = pop3(world, timeout=PATIENCE)
        with pytest.raises(TimeoutError):
            client.stat()
        assert client.sock is not None
        client.sock.shutdown(socket.SHUT_RDWR)
        client.close()
    world.settle()
    assert stat(world)[0] == 2

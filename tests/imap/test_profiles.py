"""Servers as people meet them: what they do not offer they do not know either."""

import socket

import pytest

from mailharness import Domain, Host, MisuseError, World
from mailharness.imap.commands import COMMANDS
from mailharness.imap.profiles import _COMMANDS_OF, PROFILES
from tests.imap.stage import Stage, hear, say

GREETINGS = {
    "exchange": "IMAP4rev1 LITERAL+ SASL-IR ID IDLE NAMESPACE CHILDREN UIDPLUS UNSELECT MOVE",
    "minimal": "IMAP4rev1",
}


@pytest.mark.parametrize("profile", GREETINGS)
def test_what_is_offered(profile: str) -> None:
    greeting, *_ = hear(Stage().enter(profile=profile))
    assert greeting.startswith(f"* OK [CAPABILITY {GREETINGS[profile]} STARTTLS AUTH=PLAIN")


@pytest.mark.parametrize("profile", [name for name in PROFILES if name])
def test_all_of_a_profile_is_there(profile: str) -> None:
    greeting, *_ = hear(Stage().enter(profile=profile))
    offered = {word.partition("=")[0] if word.startswith("APPENDLIMIT") else word for word in greeting.split()}
    assert PROFILES[profile].offered is not None
    assert PROFILES[profile].offered <= offered


def test_what_is_not_offered_is_not_known() -> None:
    session = Stage(b"x").enter(profile="minimal")
    say(session, 'LOGIN bob "open sesame"', "SELECT INBOX")
    for verbs in _COMMANDS_OF.values():
        for verb in verbs:
            assert verb in COMMANDS
            assert say(session, verb) == ["a BAD unknown command"]
    assert say(session, "FETCH 1 UID")[-1] == "a OK fetched"
    session = Stage().enter(profile="gmail")
    say(session, 'LOGIN bob "open sesame"')
    assert say(session, "ENABLE QRESYNC IMAP4rev2 CONDSTORE")[:1] == ["* ENABLED CONDSTORE"]
    assert "COMPRESSIONACTIVE" not in say(session, "COMPRESS DEFLATE")[-1]


def test_only_small_literals_come_unasked() -> None:
    session = Stage().enter(profile="gmail")
    say(session, 'LOGIN bob "open sesame"')
    assert "APPENDUID" in say(session, f"APPEND INBOX {{4096+}}\r\n{'x' * 4_096}")[-1]
    assert say(session, f"APPEND INBOX {{4097+}}\r\n{'x' * 4_097}") == ["a NO [TOOBIG] the literal is too big"]
    session.receive(b"a APPEND INBOX {4097}\r\n")
    assert hear(session) == ["+ go ahead"]


def test_a_host_has_a_profile() -> None:
    with World(Domain("b.tst", imap=[Host("imap", imap="minimal")])) as world:
        client = socket.create_connection(world["b.tst"].imap, timeout=5)
        assert client.recv(4_096).startswith(b"* OK [CAPABILITY IMAP4rev1 STARTTLS ")
        client.close()
    with pytest.raises(MisuseError, match="gmail"):
        Host(imap="gmial")

"""Ways to prove who one is over POP3: every mechanism, APOP, and what the journal keeps of them (RFC 5034, RFC 1939 §7)."""

import hashlib
import hmac
from base64 import b64decode, b64encode

import pytest

from mailharness.mail.sasl import MECHANISMS
from mailharness.pop3 import Pop3Session
from mailharness.trace.events import Commanded, LoggedIn, Replied
from tests.mail.scram_client import ScramClient
from tests.pop3.stage import DIGEST, Stage, say

EVERY = tuple(MECHANISMS)
BEARER = "auth=Bearer open sesame\x01\x01"


def base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def unpacked(line: str) -> str:
    assert line.startswith("+ ")
    return b64decode(line[2:]).decode()


AT_ONCE = {
    "PLAIN": "\0bob\0open sesame",
    "XOAUTH2": f"user=bob\x01{BEARER}",
    "OAUTHBEARER": f"n,a=bob,\x01{BEARER}",
}


def at_once(session: Pop3Session, name: str) -> str:
    return say(session, f"AUTH {name} {base64(AT_ONCE[name])}")[-1]


def when_asked(session: Pop3Session, name: str) -> str:
    assert say(session, f"auth {name.lower()}") == ["+ "]
    return say(session, base64(AT_ONCE[name]))[-1]


def by_login(session: Pop3Session) -> str:
    assert unpacked(say(session, "AUTH LOGIN")[0]) == "Username:"
    assert unpacked(say(session, base64("bob"))[0]) == "Password:"
    return say(session, base64("open sesame"))[-1]


def by_cram_md5(session: Pop3Session) -> str:
    challenge = unpacked(say(session, "AUTH CRAM-MD5")[0])
    return say(session, base64(f"bob {hmac.new(b'open sesame', challenge.encode(), 'md5').hexdigest()}"))[-1]


def by_scram(session: Pop3Session) -> str:
    client = ScramClient("bob", "open sesame")
    challenge = unpacked(say(session, f"AUTH SCRAM-SHA-256 {base64(client.first)}")[0])
    signature = unpacked(say(session, base64(client.last(challenge)))[0])
    assert client.is_server(signature)
    return say(session, "")[-1]


def by_apop(session: Pop3Session) -> str:
    return say(session, f"APOP bob {DIGEST}")[-1]


WAYS = {
    **{name: lambda session, name=name: at_once(session, name) for name in AT_ONCE},
    **{f"{name}, asked for": lambda session, name=name: when_asked(session, name) for name in AT_ONCE},
    "LOGIN": by_login,
    "CRAM-MD5": by_cram_md5,
    "SCRAM-SHA-256": by_scram,
    "APOP": by_apop,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_way_in_and_no_secret_on_the_way(way: str) -> None:
    stage = Stage()
    session = stage.enter(mechanisms=EVERY)
    session.take_output()
    assert WAYS[way](session) == "+OK bob@b.tst logged in"
    assert say(session, "STAT") == ["+OK 2 83"]
    assert [event.mechanism for event in stage.events if isinstance(event, LoggedIn)] == [way.partition(",")[0]]
    told = " ".join(str(getattr(event, "line", "")) for event in stage.events if isinstance(event, Commanded))
    assert "sesame" not in told
    assert all(base64(secret)[:12] not in told for secret in (*AT_ONCE.values(), "open sesame"))
    assert DIGEST not in told


WRONG = [
    # what the client says, line by line, and how the last answer begins
    (["AUTH PLAIN " + base64("\0bob\0guess")], "-ERR [AUTH] wrong name or password"),
    (["AUTH PLAIN " + base64("alice\0bob\0open sesame")], "-ERR nobody acts for another here"),
    (["AUTH PLAIN", "*"], "-ERR given up"),
    (["AUTH PLAIN", "!"], "-ERR that is no base64"),
    (["AUTH PLAIN ="], "-ERR PLAIN is"),
    (["AUTH PLAIN", "A" * 12_400], "-ERR an answer has at most 12288 octets"),
    (["AUTH PLAIN " + "A" * 300], "-ERR a command line has at most 255 octets"),
    (["AUTH XOAUTH2 " + base64("user=bob\x01auth=Bearer no\x01\x01"), ""], "-ERR [AUTH]"),
    (["AUTH CRAM-MD5 AAAA"], "-ERR CRAM-MD5 has no initial response"),
    (["AUTH FROB"], "-ERR that mechanism is not offered"),
    (["APOP bob " + "0" * 32], "-ERR [AUTH] wrong name or password"),
    (["APOP eve " + DIGEST], "-ERR [AUTH] wrong name or password"),
    (["APOP bob"], "-ERR say APOP name digest"),
]


@pytest.mark.parametrize(("lines", "answer"), WRONG)
def test_what_is_no_way_in(lines: list[str], answer: str) -> None:
    stage = Stage()
    session = stage.enter(mechanisms=EVERY)
    session.take_output()
    assert say(session, *lines)[-1].startswith(answer)
    assert say(session, "STAT") == ["-ERR STAT is not for the AUTHORIZATION state"]
    assert not [event for event in stage.events if isinstance(event, LoggedIn)]
    assert say(session, "USER bob", "PASS open sesame")[-1] == "+OK bob@b.tst logged in"


def test_only_what_is_offered_is_taken() -> None:
    session = Stage().enter(mechanisms=("CRAM-MD5",))
    session.take_output()
    assert "SASL CRAM-MD5" in say(session, "CAPA")
    assert say(session, "AUTH", "AUTH PLAIN") == [
        "+OK mechanisms follow",
        "CRAM-MD5",
        ".",
        "-ERR that mechanism is not offered",
    ]
    nothing = Stage().enter(mechanisms=())
    assert not [line for line in say(nothing, "CAPA") if line.startswith("SASL")]


def test_before_tls_nothing_is_proved_where_tls_is_required() -> None:
    session = Stage().enter(mechanisms=EVERY, require_tls=True)
    assert session.take_output() == b"+OK mail.b.tst POP3 ready\r\n"
    assert not [line for line in say(session, "CAPA") if line.startswith("SASL")]
    first = [line.split(" ")[0] for line in say(session, "AUTH PLAIN", f"APOP bob {DIGEST}")]
    assert first == ["-ERR", "-ERR"]
    say(session, "STLS")
    session.secured("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    assert "SASL PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256 XOAUTH2 OAUTHBEARER" in say(session, "CAPA")
    assert by_scram(session) == "+OK bob@b.tst logged in"


def test_the_timestamp_is_another_in_each_session() -> None:
    stage = Stage()
    greetings = {stage.enter().take_output() for _ in range(3)}
    assert len(greetings) == 3
    told = [event.text.encode() + b"\r\n" for event in stage.events if isinstance(event, Replied)]
    assert greetings == set(told)
    digest = hashlib.md5(b"<1.1700000000@mail.b.tst>open sesame").hexdigest()
    assert say(stage.enter(), f"APOP bob {digest}")[-1] == "-ERR [AUTH] wrong name or password"

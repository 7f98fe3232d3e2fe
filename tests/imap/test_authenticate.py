"""AUTHENTICATE by every mechanism, and what is no way in (RFC 9051 §6.2.2, RFC 4959)."""

import hmac
from base64 import b64decode, b64encode

import pytest

from mailharness.imap import ImapSession
from mailharness.imap.commands import COMMANDS
from mailharness.mail.sasl import MECHANISMS
from mailharness.mailbox import Account
from mailharness.trace.events import IMAP_VERBS, Commanded, LoggedIn
from tests.imap.stage import HOST, Stage, hear, say
from tests.mail.scram_client import ScramClient

BEARER = "auth=Bearer open sesame\x01\x01"
AT_ONCE = {
    "PLAIN": "\0bob\0open sesame",
    "XOAUTH2": f"user=bob\x01{BEARER}",
    "OAUTHBEARER": f"n,a=bob,\x01{BEARER}",
}


def base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def entered(stage: Stage, *, mechanisms: tuple[str, ...] = tuple(MECHANISMS), require_tls: bool = False) -> ImapSession:
    """A session that offers ``mechanisms``, greeted."""

    def named(name: str) -> Account | None:
        return stage.bob if name in {"bob", "bob@b.tst"} else None

    session = ImapSession(
        host=HOST,
        session=1,
        clock=stage.clock,
        announce=stage.switchboard.announce,
        login=stage.login,
        new_copy=stage.new_copy,
        tls_available=True,
        secured=False,
        require_tls=require_tls,
        append_limit=1000,
        named=named,
        mechanisms=mechanisms,
    )
    session.connected()
    hear(session)
    return session


def go_on(session: ImapSession, line: str) -> str:
    session.receive(line.encode() + b"\r\n")
    return hear(session)[-1]


def unpacked(line: str) -> str:
    assert line.startswith("+ ")
    return b64decode(line[2:]).decode()


def at_once(session: ImapSession, name: str) -> str:
    return say(session, f"AUTHENTICATE {name} {base64(AT_ONCE[name])}")[-1]


def when_asked(session: ImapSession, name: str) -> str:
    assert say(session, f"authenticate {name.lower()}") == ["+ "]
    return go_on(session, base64(AT_ONCE[name]))


def by_login(session: ImapSession) -> str:
    assert unpacked(say(session, "AUTHENTICATE LOGIN")[0]) == "Username:"
    assert unpacked(go_on(session, base64("bob"))) == "Password:"
    return go_on(session, base64("open sesame"))


def by_cram_md5(session: ImapSession) -> str:
    challenge = unpacked(say(session, "AUTHENTICATE CRAM-MD5")[0])
    return go_on(session, base64(f"bob {hmac.new(b'open sesame', challenge.encode(), 'md5').hexdigest()}"))


def by_scram(session: ImapSession) -> str:
    client = ScramClient("bob", "open sesame")
    challenge = unpacked(say(session, f"AUTHENTICATE SCRAM-SHA-256 {base64(client.first)}")[0])
    assert client.is_server(unpacked(go_on(session, base64(client.last(challenge)))))
    return go_on(session, "")


WAYS = {
    **{name: lambda session, name=name: at_once(session, name) for name in AT_ONCE},
    **{f"{name}, asked for": lambda session, name=name: when_asked(session, name) for name in AT_ONCE},
    "LOGIN": by_login,
    "CRAM-MD5": by_cram_md5,
    "SCRAM-SHA-256": by_scram,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_way_in_and_no_secret_on_the_way(way: str) -> None:
    stage = Stage()
    session = entered(stage)
    assert WAYS[way](session).startswith("a OK [CAPABILITY IMAP4rev1 ")
    assert say(session, "SELECT INBOX")[-1] == "a OK [READ-WRITE] selected"
    (event,) = stage.events(LoggedIn)
    assert isinstance(event, LoggedIn)
    assert (event.user, event.mechanism) == ("bob@b.tst", way.partition(",")[0])
    told = " ".join(event.line for event in stage.events(Commanded) if isinstance(event, Commanded))
    assert all(secret not in told for secret in ("sesame", *(base64(one)[:12] for one in AT_ONCE.values())))


WRONG = [
    # what the client says, line by line, and how the last answer begins
    (["AUTHENTICATE PLAIN " + base64("\0bob\0guess")], "a NO [AUTHENTICATIONFAILED] wrong name or password"),
    (["AUTHENTICATE PLAIN " + base64("alice\0bob\0open sesame")], "a NO [AUTHORIZATIONFAILED] nobody acts for another"),
    (["AUTHENTICATE LOGIN", "*"], "a BAD given up"),
    (["AUTHENTICATE LOGIN", base64("bob"), "*"], "a BAD given up"),
    (["AUTHENTICATE LOGIN", "!"], "a BAD that is no base64"),
    (["AUTHENTICATE SCRAM-SHA-256 " + base64("p=tls-unique,,n=bob,r=x")], "a BAD SCRAM begins with"),
    (["AUTHENTICATE XOAUTH2 " + base64("user=bob\x01auth=Bearer no\x01\x01"), ""], "a NO [AUTHENTICATIONFAILED]"),
    (["AUTHENTICATE CRAM-MD5 AAAA"], "a BAD CRAM-MD5 has no initial response"),
    (["AUTHENTICATE FROB"], "a NO [CANNOT] only PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-256, XOAUTH2, OAUTHBEARER is spoken"),
]


@pytest.mark.parametrize(("lines", "answer"), WRONG)
def test_what_is_no_way_in(lines: list[str], answer: str) -> None:
    stage = Stage()
    session = entered(stage)
    heard = say(session, lines[0])[-1]
    for line in lines[1:]:
        heard = go_on(session, line)
    assert heard.startswith(answer)
    assert say(session, "SELECT INBOX")[-1].startswith("a BAD")
    assert say(session, 'LOGIN bob "open sesame"')[-1].startswith("a OK")


def test_what_is_offered_is_what_is_taken() -> None:
    session = entered(Stage(), mechanisms=("SCRAM-SHA-256",))
    (told, _) = say(session, "CAPABILITY")
    assert [word for word in told.split() if word.startswith("AUTH=")] == ["AUTH=SCRAM-SHA-256"]
    assert say(session, "AUTHENTICATE PLAIN")[-1] == "a NO [CANNOT] only SCRAM-SHA-256 is spoken here"
    assert say(entered(Stage(), mechanisms=()), "AUTHENTICATE PLAIN")[-1] == "a NO [CANNOT] only LOGIN is spoken here"


def test_before_tls_nothing_is_proved_where_tls_is_required() -> None:
    session = entered(Stage(), require_tls=True)
    assert " AUTH=" not in say(session, "CAPABILITY")[0]
    assert say(session, "AUTHENTICATE PLAIN")[-1].startswith("a NO [PRIVACYREQUIRED]")


def test_a_fault_can_name_every_command() -> None:
    assert {verb.removeprefix("UID ") for verb in COMMANDS} <= IMAP_VERBS

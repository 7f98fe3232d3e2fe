"""What a client says and hears, as transcripts: RFC 1939, RFC 2449, RFC 2595."""

import pytest

from mailharness.pop3.commands import COMMANDS, VERBS, State
from mailharness.trace.events import POP3_VERBS
from tests.pop3.stage import DIGEST, Stage, first_word, say

READ_AND_KEEP = """
S: +OK mail.b.tst POP3 ready <1.1700000000@mail.b.tst>
C: USER bob@b.tst
S: +OK send PASS
C: PASS open sesame
S: +OK bob@b.tst logged in
C: STAT
S: +OK 2 83
C: LIST
S: +OK 2 messages
S: 1 51
S: 2 32
S: .
C: LIST 2
S: +OK 2 32
C: UIDL
S: +OK 2 messages
S: 1 0000000100000001
S: 2 0000000100000002
S: .
C: uidl 2
S: +OK 2 0000000100000002
C: RETR 1
S: +OK 51 octets
S: Subject: first
S:
S: Hello Bob,
S: ... two dots
S: ..
S: bye
S: .
C: RETR 2
S: +OK 32 octets
S: Subject: second
S:
S: no line end
S: .
C: NOOP
S: +OK
C: QUIT
S: +OK bye, 0 removed
"""
READ_AND_DELETE = """
S: +OK mail.b.tst POP3 ready <1.1700000000@mail.b.tst>
C: USER bob
S: +OK send PASS
C: PASS open sesame
S: +OK bob@b.tst logged in
C: DELE 1
S: +OK message 1 is marked as deleted
C: DELE 1
S: -ERR no such message
C: RETR 1
S: -ERR no such message
C: STAT
S: +OK 1 32
C: LIST
S: +OK 1 messages
S: 2 32
S: .
C: RSET
S: +OK nothing is marked as deleted
C: STAT
S: +OK 2 83
C: DELE 2
S: +OK message 2 is marked as deleted
C: QUIT
S: +OK bye, 1 removed
"""
TOP_OF_IT = """
S: +OK mail.b.tst POP3 ready <1.1700000000@mail.b.tst>
C: USER bob
S: +OK send PASS
C: PASS open sesame
S: +OK bob@b.tst logged in
C: TOP 1 0
S: +OK the top of it follows
S: Subject: first
S:
S: .
C: TOP 1 2
S: +OK the top of it follows
S: Subject: first
S:
S: Hello Bob,
S: ... two dots
S: .
C: TOP 2 99
S: +OK the top of it follows
S: Subject: second
S:
S: no line end
S: .
C: TOP 1
S: -ERR say TOP number lines
C: TOP 1 -1
S: -ERR say TOP number lines
C: TOP 9 1
S: -ERR no such message
"""
WRONG_PASSWORD = """
S: +OK mail.b.tst POP3 ready <1.1700000000@mail.b.tst>
C: PASS open sesame
S: -ERR USER first
C: USER bob
S: +OK send PASS
C: PASS  open sesame
S: -ERR [AUTH] wrong name or password
C: PASS open sesame
S: -ERR USER first
C: USER nobody
S: +OK send PASS
C: PASS open sesame
S: -ERR [AUTH] wrong name or password
C: QUIT
S: +OK bye
"""
CAPABILITIES = """
S: +OK mail.b.tst POP3 ready <1.1700000000@mail.b.tst>
C: CAPA
S: +OK capabilities follow
S: TOP
S: UIDL
S: USER
S: SASL PLAIN
S: STLS
S: RESP-CODES
S: AUTH-RESP-CODE
S: PIPELINING
S: EXPIRE NEVER
S: UTF8 USER
S: LANG
S: IMPLEMENTATION mailharness
S: .
C: USER bob
S: +OK send PASS
C: PASS open sesame
S: +OK bob@b.tst logged in
C: CAPA
S: +OK capabilities follow
S: TOP
S: UIDL
S: USER
S: SASL PLAIN
S: RESP-CODES
S: AUTH-RESP-CODE
S: PIPELINING
S: EXPIRE NEVER
S: UTF8 USER
S: LANG
S: IMPLEMENTATION mailharness
S: .
"""
BAD_MANNERS = """
S: +OK mail.b.tst POP3 ready <1.1700000000@mail.b.tst>
C:
S: -ERR unknown command
C: EHLO client
S: -ERR unknown command
C: APOP bob 0123
S: -ERR say APOP name digest
C: AUTH PLAIN Ym9i
S: -ERR PLAIN is authorization identity, NUL, user, NUL, password
C: USER
S: -ERR say USER text
C: STAT
S: -ERR STAT is not for the AUTHORIZATION state
C: USER bob
S: +OK send PASS
C: PASS open sesame
S: +OK bob@b.tst logged in
C: USER bob
S: -ERR USER is not for the TRANSACTION state
C: STLS
S: -ERR STLS is not for the TRANSACTION state
C: RETR
S: -ERR say RETR number
C: RETR one
S: -ERR say RETR number
C: RETR ²
S: -ERR say RETR number
C: RETR 0
S: -ERR no such message
C: LIST 1 2
S: -ERR say LIST [number]
C: NOOP now
S: -ERR say NOOP
C: \tNOOP
S: -ERR unknown command
C: noop
S: +OK
"""
TRANSCRIPTS = {
    "read and keep": READ_AND_KEEP,
    "read and delete": READ_AND_DELETE,
    "top": TOP_OF_IT,
    "wrong password": WRONG_PASSWORD,
    "capabilities": CAPABILITIES,
    "bad manners": BAD_MANNERS,
}


def sides(transcript: str) -> tuple[list[str], list[str]]:
    """What the client says and what the server says, each in order."""
    lines = [(line[0], line[3:]) for line in transcript.strip().splitlines()]
    return [text for side, text in lines if side == "C"], [text for side, text in lines if side == "S"]


@pytest.mark.parametrize("transcript", TRANSCRIPTS.values(), ids=TRANSCRIPTS)
def test_transcript(transcript: str) -> None:
    session, spoken = Stage().enter(), []
    spoken += [f"S: {line}".rstrip() for line in session.take_output().decode().splitlines()]
    for command in sides(transcript)[0]:
        spoken += [f"C: {command}".rstrip(), *(f"S: {line}".rstrip() for line in say(session, command))]
    assert spoken == [line.rstrip() for line in transcript.strip().splitlines()]


@pytest.mark.parametrize("transcript", TRANSCRIPTS.values(), ids=TRANSCRIPTS)
@pytest.mark.parametrize("slice_length", [1, 7, 10_000])
@pytest.mark.parametrize("line_end", ["\r\n", "\n"])
def test_pipelining_and_slicing_change_nothing(transcript: str, slice_length: int, line_end: str) -> None:
    session = Stage().enter()
    said, heard = sides(transcript)
    octets = "".join(command + line_end for command in said).encode()
    for start in range(0, len(octets), slice_length):
        session.receive(octets[start : start + slice_length])
    assert session.take_output().decode() == "".join(f"{line}\r\n" for line in heard)


@pytest.mark.parametrize("verb", sorted(VERBS))
@pytest.mark.parametrize("state", State)
def test_a_command_is_known_in_its_states_only(state: State, verb: str) -> None:
    stage = Stage()
    session = stage.logged_in() if state is State.TRANSACTION else stage.enter()
    if verb == "PASS":
        say(session, "USER bob")
    session.take_output()
    arguments = {
        "APOP": f" bob {DIGEST}",
        "USER": " bob",
        "PASS": " open sesame",
        "TOP": " 1 0",
        "RETR": " 1",
        "DELE": " 1",
    }
    assert first_word(session, verb + arguments.get(verb, "")) == ("+OK" if verb in COMMANDS[state] else "-ERR")


def test_a_fault_can_name_every_command() -> None:
    assert VERBS == POP3_VERBS


def test_deletions_are_carried_out_by_quit_alone() -> None:
    stage = Stage()
    left = stage.logged_in()
    say(left, "DELE 1")
    left.receive_eof()
    assert (left.closed, len(stage.bob.inbox)) == (True, 2)
    say(stage.logged_in(), "DELE 1", "QUIT")
    assert [stored.message.subject for stored in stage.bob.inbox.messages] == ["second"]


def test_a_half_said_command_is_no_command() -> None:
    stage = Stage()
    session = stage.logged_in()
    session.receive(b"DELE 1\r\nQUIT")
    session.receive_eof()
    assert session.closed
    assert len(stage.bob.inbox) == 2


def test_after_quit_nothing_is_heard() -> None:
    stage = Stage()
    session = stage.logged_in()
    session.receive(b"QUIT\r\nDELE 1\r\nQUIT\r\n")
    session.receive(b"NOOP\r\n")
    session.receive_eof()
    assert (session.closed, session.aborted) == (True, False)
    assert session.take_output() == b"+OK bye, 0 removed\r\n"


def test_the_second_client_hears_that_the_maildrop_is_in_use() -> None:
    stage = Stage()
    first, second = stage.logged_in(), stage.enter()
    second.take_output()
    login = ("USER bob", "PASS open sesame")
    assert say(second, *login)[1] == "-ERR [IN-USE] another session has this maildrop"
    first.receive_eof()
    assert say(second, *login)[1] == "+OK bob@b.tst logged in"


def test_reading_marks_as_seen_and_a_look_at_the_top_does_not() -> None:
    stage = Stage()
    say(stage.logged_in(), "TOP 1 5", "RETR 2", "LIST", "UIDL")
    assert [stored.flags for stored in stage.bob.inbox.messages] == [frozenset(), {"\\Seen"}]


# each row: tls_available, secured, require_tls; STLS and USER in the capabilities; +OK for STLS and for USER
TLS_RULES = [
    (True, False, False, True, True),
    (True, False, True, True, False),
    (True, True, False, False, True),
    (True, True, True, False, True),
    (False, False, False, False, True),
    (False, False, True, False, False),
]


@pytest.mark.parametrize(("available", "secured", "required", "stls", "user"), TLS_RULES)
def test_what_is_offered_is_what_works(available: bool, secured: bool, required: bool, stls: bool, user: bool) -> None:
    session = Stage().enter(tls_available=available, secured=secured, require_tls=required)
    session.take_output()
    offered = say(session, "CAPA")
    assert ("STLS" in offered, "USER" in offered) == (stls, user)
    assert first_word(session, "USER bob") == ("+OK" if user else "-ERR")
    assert first_word(session, "PASS open sesame") == ("+OK" if user else "-ERR")
    if not user:
        assert first_word(session, "STLS") == ("+OK" if stls else "-ERR")


def test_what_came_in_the_clear_behind_stls_is_thrown_away() -> None:
    session = Stage().enter(require_tls=True)
    session.take_output()
    session.receive(b"USER mallory\r\nSTLS\r\nUSER mallory\r\nQUIT\r\nPA")
    session.receive(b"SS injected\r\n")
    assert session.wants_tls
    assert session.take_output().splitlines()[1:] == [b"+OK begin TLS"]
    session.secured("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    assert not session.wants_tls
    assert session.take_output() == b""
    assert say(session, "STLS", "PASS x", "USER bob", "PASS open sesame") == [
        "-ERR TLS is on already",
        "-ERR USER first",
        "+OK send PASS",
        "+OK bob@b.tst logged in",
    ]


def test_a_name_given_in_the_clear_does_not_outlive_the_upgrade() -> None:
    session = Stage().enter()
    say(session, "USER bob", "STLS")
    session.secured("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    assert say(session, "PASS open sesame") == ["-ERR USER first"]


def test_a_client_that_leaves_during_the_upgrade_is_let_go() -> None:
    session = Stage().enter()
    say(session, "STLS")
    session.receive_eof()
    assert session.closed

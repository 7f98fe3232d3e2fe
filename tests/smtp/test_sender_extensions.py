"""The sender and the extensions: what is said to a server that offers one, and what is done where it does not."""

from types import MappingProxyType

import pytest

from mailharness.mail import Address, DsnRequest, Envelope, Message
from mailharness.smtp.exchange import PORTION
from mailharness.smtp.xtext import original_recipient, xtext
from tests.smtp.scripted import ALICE, BOB, CAROL, DAVE, HELLO, Scripted, outcomes, to

UE = Address("ü", "b.test")
IDN = Address("bob", "bücher.test")
EIGHT = Message("MIME-Version: 1.0\r\nContent-Transfer-Encoding: 8bit\r\n\r\nü\r\n".encode())


def asking(**requests: DsnRequest) -> Envelope:
    by_recipient = {Address(local, "b.test"): request for local, request in requests.items()}
    return to(*by_recipient, ret="HDRS", envid="QQ+314 159=", requests=MappingProxyType(by_recipient))


SUCCESS = DsnRequest(frozenset({"SUCCESS", "DELAY"}), "rfc822;Bob+1@b.test")
NEVER = DsnRequest(frozenset({"NEVER"}))

COMMANDS = {
    "nothing is offered": (to(BOB), (), ["MAIL FROM:<alice@a.test>", "RCPT TO:<bob@b.test>"]),
    "SIZE": (to(BOB), ("SIZE 1000",), ["MAIL FROM:<alice@a.test> SIZE=25", "RCPT TO:<bob@b.test>"]),
    "SIZE without a number": (to(BOB), ("SIZE",), ["MAIL FROM:<alice@a.test> SIZE=25", "RCPT TO:<bob@b.test>"]),
    "SIZE 0 is no limit": (to(BOB), ("SIZE 0",), ["MAIL FROM:<alice@a.test> SIZE=25", "RCPT TO:<bob@b.test>"]),
    "DSN": (
        asking(bob=SUCCESS, carol=NEVER, dave=DsnRequest()),
        ("DSN",),
        [
            "MAIL FROM:<alice@a.test> RET=HDRS ENVID=QQ+2B314+20159+3D",
            "RCPT TO:<bob@b.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Bob+2B1@b.test",
            "RCPT TO:<carol@b.test> NOTIFY=NEVER",
            "RCPT TO:<dave@b.test>",
        ],
    ),
    "DSN where nothing is asked": (to(BOB), ("DSN",), ["MAIL FROM:<alice@a.test>", "RCPT TO:<bob@b.test>"]),
    "DSN asked in vain": (asking(bob=SUCCESS), (), ["MAIL FROM:<alice@a.test>", "RCPT TO:<bob@b.test>"]),
    "an A-label for a server without SMTPUTF8": (
        to(IDN, sender=Address("alice", "straße.test")),
        (),
        ["MAIL FROM:<alice@strasse.test>", "RCPT TO:<bob@xn--bcher-kva.test>"],
    ),
    "the address as it is with SMTPUTF8": (
        to(IDN),
        ("8BITMIME", "SMTPUTF8"),
        ["MAIL FROM:<alice@a.test> SMTPUTF8", "RCPT TO:<bob@bücher.test>"],
    ),
}


@pytest.mark.parametrize("pipelining", [(), ("PIPELINING",)], ids=["in turn", "pipelined"])
@pytest.mark.parametrize(("envelope", "offers", "commands"), COMMANDS.values(), ids=COMMANDS)
def test_what_is_said_to_whom(
    envelope: Envelope, offers: tuple[str, ...], commands: list[str], pipelining: tuple[str, ...]
) -> None:
    server = Scripted((*offers, *pipelining))
    (outcome,) = outcomes(server, (envelope, HELLO))
    assert server.heard == ["EHLO mx.a.test", *commands, "DATA", ".", "QUIT"]
    assert outcome.accepted == envelope.recipients
    assert server.received == [bytes(HELLO)]


@pytest.mark.parametrize(
    ("text", "encoded"),
    [("QQ314159", "QQ314159"), ("a+b=c d", "a+2Bb+3Dc+20d"), ("ü", "+C3+BC"), ("", ""), ("\x7f~!", "+7F~!")],
)
def test_xtext(text: str, encoded: str) -> None:
    assert xtext(text) == encoded


@pytest.mark.parametrize(
    ("orcpt", "value"),
    [
        ("rfc822;bob@b.test", "rfc822;bob@b.test"),
        ("X.400;C=US;A=x y", "X.400;C+3DUS;A+3Dx+20y"),
        ("utf-8;jürgen@b.test", r"utf-8;j\x{FC}rgen@b.test"),
        ("UTF-8;a+b=c\\d 李@b.test", r"UTF-8;a\x{2B}b\x{3D}c\x{5C}d\x{20}\x{674E}@b.test"),
    ],
)
def test_an_original_recipient(orcpt: str, value: str) -> None:
    assert original_recipient(orcpt) == value
    assert value.isascii()


@pytest.mark.parametrize(
    ("offers", "answers", "relayed"),
    [
        ((), {}, (BOB,)),
        (("DSN",), {}, ()),
        ((), {"RCPT": ["550 no", "250 ok"]}, ()),
        ((), {".": "451 later"}, ()),
    ],
)
def test_success_that_nobody_will_report_is_told(offers: tuple[str, ...], answers: dict[str, str], relayed: object) -> None:
    (outcome,) = outcomes(Scripted(offers, answers), (asking(bob=SUCCESS, carol=NEVER), HELLO))
    assert outcome.relayed_without_dsn == relayed


REFUSED_UNASKED = {
    "over SIZE": (to(BOB), Message(b"x" * 101), ("SIZE 102",), "552 5.3.4"),
    "a local part that needs SMTPUTF8": (to(UE), HELLO, ("8BITMIME",), "550 5.6.7"),
    "a sender that needs SMTPUTF8": (to(BOB, sender=UE), HELLO, ("8BITMIME",), "550 5.6.7"),
    "a header that needs SMTPUTF8": (to(BOB, smtputf8=True), Message("Subject: ü\r\n\r\n".encode()), (), "550 5.6.7"),
    "a header in 8 bits for a server of 7": (to(BOB), Message(b"Subject: \xfc\r\n\r\n\xfc\r\n"), (), "550 5.6.7"),
    "signed content in 8 bits for a server of 7": (
        to(BOB),
        Message(b"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n\xfc\r\n--b--\r\n"),
        (),
        "554 5.6.3",
    ),
    "binary without BINARYMIME": (to(BOB, binary=True), HELLO, ("CHUNKING", "8BITMIME"), "554 5.6.3"),
    "binary without CHUNKING": (to(BOB, binary=True), HELLO, ("BINARYMIME",), "554 5.6.3"),
    "TLS required, and none there": (to(BOB, require_tls=True), HELLO, ("REQUIRETLS",), "550 5.7.10"),
}


@pytest.mark.parametrize(("envelope", "message", "offers", "start"), REFUSED_UNASKED.values(), ids=REFUSED_UNASKED)
def test_what_a_server_cannot_take_is_not_offered_to_it(
    envelope: Envelope, message: Message, offers: tuple[str, ...], start: str
) -> None:
    server = Scripted(offers)
    refused, after = outcomes(server, (envelope, message), (to(CAROL), HELLO))
    assert [str(reply)[: len(start)] for reply in refused.recipients.values()] == [start]
    assert (refused.unasked, refused.accepted, after.accepted) == (envelope.recipients, (), (CAROL,))
    assert server.verbs == ["EHLO", "MAIL", "RCPT", "DATA", ".", "QUIT"]


def test_a_letter_of_just_the_announced_size_goes() -> None:
    (outcome,) = outcomes(Scripted(("SIZE 103",)), (to(BOB), Message(b"x" * 101)))
    assert outcome.accepted == (BOB,)


def test_who_can_be_reached_without_smtputf8_is() -> None:
    server = Scripted()
    (outcome,) = outcomes(server, (to(BOB, UE, IDN), HELLO))
    assert {str(address): reply.status for address, reply in outcome.recipients.items()} == {
        "bob@b.test": "",
        "ü@b.test": "5.6.7",
        "bob@bücher.test": "",
    }
    assert (outcome.accepted, outcome.unasked) == ((BOB, IDN), (UE,))


def test_eight_bits_are_converted_for_a_server_of_seven() -> None:
    server = Scripted(("SIZE",))
    (outcome,) = outcomes(server, (to(BOB), EIGHT))
    (received,) = server.received
    assert outcome.accepted == (BOB,)
    assert received.isascii()
    assert Message(received).text == EIGHT.text == "ü\n"
    assert server.heard[1] == f"MAIL FROM:<alice@a.test> SIZE={len(received)}"


def test_eight_bits_are_left_alone_for_a_server_of_eight() -> None:
    server = Scripted(("8BITMIME",))
    outcomes(server, (to(BOB), EIGHT))
    assert server.received == [bytes(EIGHT)]
    assert server.heard[1] == "MAIL FROM:<alice@a.test> BODY=8BITMIME"


# -- LIMITS (RFC 9422) ----

ELSE = Address("erin", "c.test")


@pytest.mark.parametrize(
    ("limits", "later"),
    [
        ("RCPTMAX=2", (CAROL, ELSE)),
        ("rcptmax=3", (ELSE,)),
        ("RCPTMAX=4", ()),
        ("RCPTDOMAINMAX=1", (ELSE,)),
        ("RCPTMAX=1 RCPTDOMAINMAX=2 FUTURE=7", (DAVE, CAROL, ELSE)),
        ("RCPTMAX=0", ()),
        ("RCPTMAX=many", ()),
        ("RCPTMAX=9999999", ()),
    ],
)
def test_recipients_beyond_a_limit_wait_for_another_transaction(limits: str, later: tuple[Address, ...]) -> None:
    everyone = (BOB, DAVE, CAROL, ELSE)
    server = Scripted((f"LIMITS {limits}", "PIPELINING"))
    (outcome,) = outcomes(server, (to(*everyone), HELLO))
    assert outcome.unasked == later
    assert {str(outcome.recipients[address])[:9] for address in later} <= {"452 4.5.3"}
    assert outcome.accepted == everyone[: len(everyone) - len(later)]
    assert outcome.reply is not None
    assert outcome.reply.is_positive


def test_a_session_is_used_as_often_as_the_server_allows() -> None:
    server = Scripted(("LIMITS MAILMAX=2",), {"MAIL": ["550 no", "250 ok"]})
    found = outcomes(server, *[(to(BOB), HELLO)] * 4)
    assert [outcome.accepted for outcome in found] == [(), (BOB,)]
    assert server.verbs.count("MAIL") == 2
    assert server.verbs[-1] == "QUIT"


def test_the_domains_of_all_letters_count_in_a_session() -> None:
    server = Scripted(("LIMITS RCPTDOMAINMAX=2",))
    third = Address("frank", "d.test")
    found = outcomes(server, (to(BOB), HELLO), (to(CAROL), HELLO), (to(ELSE, third, DAVE), HELLO), (to(BOB), HELLO))
    assert [outcome.accepted for outcome in found] == [(BOB,), (CAROL,), (ELSE, DAVE)]
    assert found[-1].unasked == (third,)


# -- CHUNKING (RFC 3030) ----

CHUNKING = ("CHUNKING", "BINARYMIME", "SIZE")
BINARY = Message(b"no lines\0\r\n.\r\n\n\r.", (b"Received: here\r\n",))


def test_a_binary_letter_arrives_as_it_was_sent() -> None:
    server = Scripted(CHUNKING)
    (outcome,) = outcomes(server, (to(BOB, binary=True), BINARY))
    assert outcome.accepted == (BOB,)
    assert server.received == [bytes(BINARY)]
    assert server.heard[1:4] == [
        f"MAIL FROM:<alice@a.test> SIZE={len(BINARY)} BODY=BINARYMIME",
        "RCPT TO:<bob@b.test>",
        f"BDAT {len(BINARY)} LAST",
    ]


@pytest.mark.parametrize("pipelining", [(), ("PIPELINING",)])
@pytest.mark.parametrize("size", [0, 1, PORTION - 16, PORTION, 7 * PORTION + 5])
def test_chunks_of_a_bounded_size_make_the_whole(size: int, pipelining: tuple[str, ...]) -> None:
    server = Scripted((*CHUNKING, *pipelining))
    message = Message(b"x" * size, (b"Received: here\r\n",) if size else ())
    (outcome,) = outcomes(server, (to(BOB), message), chunking=True)
    assert outcome.accepted == (BOB,)
    assert server.received == [bytes(message)]
    chunks = [line.split()[1:] for line in server.heard if line.startswith("BDAT")]
    assert max(int(size) for size, *_ in chunks) <= PORTION
    assert [last for _, *last in chunks] == [[]] * (len(chunks) - 1) + [["LAST"]]
    assert "BODY" not in server.heard[1]


def test_data_is_the_default_and_what_is_left_where_chunks_are_not_offered() -> None:
    for offers, chunking in ((CHUNKING, False), ((), True)):
        server = Scripted(offers)
        outcomes(server, (to(BOB), Message(b"no ending")), chunking=chunking)
        assert server.received == [b"no ending\r\n"]


@pytest.mark.parametrize("pipelining", [(), ("PIPELINING",)])
@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (["452 4.3.1 full"], "452 4.3.1 full"),
        (["250 ok", "250 ok", "552 5.3.4 too big"], "552 5.3.4 too big"),
        (["250 ok"] * 7 + ["451 4.3.0 no"], "451 4.3.0 no"),
    ],
)
def test_a_chunk_that_is_refused_ends_the_transaction(answers: list[str], said: str, pipelining: tuple[str, ...]) -> None:
    behind = "503 no transaction" if pipelining else "250 ok"
    server = Scripted((*CHUNKING, *pipelining), {"BDAT": [*answers, behind]})
    letter = (to(BOB, CAROL), Message(b"x" * (8 * PORTION)))
    if not pipelining:
        refused, after = outcomes(server, letter, (to(BOB), HELLO), chunking=True)
        assert after.accepted == (BOB,)
        assert ("RSET" in server.verbs) is (len(answers) < 8)
    else:
        (refused,) = outcomes(server, letter, chunking=True)
    assert {str(reply) for reply in refused.recipients.values()} == {said}
    assert (len(refused.recipients), refused.problem, refused.reply_lost) == (2, "", False)


@pytest.mark.parametrize(
    ("answers", "lost"),
    [({"BDAT": ""}, True), ({"BDAT": "354 what?"}, True), ({"RCPT": ""}, False), ({"BDAT": "hello"}, True)],
)
def test_a_server_that_breaks_off_among_chunks(answers: dict[str, str], lost: bool) -> None:
    (outcome,) = outcomes(Scripted(CHUNKING, answers), (to(BOB), HELLO), chunking=True)
    assert (outcome.accepted, outcome.reply, outcome.reply_lost) == ((), None, lost)
    assert outcome.problem


def test_nobody_is_sent_chunks_where_nobody_was_taken() -> None:
    server = Scripted(CHUNKING, {"RCPT": "550 no"})
    (outcome,) = outcomes(server, (to(BOB), HELLO), chunking=True)
    assert str(outcome.recipients[BOB]) == "550 no"
    assert server.verbs == ["EHLO", "MAIL", "RCPT", "QUIT"]


# -- LMTP (RFC 2033) ----


@pytest.mark.parametrize("chunking", [False, True])
@pytest.mark.parametrize("pipelining", [(), ("PIPELINING",)])
def test_an_lmtp_server_answers_for_each_recipient(chunking: bool, pipelining: tuple[str, ...]) -> None:
    ends = ["250 here", "452 4.2.2 full"]
    answers = {"RCPT": ["250 ok", "550 no", "250 ok"], ".": ends, "LAST": ends}
    server = Scripted(("CHUNKING", *pipelining), answers, lmtp=True)
    (outcome,) = outcomes(server, (to(BOB, CAROL, DAVE), HELLO), protocol="lmtp", chunking=chunking)
    assert {address.local: str(reply) for address, reply in outcome.recipients.items()} == {
        "bob": "250 here",
        "carol": "550 no",
        "dave": "452 4.2.2 full",
    }
    assert (outcome.accepted, server.heard[0], server.received) == ((BOB,), "LHLO mx.a.test", [bytes(HELLO)])


@pytest.mark.parametrize(
    ("ends", "settled", "lost"),
    [
        (["250 here", ""], {}, True),
        (["250 here", "421 going down"], {"bob": 250, "carol": 421}, False),
        (["354 what?"], {}, True),
    ],
)
def test_an_lmtp_server_that_does_not_answer_for_all(ends: list[str], settled: dict[str, int], lost: bool) -> None:
    server = Scripted(("PIPELINING",), {".": ends}, lmtp=True)
    (outcome,) = outcomes(server, (to(BOB, CAROL), HELLO), protocol="lmtp")
    assert {address.local: reply.code for address, reply in outcome.recipients.items()} == settled
    assert outcome.reply_lost is lost


@pytest.mark.parametrize("chunking", [False, True])
@pytest.mark.parametrize("pipelining", [(), ("PIPELINING",)])
def test_an_lmtp_server_answers_for_each_of_many(chunking: bool, pipelining: tuple[str, ...]) -> None:
    everyone = tuple(Address(f"user{number}", "b.test") for number in range(300))
    server = Scripted(("CHUNKING", *pipelining), lmtp=True)
    message = Message((b"x" * 98 + b"\r\n") * (2 * PORTION // 100))
    (outcome,) = outcomes(server, (to(*everyone), message), protocol="lmtp", chunking=chunking)
    assert (outcome.accepted, server.received) == (everyone, [bytes(message)])


def test_an_lmtp_go_ahead_for_nobody_ends_the_session() -> None:
    server = Scripted(("PIPELINING",), {"RCPT": "550 no"}, lmtp=True)
    (outcome,) = outcomes(server, (to(BOB), HELLO), protocol="lmtp")
    assert str(outcome.recipients[BOB]) == "550 no"


def test_no_extension_is_asked_of_a_server_that_knows_only_helo() -> None:
    server = Scripted(("DSN", "SIZE 10"), {"EHLO": "500 what?"})
    (outcome,) = outcomes(server, (asking(bob=SUCCESS), HELLO))
    assert server.heard[1:4] == ["HELO mx.a.test", "MAIL FROM:<alice@a.test>", "RCPT TO:<bob@b.test>"]
    assert outcome.relayed_without_dsn == (BOB,)
    assert ALICE not in outcome.recipients

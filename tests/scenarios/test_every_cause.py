"""Every reply that a sending host gives itself, by its cause, where no server is there to ask or none will do; and the
proof that no reply in the code is left out of this table or of that of the receivers."""

import asyncio
import contextlib
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from mailharness import Account, Domain, Host, MailingList, World, faults
from mailharness.faults import Fault
from mailharness.mail import Address, Envelope, Message
from mailharness.smtp import Login, SenderSession, TlsPolicy
from tests.scenarios.every_reply import Made, replies_made
from tests.scenarios.test_every_reply import all_answers
from tests.smtp.scripted import BOB, CAROL, HELLO, Scripted, meeting, opened, outcomes, to
from tests.smtp.test_sender_security import HOST, server_context, trusting

A = Domain("a.test", users=["amy"])
EIGHT_IN_HEADER = Message("Subject: ü\r\n\r\nx\r\n".encode())
EIGHT_IN_NO_TEXT = Message("Content-Type: multipart/signed\r\n\r\nü\r\n".encode())


def b(*records: str, **more: Any) -> Domain:
    return Domain("b.test", **({"users": ["bob", "jörg"], "records": records, "strict": False} | more))


B = b()


@dataclass(frozen=True)
class Row:
    """A letter of so many ``octets`` from amy@a.test ``to`` somebody, under this ``fault``, and the reply that is noted."""

    cause: str
    to: str
    reply: str
    domain: Domain = B
    fault: Fault | None = None
    octets: int = 10

    def __str__(self) -> str:
        return self.cause


TEAM = MailingList("team", ["team@a.test"], post="anyone")
US = MailingList("us", ["team@b.test"], post="anyone")
ROWS = (
    Row("no domain", "x@nowhere.test", "550 5.1.2 Domain nowhere.test does not exist"),
    Row("a null MX", "bob@b.test", "556 5.1.10 Domain b.test takes no mail (null MX)", b("@ MX 0 .")),
    Row("back to itself", "bob@b.test", "554 5.4.6 Mail for b.test loops back to mail.a.test", b("@ MX 10 mail.a.test.")),
    Row("no address", "bob@b.test", "550 5.4.4 No mail host of b.test has an address", b("@ MX 10 nowhere")),
    Row("no literal", "x@[x]", "550 5.1.3 [x] is not an address of the Internet"),
    Row("no look-up", "bob@b.test", "451 4.4.3 Look-up of MX b.test failed: SERVFAIL", fault=faults.dns.servfail("b.test")),
    Row("no connection", "bob@b.test", "451 4.4.1 connection refused", fault=faults.refuse("mail.b.test")),
    Row("no answer", "bob@b.test", "451 4.4.2 ", fault=faults.smtp.close("mail.b.test", "MAIL")),
    Row("no SMTPUTF8", "jörg@b.test", "550 5.6.7 The next server does not speak", b(host=Host(hide=["SMTPUTF8"]))),
    Row("no room", "bob@b.test", "552 5.3.4 The letter is larger than the next", b(max_size=64_000), octets=70_000),
    Row(
        "a list of a list",
        "team@b.test",
        "554 5.4.6 This letter has been through the list team@b.test before",
        b(lists=[MailingList("team", ["ben@b.test", "us@b.test"], post="anyone"), US]),
    ),
    Row(
        "a circle of forwards",
        "bob@b.test",
        "554 5.4.6 Mail for bob@b.test is forwarded in a circle",
        b(users=[Account("bob", forward="cleo@b.test"), Account("cleo", forward="bob@b.test")]),
    ),
)


@functools.cache
def noted(row: Row) -> list[str]:
    """Every reply that is noted in the world's journal."""
    with World(A, row.domain) as world:
        with world.fault(row.fault) if row.fault else contextlib.nullcontext():
            world.user("amy@a.test").send(to=row.to, text="x" * row.octets)
            world.clock.advance(hours=1)
        world.assert_conserved()
        replies = [getattr(event, "reply", None) for event in world.journal.events]
        return [str(reply) for reply in replies if reply is not None]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_is_noted(row: Row) -> None:
    assert any(reply.startswith(row.reply) for reply in noted(row)), noted(row)


def offered(offers: tuple[str, ...], envelope: Envelope, message: Message = HELLO) -> str:
    """What becomes of the last recipient at a server that offers this."""
    (outcome,) = outcomes(Scripted(offers), (envelope, message))
    return str(outcome.recipients[envelope.recipients[-1]])


def required(offers: tuple[str, ...], *, verify: bool) -> str:
    """What becomes of a letter that requires TLS, at a server that has a certificate."""
    found: list[str] = []

    async def play(sender: SenderSession) -> None:
        await sender.open(tls=trusting(verify=verify))
        found.append(str((await sender.send(to(BOB, require_tls=True), HELLO)).recipients[BOB]))

    asyncio.run(meeting(Scripted(offers, tls=server_context()), play, server_name=HOST))
    return found[0]


def opening(server: Scripted, **options: Any) -> str:
    return str(opened(server, session={"server_name": HOST}, **options).reply)


TLS = ("STARTTLS", "REQUIRETLS")
OWN: dict[str, Callable[[], str]] = {
    "550 5.6.7 The next server does not speak SMTPUTF8, which this letter needs": lambda: offered(
        (), to(Address("ü", "b.test"))
    ),
    "550 5.6.7 The next server takes 7 bits only, and the letter's header has 8-bit octets": lambda: offered(
        (), to(BOB), EIGHT_IN_HEADER
    ),
    "554 5.6.3 The next server takes no BINARYMIME, and this letter is not converted": lambda: offered(
        (), to(BOB, binary=True)
    ),
    "554 5.6.3 The next server takes 7 bits only, and the letter cannot be converted: ": lambda: offered(
        (), to(BOB), EIGHT_IN_NO_TEXT
    ),
    "552 5.3.4 The letter is larger than the next server takes": lambda: offered(("SIZE 9",), to(BOB)),
    "452 4.5.3 More recipients than the next server takes in one transaction": lambda: offered(
        ("LIMITS RCPTMAX=1",), to(BOB, CAROL)
    ),
    "550 5.7.10 REQUIRETLS: the next server was not reached over TLS with a certificate to trust": lambda: required(
        TLS, verify=False
    ),
    "550 5.7.30 REQUIRETLS: the next server does not offer it": lambda: required(("STARTTLS",), verify=True),
    "451 4.7.4 TLS is required, and the server does not offer STARTTLS": lambda: opening(
        Scripted(), tls=trusting(), policy=TlsPolicy.VERIFIED
    ),
    "451 4.7.5 TLS is required, and could not be established": lambda: opening(
        Scripted(TLS, {"STARTTLS": "454 4.7.0 not now"}), tls=trusting(), policy=TlsPolicy.VERIFIED
    ),
    "502 5.5.1 The server offers no AUTH": lambda: opening(Scripted(), login=Login("b", "p")),
    "504 5.5.4 The server offers no mechanism that may be used here": lambda: opening(
        Scripted(("AUTH GSSAPI",)), login=Login("b", "p")
    ),
}
"""How each reply begins that a client session gives itself, and what brings it about."""


@pytest.mark.parametrize("reply", OWN)
def test_what_a_client_says_to_itself(reply: str) -> None:
    assert OWN[reply]().startswith(reply)


ELSEWHERE = {
    "agents/circles.py: 554 5.4.6 Expanded": "it takes a thousand copies: test_address_graphs",
    "agents/handed.py: 451 4.3.0 The handler did not finish": "it takes real seconds: test_handed",
    "agents/pool.py: 451 4.4.2 No answer": "there is always a problem to tell of instead",
    "agents/reception.py: 452 4.3.1 The queue cannot be kept": "it takes a broken disk: test_queue_kept",
    "agents/relay.py: 451 4.4.1 No mail host could be reached": "there is always a problem to tell of instead",
    "agents/relay.py: 451 4.3.2 .* was switched off": "it takes a hand at the switch: test_queue_connections",
    "agents/relay.py: 451 4.3.0 Local error": "it takes an error of ours",
}
"""The replies that no row brings about, and why."""


def test_no_reply_is_left_out() -> None:
    said = [*all_answers(), *(reply for row in ROWS for reply in noted(row)), *(cause() for cause in OWN.values())]
    made = list(replies_made("smtp", "agents"))
    assert len(made) > 100
    unsaid = [one for one in made if not any(one.is_said_by(reply) for reply in said)]
    assert [one for one in unsaid if not _is_elsewhere(one)] == []
    assert len(unsaid) == len(ELSEWHERE)


def _is_elsewhere(made: Made) -> bool:
    file = made.where.partition(":")[0]
    return any(f"{file}: {made.pattern}".replace("\\", "").startswith(key) for key in ELSEWHERE)

"""Descriptions of behaviours: what can be, and what is refused at the call with its cure."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from mailharness import Domain, Host, MisuseError, Reply, behaviours
from mailharness.clock import VirtualClock, Work
from mailharness.mail import NO_COPY, Address
from mailharness.smtp import Ruling, SmtpSession, Transaction
from tests.scenarios.stage import ACME, playing

NUMBERS = (-1, math.nan, math.inf, True, "5", None)
WRONG = [
    *((f"delay={n!r}", lambda n=n: behaviours.greylisting(delay=n), "finite number|0 or more") for n in NUMBERS),
    *((f"per={n!r}", lambda n=n: behaviours.rate_limit(messages=1, per=n), "finite number|more than 0") for n in NUMBERS),
    *((f"seconds={n!r}", lambda n=n: behaviours.tarpit(seconds=n), "finite number|more than 0") for n in NUMBERS),
    *(
        (f"messages={n!r}", lambda n=n: behaviours.rate_limit(messages=n, per=1), "a whole number, 1 or more")
        for n in (0, -1, 1.5, True, "3")
    ),
    ("window", lambda: behaviours.greylisting(delay=300, window=300), "no retry would ever pass"),
    ("network", lambda: behaviours.greylisting(network=33), "a whole number, 0 to 32"),
    ("remember", lambda: behaviours.greylisting(remember=0), "more than 0 seconds"),
    ("first_contact", lambda: behaviours.first_contact(delay=600, remember=600), "nobody would ever pass"),
    ("250", lambda: behaviours.greylisting(reply="250 2.0.0 OK"), "a refusal is 400 to 599"),
    ("354", lambda: behaviours.block(senders=["*"], reply="354 go"), "a refusal is 400 to 599"),
    ("600", lambda: behaviours.rate_limit(messages=1, per=1, reply="600 no"), "not an SMTP reply"),
    ("class", lambda: behaviours.connection_limit(total=1, reply="421 5.7.0 no"), "contradicts 421"),
    ("by", lambda: behaviours.rate_limit(messages=1, per=1, by="sendr"), "did you mean 'sender'"),
    ("of", lambda: behaviours.tarpit(seconds=1, of="rctp"), "did you mean 'rcpt'"),
    ("after", lambda: behaviours.tarpit(seconds=1, after=-1), "a whole number, 0 or more"),
    ("no cap", lambda: behaviours.connection_limit(), "say how many"),
    ("cap", lambda: behaviours.connection_limit(per_client=-1), "a whole number, 0 or more"),
    ("nobody", lambda: behaviours.block(), "say whom"),
    ("exempt nobody", lambda: behaviours.allow(), "say whom"),
    ("one text", lambda: behaviours.block(senders="*@spam.test"), r"write a list, as in senders=\['\*@spam.test'\]"),
    ("no text", lambda: behaviours.block(clients=[127]), "write patterns as text"),
    ("host", lambda: Host(behaviours=[behaviours.greylisting]), "what mailharness.behaviours makes"),
    ("one", lambda: Host(behaviours=behaviours.tarpit(seconds=1)), "what mailharness.behaviours makes"),  # type: ignore[arg-type]
    ("make", lambda: Host(personality="postfx"), "did you mean 'postfix'"),
    ("no make", lambda: Host(personality=3), "the name of a make"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("make", "cure"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_cannot_be_is_refused_at_the_call(make: Callable[[], object], cure: str) -> None:
    with pytest.raises(MisuseError, match=cure):
        make()


def test_descriptions_are_values() -> None:
    one, other = (Host(behaviours=iter([behaviours.greylisting(), behaviours.block(senders=["*"])])) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert one != Host(behaviours=[behaviours.greylisting(delay=1)])


class Door:
    """One host's behaviours, asked without a network; ``now`` is moved by hand."""

    def __init__(self, *described: Any, trusted: bool = False) -> None:
        self.clock = VirtualClock(Work(), start=0)
        self.host = behaviours.HostBehaviours(described, self.clock, lambda _session, _sender: trusted)

    def ask(
        self, *, address: str = "192.0.2.1", peer: str = "mail.a.test", sender: str = "alice@a.test"
    ) -> list[Ruling | None]:
        """The rulings on the connection, its hello, a MAIL, and a RCPT for bob."""
        session = SmtpSession(1, "mail.b.test", peer)
        session.peer_address = (address, 25)
        connected, hello = self.host.connected(session), self.host.hello(session, peer)
        session.helo = peer
        transaction = Transaction(NO_COPY, Address.parse(sender) if sender else None, False, False, 0, [])
        mail = self.host.sender(session, transaction)
        return [connected, hello, mail, self.host.recipient(session, transaction, Address.parse("Bob@B.test"))]


def test_a_triplet_knows_a_network_and_no_case() -> None:
    door = Door(behaviours.greylisting(delay=10))
    assert door.ask()[3] == Ruling(Reply(451, "Greylisted, try again later", "4.7.1"), "greylisting")
    door.clock._move_to(10)
    assert door.ask(address="192.0.2.200", sender="Alice@A.test")[3] is None
    assert door.ask(address="192.0.3.1")[3] is not None
    assert [row.whom for row in door.host.remembered()] == [
        "192.0.3.0/24 alice@a.test -> bob@b.test",
        "192.0.2.0/24 alice@a.test -> bob@b.test",
    ]


def test_a_client_without_an_ipv4_address_is_known_as_it_is() -> None:
    door = Door(behaviours.greylisting())
    assert door.ask(address="/run/lmtp.sock")[3] is not None
    assert [row.whom.split()[0] for row in door.host.remembered()] == ["/run/lmtp.sock"]


def test_whom_the_host_trusts_it_does_not_keep_waiting() -> None:
    assert Door(behaviours.greylisting(), behaviours.first_contact(), trusted=True).ask() == [None] * 4


def test_nothing_behind_a_refusal_is_asked() -> None:
    door = Door(behaviours.block(senders=["*"]), behaviours.first_contact())
    assert [ruling.by if ruling else "" for ruling in door.ask()] == ["", "", "block", ""]
    assert door.host.remembered() == []


@pytest.mark.parametrize(
    ("pattern", "is_listed"),
    [
        ("192.0.2.0/24", True),
        ("192.0.2.1", True),
        ("192.0.2.2", False),
        ("10.0.0.0/8", False),
        ("MAIL.*.test", True),
        ("::/0", False),
    ],
)
def test_clients_are_listed_by_network_address_or_name(pattern: str, is_listed: bool) -> None:
    assert (Door(behaviours.block(clients=[pattern])).ask()[0] is not None) is is_listed


def test_the_null_sender_can_be_listed() -> None:
    door = Door(behaviours.block(senders=["<>"]))
    assert [door.ask(sender="")[2] is None, door.ask()[2] is None] == [False, True]


def test_a_behaviour_forgets_when_told_and_another_does_not() -> None:
    door = Door(behaviours.first_contact(), behaviours.rate_limit(messages=5, per=60, by="recipient"))
    door.ask()
    assert {row.by for row in door.host.remembered()} == {"first_contact", "rate_limit"}
    door.host.forget("first_contact")
    assert [str(row) for row in door.host.remembered()] == ["rate_limit: recipient bob@b.test: 1 of 5 in 60 s"]
    door.host.forget()
    assert door.host.remembered() == []


def test_a_host_without_behaviours_remembers_nothing_and_says_so() -> None:
    with playing(ACME, Domain("globex.test", users=["bob"])) as world:
        none = world.host("mail.globex.test").behaviours
        none.forget()
        assert (list(none), none.names, str(none)) == ([], (), "")
        with pytest.raises(MisuseError, match="no behaviour of this host 'greylisting'"):
            none.forget("greylisting")

"""Addresses as the RFCs allow them, over the whole way: submitted, relayed, delivered, fetched, traced and listed."""

import pytest

from mailharness import Account, Domain, MailingList
from tests.scenarios.stage import ACME, playing

LONG_DOMAIN = ".".join(["d" * 63, "e" * 63, "f" * 50, "test"])
WAYS = {
    "plain": ("bob", "globex.test", "bob@globex.test"),
    "in another case": ("bob", "globex.test", "BOB@GLOBEX.test"),
    "of all letters": ("!#$%&'*+-/=?^_`{|}~.x", "globex.test", "!#$%&'*+-/=?^_`{|}~.X@globex.test"),
    "a detail": ("bob", "globex.test", "bob+lists+deep@globex.test"),
    "quoted": ('"bob b"', "globex.test", '"bob b"@globex.test'),
    "quoted without need": ("bob", "globex.test", '"bob"@globex.test'),
    "quoted, with an at": ('"a@b"', "globex.test", '"a@b"@globex.test'),
    "quoted, with a quote": (r'"a\"b"', "globex.test", r'"a\"b"@globex.test'),
    "quoted, with a bracket": ('"a>b"', "globex.test", '"A>b"@globex.test'),
    "of another script": ("用户", "globex.test", "用户@globex.test"),
    "of another script and case": ("jörg", "globex.test", "JÖRG+x@globex.test"),
    "of another script, all of it": ("δοκιμή", "παράδειγμα.test", "δοκιμή@παράδειγμα.test"),
    "of another script, as A-labels": ("bob", "bücher.test", "bob@xn--bcher-kva.test"),
    "declared as A-labels": ("bob", "xn--bcher-kva.test", "bob@bücher.test"),
    "as long as can be": ("l" * 64, "globex.test", f"{'L' * 64}@globex.test"),
    "in a domain as long as can be": ("bob", LONG_DOMAIN, f"bob@{LONG_DOMAIN.upper()}"),
}


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("tls", [False, True])
def test_a_letter_goes_the_whole_way_and_an_answer_comes_back(name: str, tls: bool) -> None:
    local, domain, written = WAYS[name]
    with playing(ACME, Domain(domain, users=[local])) as world:
        alice, owner = world.user("alice@acme.test"), world.user(f"{local}@{domain}")
        letter = alice.send(to=written, subject="there")
        assert letter.trace.status[written] == "delivered"
        assert letter.trace.path[-1] == str(owner.address)
        assert owner.inbox.subjects == ["there"]
        for via in ("imap", "pop3"):
            assert [message.subject for message in owner.fetch(via=via, tls=tls)] == ["there"]
        answer = owner.send(to=alice, subject="back", login=True, tls=tls)
        assert answer.trace.delivered
        assert alice.inbox[0].header("Return-Path") == f"<{owner.address}>"


@pytest.mark.parametrize("name", WAYS)
def test_a_letter_goes_the_whole_way_by_an_alias_a_list_and_a_forward(name: str) -> None:
    local, domain, written = WAYS[name]
    acme = Domain(
        "acme.test",
        users=["alice", Account("frank", forward=written)],
        aliases={"info": written},
        lists=[MailingList("team", [written], verp=True, owner="alice"), MailingList("plain", [written], owner="alice")],
    )
    with playing(acme, Domain(domain, users=[local])) as world:
        owner, ways = (
            world.user(f"{local}@{domain}"),
            ["info@acme.test", "frank@acme.test", "team@acme.test", "plain@acme.test"],
        )
        for to in ways:
            world.user("alice@acme.test").send(to=to, subject=to).trace.assert_delivered()
        assert owner.inbox.subjects == ways

"""Whose mailbox an address or a login name leads to."""

import pytest

from mailharness import Address
from mailharness.agents.directory import Directory
from mailharness.agents.mailing_list import MailingList
from mailharness.agents.meaning import Alias, AtHome, CameBack, Forwarded, Leaving, Posted
from mailharness.agents.srs import Srs
from mailharness.agents.store import Store
from mailharness.mail import Cause
from mailharness.mailbox import Account

NAMES = ("bob", "Eve", "a+b", '"odd one"', "jörg", '"a@b"')
STORE = Store("Globex.test", [Account(Address.parse(f"{name}@Globex.test"), f"pw-{name}") for name in NAMES])


@pytest.mark.parametrize(
    ("address", "owner"),
    [
        ("bob@globex.test", "bob"),
        ("BOB@GLOBEX.TEST", "bob"),
        ("eve@globex.test", "Eve"),
        ("bob+lists@globex.test", "bob"),
        ("bob+lists+deep@globex.test", "bob"),
        ('"bob"@globex.test', "bob"),
        ("a+b@globex.test", "a+b"),
        ('"odd one"@globex.test', '"odd one"'),
        ("JÖRG@globex.test", "jörg"),
        ("a@globex.test", None),
        ("a+c@globex.test", None),
        ("bobby@globex.test", None),
        ("+bob@globex.test", None),
        ("bob@sub.globex.test", None),
        ("bob@acme.test", None),
        ("Postmaster@globex.test", "postmaster"),
        ("postmaster@acme.test", None),
    ],
)
def test_an_address_leads_to_its_account(address: str, owner: str | None) -> None:
    found = STORE.find(Address.parse(address))
    assert (found.address.local if found else None) == owner


@pytest.mark.parametrize(
    ("name", "password", "known"),
    [
        ("bob", "pw-bob", True),
        ("Bob@globex.TEST", "pw-bob", True),
        ('"bob"', "pw-bob", True),
        ('"odd one"@globex.test', 'pw-"odd one"', True),
        ('"Odd one"', 'pw-"odd one"', True),
        ("odd one@GLOBEX.test", 'pw-"odd one"', True),
        ('"a@b"', 'pw-"a@b"', True),
        ('"a@b"@globex.test', 'pw-"a@b"', True),
        ("postmaster", "", False),
        ("bob", "PW-BOB", False),
        ("bob", "", False),
        ("bob+lists", "pw-bob", False),
        ("bob@acme.test", "pw-bob", False),
        ("@globex.test", "", False),
        ("", "", False),
        ("nobody", "pw-bob", False),
    ],
)
def test_a_login_needs_the_right_name_and_the_right_password(name: str, password: str, known: bool) -> None:
    assert (STORE.login(name, password) is not None) == known


def test_the_postmaster_of_a_domain_is_its_user_of_that_name_if_it_has_one() -> None:
    declared = Account(Address.parse("PostMaster@b.test"), "s")
    assert Store("b.test", [declared]).find(Address.parse("postmaster@b.test")) is declared
    store = Store("b.test")
    assert store.find(Address.parse("postmaster@b.test")) is store.find(Address.parse("POSTMASTER@b.test"))
    assert list(store) == []


def test_a_store_lists_its_accounts_in_the_order_they_came() -> None:
    assert [account.address.local for account in STORE] == list(NAMES)
    assert STORE.holds(Address.parse("nobody@globex.TEST"))


ANN, BOB, CAT = (Account(Address.parse(f"{name}@b.test"), "s") for name in ("ann", "bob", "cat"))
TEAM = MailingList(
    Address.parse("team@b.test"),
    [],
    owner=Address.parse("ann@b.test"),
    anyone=True,
    subject_prefix="",
    reply_to_list=False,
    verp=False,
    limit=1,
)
SRS = Srs("b.test", 0)
SENDER = Address.parse("dave@d.test")
AWAY = Address.parse("cat@c.test")
TO_ANN = Alias((ANN.address,))


def directory_of_all() -> Store:
    store = Store("b.test", [ANN, BOB])
    store.add(CAT)
    store.forward(CAT, (AWAY,), keep=True, rewrite="srs")
    aliases = {"info": (ANN.address,), "ann+vip": (BOB.address,), "postmaster": (ANN.address,)}
    store.list_names(Directory(aliases, [TEAM], SRS, lambda: 0.0), "bob")
    return store


@pytest.mark.parametrize(
    ("local", "meaning"),
    [
        ("ann", AtHome(ANN)),
        ("ann+x", AtHome(ANN)),
        ("Ann+VIP", Alias((BOB.address,))),
        ("ann+vip+x", AtHome(ANN)),
        ("cat", Forwarded(CAT, (AWAY,), True, "srs")),
        ("cat+x", Forwarded(CAT, (AWAY,), True, "srs")),
        ("info", TO_ANN),
        ("INFO+x", TO_ANN),
        ("postmaster", TO_ANN),
        ("team", Posted(TEAM)),
        ("team+x", Posted(TEAM)),
        ("team-owner", TO_ANN),
        ("team-bounces", CameBack(TEAM)),
        ("team-bounces+Dave=d.test", CameBack(TEAM, "Dave=d.test")),
        ("team-unsubscribe", Leaving(TEAM)),
        (SRS.wrap(SENDER, 0.0).local, Alias((SENDER,), Cause.FORWARD)),  # type: ignore[union-attr]
        ("SRS0=0000=AA=d.test=dave", AtHome(BOB)),
        ("nobody", AtHome(BOB)),
        ("+", AtHome(BOB)),
    ],
)
def test_what_an_address_stands_for(local: str, meaning: object) -> None:
    assert directory_of_all().meaning(Address(local, "B.test")) == meaning
    assert directory_of_all().meaning(Address(local, "c.test")) is None


@pytest.mark.parametrize(("local", "owner"), [("nobody", None), ("info", None), ("team", None), ("cat", CAT), ("ann", ANN)])
def test_who_has_the_rest_owns_none_of_it(local: str, owner: Account | None) -> None:
    assert directory_of_all().owner(Address(local, "b.test")) is owner

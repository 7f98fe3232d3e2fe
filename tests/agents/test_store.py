"""Whose mailbox an address or a login name leads to."""

import pytest

from mailharness import Address
from mailharness.agents.store import Store
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

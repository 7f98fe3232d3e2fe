"""What may leave a world and what may not, and what an attempt is told as."""

from ipaddress import ip_address

import pytest

from mailharness.errors import EgressError, MisuseError
from mailharness.net.egress import Guard, is_home, literal


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("::1", "::1"),
        ("::ffff:127.1.2.3", "127.1.2.3"),
        ("fe80::1%eth0", "fe80::1"),
        ("mail.acme.test", None),
        ("", None),
        ("b\u00fccher.test", None),
    ],
)
def test_what_spells_an_address(host: str, address: str | None) -> None:
    assert literal(host) == (address and ip_address(address))


@pytest.mark.parametrize(
    ("address", "home"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("0.0.0.0", True),
        ("10.0.0.1", False),
        ("2001:db8::1", False),
    ],
)
def test_what_stays_on_this_machine(address: str, home: bool) -> None:
    assert is_home(ip_address(address)) is home


def test_what_is_allowed() -> None:
    guard = Guard()
    guard.allow(["db.corp.test", "*.Lake.test", "10.0.0.0/8", "192.0.2.1", "2001:db8::/32"])
    assert [guard.allows_name(name) for name in ("DB.corp.test", "a.lake.test", "lake.test")] == [True, True, False]
    assert [guard.allows(ip_address(one)) for one in ("10.1.2.3", "192.0.2.1", "192.0.2.2", "2001:db8::7")] == [
        True,
        True,
        False,
        True,
    ]


@pytest.mark.parametrize("entry", ["", "https://db.test", "db.test:5432", "a@b.test", "10.0.0.0/99", "two words"])
def test_what_is_no_name_cannot_be_allowed(entry: str) -> None:
    with pytest.raises(MisuseError, match="without a port"):
        Guard().allow([entry])


def test_an_attempt_says_where_to_and_from_and_what_to_do() -> None:
    guard = Guard()
    error = guard.refuse("smtp.far.example", 587, "no host 'smtp.far.example'")
    (attempt,) = guard.attempts
    assert (attempt.host, attempt.port) == ("smtp.far.example", 587)
    assert attempt.caller.startswith("test_egress.py:")
    assert str(error) == (
        f"smtp.far.example port 587 (at {attempt.caller}) is not in this world, and nothing may leave it: no host "
        "'smtp.far.example'. Declare its domain, as in Domain('far.example'), or let it through: "
        "redirected(allow=['smtp.far.example'])"
    )
    assert str(guard.refuse("192.0.2.7", 25)).endswith("leave it. Let it through: redirected(allow=['192.0.2.7'])")


def test_what_was_heard_is_not_told_again() -> None:
    guard = Guard()
    first, second = guard.refuse("one.example", None), guard.refuse("two.example", 25)
    wrapped = ExceptionGroup("both", [ValueError("else")])
    wrapped.__context__ = first
    guard.heard(wrapped)
    with pytest.raises(EgressError, match=r"(?s)tried:\n  two\.example port 25.*Domain\('two\.example'\)") as caught:
        guard.check()
    assert "one.example" not in str(caught.value)
    assert second in [attempt.error for attempt in guard.attempts]
    guard.check()

"""Errors say whose fault it was, and name what is known."""

import pytest

from mailharness import errors
from mailharness.errors import LocalProtocolError, MailharnessError, MisuseError, ProtocolError, RemoteProtocolError


@pytest.mark.parametrize(
    ("given", "known", "message"),
    [
        ("bop", ["bob", "alice"], "no user 'bop'; did you mean 'bob'? (known: alice, bob)"),
        ("BOP", ["Bob"], "no user 'BOP'; did you mean 'Bob'? (known: Bob)"),
        ("zed", ["bob", "alice"], "no user 'zed' (known: alice, bob)"),
        ("bob", [], "no user 'bob' (known: none)"),
        ("mx1", ["mx1.b.test", "mx2.b.test"], "no user 'mx1'; did you mean 'mx1.b.test'? (known: mx1.b.test, mx2.b.test)"),
        (
            "mail2",
            ["ns.b.test", "mail.b.test"],
            "no user 'mail2'; did you mean 'mail.b.test'? (known: mail.b.test, ns.b.test)",
        ),
        ("mx1", ["MX1.b.test", "mx1.a.test"], "no user 'mx1'; did you mean 'MX1.b.test'? (known: MX1.b.test, mx1.a.test)"),
        ("", ["b.test"], "no user '' (known: b.test)"),
        ("x", [f"u{n:02}" for n in range(14)], f"no user 'x' (known: {', '.join(f'u{n:02}' for n in range(12))}, ...)"),
    ],
)
def test_an_unknown_name_is_answered_with_what_is_known_and_the_nearest(given, known, message) -> None:
    assert str(MisuseError.unknown("user", given, known)) == message


@pytest.mark.parametrize("name", ["UnsettledError", "UnusedFaultError", "ConservationError", "ExpectationError"])
def test_a_finding_about_a_world_fails_a_test_as_an_assertion_does(name) -> None:
    error = getattr(errors, name)
    assert issubclass(error, AssertionError)
    assert issubclass(error, MailharnessError)


def test_a_protocol_error_carries_the_reply_that_tells_the_peer() -> None:
    assert RemoteProtocolError("bad syntax", "501 5.5.4 Bad syntax").reply == "501 5.5.4 Bad syntax"
    assert LocalProtocolError("a bare LF").reply == ""
    assert issubclass(LocalProtocolError, ProtocolError)
    assert not issubclass(LocalProtocolError, RemoteProtocolError)


def test_misuse_is_a_wrong_value_and_egress_a_failed_call_of_the_system() -> None:
    assert issubclass(MisuseError, ValueError)
    assert issubclass(errors.EgressError, OSError)

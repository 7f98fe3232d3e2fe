"""The grammar of the command lines: what is a command, a path, a parameter, and what each mistake is answered with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness.errors import RemoteProtocolError
from mailharness.mail import Address
from mailharness.smtp.esmtp import MAIL_PARAMETERS, Command, read_command, read_path


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (b"NOOP\r\n", Command("NOOP", "", "NOOP")),
        (b"mail FROM:<a@b.test>  \t\r\n", Command("MAIL", "FROM:<a@b.test>", "mail FROM:<a@b.test>  \t")),
        (b"AUTH PLAIN AGEAYg==\r\n", Command("AUTH", "PLAIN AGEAYg==", "AUTH PLAIN ***")),
        (b"auth login\r\n", Command("AUTH", "login", "AUTH login")),
        (b"AUTH\tPLAIN AGEAYg==\r\n", Command("AUTH\tPLAIN", "AGEAYg==", "AUTH PLAIN ***")),
        (b"AUTH  PLAIN  AGEAYg==\r\n", Command("AUTH", " PLAIN  AGEAYg==", "AUTH PLAIN ***")),
        (b"NOOP\n", Command("NOOP", "", "NOOP", "bad")),
        (b"NO\rOP\r\n", Command("", "", "NO\rOP", "bad")),
        (b"NOOP \0\r\n", Command("NOOP", "", "NOOP \0", "bad")),
        (b"NOOP \xff\r\n", Command("NOOP", "", "NOOP \\xff", "bad")),
        (b"AUTH PLAIN \xff\r\n", Command("AUTH", "", "AUTH PLAIN ***", "bad")),
        (b"\r\n", Command("", "", "")),
        (b"NOOP " + b"x" * 505 + b"\r\n", Command("NOOP", "x" * 505, "NOOP " + "x" * 505)),
        (b"NOOP " + b"x" * 506 + b"\r\n", Command("NOOP", "", "NOOP " + "x" * 75 + "...", "long")),
        (b"AUTH PLAIN " + b"x" * 13_000 + b"\r\n", Command("AUTH", "", "AUTH PLAIN ***", "long")),
    ],
)
def test_a_line_is_taken_apart(line: bytes, command: Command) -> None:
    assert read_command(line) == command


@given(st.binary(max_size=600))
def test_any_octets_are_some_command(octets: bytes) -> None:
    assert read_command(octets + b"\n").fault in {"", "bad", "long"}


@pytest.mark.parametrize(
    ("argument", "address", "parameters"),
    [
        ("FROM:<a@b.test>", Address("a", "b.test"), {}),
        ("from:<>", None, {}),
        ("FROM:<@relay.test:a@b.test>", Address("a", "b.test"), {}),
        ('FROM:<"a > b"@c.test> SIZE=10', Address('"a > b"', "c.test"), {"SIZE": "10"}),
        ("FROM:<a@b.test> size=10  body=8bitmime", Address("a", "b.test"), {"SIZE": "10", "BODY": "8bitmime"}),
        ("FROM:<a@b.test> AUTH=<>", Address("a", "b.test"), {"AUTH": "<>"}),
        ("FROM:<a@b.test> AUTH=e+3Dmc2@b.test", Address("a", "b.test"), {"AUTH": "e+3Dmc2@b.test"}),
        ("FROM:<ü@b.test> SMTPUTF8", Address("ü", "b.test"), {"SMTPUTF8": ""}),
        ("FROM:<a@[127.0.0.1]>", Address("a", "[127.0.0.1]"), {}),
    ],
)
def test_a_path_and_its_parameters(argument: str, address: Address | None, parameters: dict[str, str]) -> None:
    assert read_path(argument, "FROM", MAIL_PARAMETERS) == (address, parameters)


@pytest.mark.parametrize(
    ("argument", "reply"),
    [
        ("", "501 5.5.4"),
        ("TO:<a@b.test>", "501 5.5.4"),
        ("FROM <a@b.test>", "501 5.5.4"),
        ("FROM: <a@b.test>", "501 5.1.7"),
        ("FROM:a@b.test", "501 5.1.7"),
        ("FROM:<a@b.test", "501 5.1.7"),
        ("FROM:<a @b.test>", "501 5.1.7"),
        ("FROM:<a(comment)@b.test>", "501 5.1.7"),
        ("FROM:<a@b.test>SIZE=1", "501 5.1.7"),
        ("FROM:<a..b@c.test>", "501 5.1.7"),
        ("FROM:<a>", "501 5.1.7"),
        ("FROM:<ü@b.test>", "553 5.6.7"),
        ("FROM:<a@b.test> RET=ALL", "501 5.5.4"),
        ("FROM:<a@b.test> SIZE", "501 5.5.4"),
        ("FROM:<a@b.test> SIZE=", "501 5.5.4"),
        ("FROM:<a@b.test> SIZE=-1", "501 5.5.4"),
        ("FROM:<a@b.test> SIZE=1 SIZE=2", "501 5.5.4"),
        ("FROM:<a@b.test> BODY=9BIT", "501 5.5.4"),
        ("FROM:<a@b.test> SMTPUTF8=1", "501 5.5.4"),
    ],
)
def test_a_mistake_has_its_reply(argument: str, reply: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        read_path(argument, "FROM", MAIL_PARAMETERS)
    assert caught.value.reply.startswith(reply)


def answered(argument: str) -> str:
    try:
        read_path("FROM:" + argument, "FROM", MAIL_PARAMETERS)
    except RemoteProtocolError as error:
        return error.reply[:3]
    return "250"


@given(st.text(max_size=80))
def test_no_argument_raises_anything_but_a_reply(argument: str) -> None:
    assert answered(argument) in {"250", "501", "553", "555"}


def test_the_postmaster_needs_no_domain_as_a_recipient() -> None:
    assert read_path("TO:<PostMaster>", "TO", {}, postmaster_at="b.test").address == Address("PostMaster", "b.test")

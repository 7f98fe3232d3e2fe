"""Addresses by the strict grammar of SMTP: what is one, what is none, and what a peer is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness.errors import MisuseError, RemoteProtocolError
from mailharness.mail import Address
from mailharness.mail.address import is_domain

LONG = ".".join(["d" * 61] * 4)
"""247 octets: a domain at the edge of what DNS carries."""

GOOD = [
    ("bob@acme.test", "bob", "acme.test"),
    ("a@b", "a", "b"),
    ("first.last@acme.test", "first.last", "acme.test"),
    ("bob+tag@acme.test", "bob+tag", "acme.test"),
    ("!#$%&'*+/=?^_`{|}~-@acme.test", "!#$%&'*+/=?^_`{|}~-", "acme.test"),
    ('"john smith"@acme.test', '"john smith"', "acme.test"),
    ('"a@b"@acme.test', '"a@b"', "acme.test"),
    (r'"quo\"te"@acme.test', r'"quo\"te"', "acme.test"),
    ('""@acme.test', '""', "acme.test"),
    ("bob@[127.0.0.1]", "bob", "[127.0.0.1]"),
    ("bob@[IPv6:::1]", "bob", "[IPv6:::1]"),
    ("bob@xn--bcher-kva.test", "bob", "xn--bcher-kva.test"),
    ("jürgen@bücher.test", "jürgen", "bücher.test"),
    ("邮件@例子.test", "邮件", "例子.test"),
    ("_dmarc@_tcp.acme.test", "_dmarc", "_tcp.acme.test"),
    ("1@1.test", "1", "1.test"),
    ("x" * 64 + "@acme.test", "x" * 64, "acme.test"),
    ("bob@" + "d" * 63 + ".test", "bob", "d" * 63 + ".test"),
    (f"bob@{LONG}", "bob", LONG),
]

BAD = [
    "",
    "bob",
    "@acme.test",
    "bob@",
    "bob@@acme.test",
    "a@b@acme.test",
    ".bob@acme.test",
    "bob.@acme.test",
    "b..ob@acme.test",
    "bob smith@acme.test",
    "bob @acme.test",
    "bob@ acme.test",
    " bob@acme.test",
    "bob@acme.test ",
    "bob@acme.test\n",
    "bob\r\n@acme.test",
    "bob@acme..test",
    "bob@.acme.test",
    "bob@acme.test.",
    "bob@-acme.test",
    "bob@acme-.test",
    "bob@acme_.te st",
    "<bob@acme.test>",
    "Bob <bob@acme.test>",
    "bob@acme.test, eve@acme.test",
    "bob(comment)@acme.test",
    '"bob@acme.test',
    'b"o"b@acme.test',
    '"a"b"@acme.test',
    "bob@[127.0.0.1",
    "bob@[]",
    "x" * 65 + "@acme.test",
    "ü" * 33 + "@acme.test",
    "bob@" + "d" * 64 + ".test",
    f"bob@{LONG}.{'e' * 10}",
]


@pytest.mark.parametrize(("text", "local", "domain"), GOOD)
def test_an_address_is_shown_as_it_was_declared(text, local, domain) -> None:
    address = Address.parse(text)
    assert (str(address), address.local, address.domain) == (text, local, domain)
    assert Address.from_path(f"<{text}>") == address
    assert Address.parse(address) is address


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_address_is_told_to_a_test_and_to_a_peer(text) -> None:
    with pytest.raises(MisuseError, match=r"is not an address: .* \(write local@domain"):
        Address.parse(text)
    with pytest.raises(RemoteProtocolError) as error:
        Address.from_path(f"<{text}>" if text else "<@>")
    assert error.value.reply.startswith("501 5.1.3 ")


@pytest.mark.parametrize("value", [None, 7, b"bob@acme.test"])
def test_what_is_no_text_is_no_address(value) -> None:
    with pytest.raises(MisuseError, match="is not an address"):
        Address.parse(value)


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("<>", None),
        ("<bob@acme.test>", "bob@acme.test"),
        ("<@relay.test:bob@acme.test>", "bob@acme.test"),
        ("<@one.test,@two.test:bob@acme.test>", "bob@acme.test"),
    ],
)
def test_a_path_is_null_or_an_address_whose_source_route_is_ignored(path, address) -> None:
    found = Address.from_path(path)
    assert (str(found) if found else None) == address


@pytest.mark.parametrize(
    "path", ["", "<", ">", "bob@acme.test", "<bob@acme.test", "bob@acme.test>", " <bob@acme.test>", "><"]
)
def test_a_path_stands_in_angle_brackets(path) -> None:
    with pytest.raises(RemoteProtocolError) as error:
        Address.from_path(path)
    assert error.value.reply == "501 5.1.7 A path stands in angle brackets"


def test_domains_compare_without_case_and_local_parts_with_it() -> None:
    address = Address.parse("Bob@Acme.Test")
    assert address == Address.parse("Bob@ACME.test")
    assert hash(address) == hash(Address.parse("Bob@acme.test"))
    assert address != Address.parse("bob@Acme.Test")
    assert len({address, Address.parse("Bob@acme.TEST"), Address.parse("bob@acme.test")}) == 2


@pytest.mark.parametrize(
    ("text", "unquoted", "folded"),
    [
        ("Bob@Acme.test", "Bob", "bob@acme.test"),
        ('"Bob"@acme.test', "Bob", "bob@acme.test"),
        ('"John Smith"@acme.test', "John Smith", "john smith@acme.test"),
        (r'"a\"b\\c"@acme.test', 'a"b\\c', 'a"b\\c@acme.test'),
    ],
)
def test_quotes_are_a_spelling_and_no_part_of_the_name(text, unquoted, folded) -> None:
    address = Address.parse(text)
    assert (address.unquoted_local, address.folded) == (unquoted, folded)


def test_utf8_in_either_part_needs_smtputf8() -> None:
    texts = ["bob@acme.test", "jürgen@acme.test", "bob@bücher.test"]
    assert [Address.parse(text).is_ascii for text in texts] == [True, False, False]


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("acme.test", True),
        ("d" * 63, True),
        ("d" * 64, False),
        ("bücher.test", True),
        ("ü" * 60 + ".test", False),
        ("a..b", False),
    ],
)
def test_a_domain_is_what_dns_can_carry(name, valid) -> None:
    assert is_domain(name) is valid


atoms = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789!#$%&'*+/=?^_`{|}~-äé邮", min_size=1, max_size=10)
dotted = st.lists(atoms, min_size=1, max_size=2).map(".".join)
quotable = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
quoted = quotable.map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
labels = st.from_regex(r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,20}[a-zA-Z0-9])?", fullmatch=True)
domains = st.lists(labels, min_size=1, max_size=5).map(".".join)


@given(local=st.one_of(dotted, quoted), domain=domains)
def test_every_address_of_the_grammar_comes_back_as_it_was(local, domain) -> None:
    address = Address.parse(f"{local}@{domain}")
    assert (address.local, address.domain, str(address)) == (local, domain, f"{local}@{domain}")
    assert Address.from_path(f"<{address}>") == address == Address.parse(f"{local}@{domain.swapcase()}")


@given(quotable)
def test_quoting_is_undone(text) -> None:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    assert Address.parse(f'"{escaped}"@acme.test').unquoted_local == text


@given(st.text('ab.@"\\<> é[]-', max_size=12))
def test_any_text_is_an_address_or_the_callers_mistake(text) -> None:
    try:
        shown = str(Address.parse(text))
    except MisuseError:
        shown = None
    assert shown in (None, text)

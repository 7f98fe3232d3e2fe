"""Filters of what a letter says: words, numbers of payment cards, and the texts in which these are looked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness.agents.filters import Accept, Arrival, Quarantine, Refuse, Tag, judge, payment_cards, words
from mailharness.agents.filters.cards import card_numbers, issuer_of, passes_luhn
from mailharness.errors import MisuseError
from mailharness.mail import Message
from tests.agents.letters import (
    ENVELOPE,
    arrival,
    attached,
    base64_part,
    forwarded,
    multipart,
    page,
    part,
    plain,
    printable,
)

SECRET = words(["confidential", "top secret", "Straße", "C++", "機密"])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("This is confidential.", "confidential"),
        ("This is CONFIDENTIAL!", "confidential"),
        ("con\u00adfidential", "confidential"),
        ("ｃｏｎｆｉｄｅｎｔｉａｌ", "confidential"),
        ("Top\r\n  Secret", "top secret"),
        ("HAUPT STRASSE 5", "Straße"),
        ("we like C++, too", "C++"),
        ("社外機密文書", "機密"),
        ("nonconfidential", ""),
        ("confidentially", ""),
        ("confidential_2", ""),
        ("top-secret", ""),
        ("top secrets", ""),
        ("Hauptstraße", ""),
        ("C+", ""),
        ("", ""),
    ],
)
def test_whole_words_in_any_case(text, found):
    expected = Tag("X-Filter", f"words; the text says {found!r}") if found else None
    assert SECRET(plain(text)) == expected


@pytest.mark.parametrize(
    ("letter", "where"),
    [
        (plain("", subject="Confidential offer"), "the subject"),
        (plain("", subject="=?utf-8?b?Y29uZmlkZW50aWFs?="), "the subject"),
        (page("<p>con<b>fiden</b>tial</p>"), "the HTML text"),
        (page("<p>&#99;onfidential&nbsp;</p>"), "the HTML text"),
        (arrival(base64_part("text/plain; charset=utf-8", "Größe: confidential".encode())), "the text"),
        (arrival(base64_part("text/plain; charset=utf-16", "confidential".encode("utf-16"))), "the text"),
        (
            arrival(printable("text/plain; charset=iso-8859-1", "für Sie: =confi=dential confidential", "latin-1")),
            "the text",
        ),
        (arrival(part("text/plain", "", "Content-Transfer-Encoding: quoted-printable") + "confi=\r\ndential"), "the text"),
        (arrival("", "no header field for MIME, confidential"), "the text"),
        (
            arrival(multipart(part("text/plain", "hi"), part("text/html", "<i>confidential</i>"), kind="alternative")),
            "the HTML text",
        ),
        (arrival(multipart(part("text/plain", "hi"), forwarded(part("text/plain", "confidential")))), "the text"),
        (
            arrival(multipart(part("text/plain", "hi"), forwarded(part("text/plain", ""), "confidential"))),
            "a forwarded subject",
        ),
        (arrival(multipart(part("text/plain", "hi"), attached("a.txt", b"confidential"))), "the file 'a.txt'"),
        (arrival(multipart(part("text/plain", "hi"), attached("a.csv", b"confidential", "text/csv"))), "the file 'a.csv'"),
    ],
)
def test_words_are_found_wherever_they_are_in_a_letter(letter, where):
    assert words(["confidential"], "quarantine")(letter) == Quarantine(f"{where} says 'confidential'")


@pytest.mark.parametrize(
    "letter",
    [
        page("<p>confi</p><p>dential</p>"),
        page("<!-- confidential --><style>confidential{}</style><script>confidential</script>"),
        page('<img alt="x" class="confidential">'),
        arrival(multipart(part("text/plain", "hi"), attached("confidential.png", b"confidential", "image/png"))),
        arrival("X-Class: confidential", "", "hi"),
    ],
)
def test_what_no_reader_sees_is_not_said(letter):
    assert judge([words(["confidential"])], letter).verdict == Accept()
    assert judge([words(["confidential"])], letter).tags == ()


def test_words_may_refuse():
    refusal = words(["confidential"], action="refuse")(plain("Confidential"))
    assert refusal == Refuse("550 5.7.1 The message says what may not be sent", "the text says 'confidential'")


@pytest.mark.parametrize("given", ["confidential", [], [""], ["ok", "  "], [5], None, ["\u00ad"]])
def test_words_that_are_none(given):
    with pytest.raises(MisuseError, match="words"):
        words(given)


CARDS = [
    ("4111 1111 1111 1111", "Visa", "1111"),
    ("4111111111111111", "Visa", "1111"),
    ("4111-1111-1111-1111", "Visa", "1111"),
    ("4111 - 1111 - 1111 - 1111", "Visa", "1111"),
    ("4111\u00a01111\u00a01111\u00a01111", "Visa", "1111"),
    ("４１１１ 1111 1111 1111", "Visa", "1111"),
    ("4222222222222", "Visa", "2222"),
    ("5555 5555 5555 4444", "Mastercard", "4444"),
    ("2223 0031 2200 3222", "Mastercard", "3222"),
    ("3782 822463 10005", "American Express", "0005"),
    ("371449635398431", "American Express", "8431"),
    ("3056 930902 5904", "Diners Club", "5904"),
    ("6011 1111 1111 1117", "Discover", "1117"),
    ("3530 1113 3330 0000", "JCB", "0000"),
    ("6200 0000 0000 0005", "UnionPay", "0005"),
    ("2200 0000 0000 0004", "Mir", "0004"),
    ("6759 6498 2643 8453", "Maestro", "8453"),
    ("card:4111111111111111.", "Visa", "1111"),
    ("卡号4111111111111111。", "Visa", "1111"),
    ("order 12345 4111 1111 1111 1111 12 27 123", "Visa", "1111"),
    ("1,Alice,4111111111111111,12/27", "Visa", "1111"),
]


@pytest.mark.parametrize(("text", "issuer", "last"), CARDS)
def test_a_card_number_is_refused_and_not_repeated(text, issuer, last):
    verdict = payment_cards()(plain(f"Please charge {text}"))
    assert verdict == Refuse(
        "550 5.7.1 The message has a payment card number in it",
        f"the text has a {issuer} card number that ends in {last}",
    )


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",  # the check digit is wrong
        "Order 4111111111111112",
        "Order number 1234567812345670",  # the check digit is right, and nobody's prefix
        "INV4111111111111111",
        "4111111111111111abc",
        "+4111 1111 1111 1111",
        "0.4111111111111111",
        "41111111111111111111111111",
        "4111 1111 1111",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "41 11 11 11 11 11 11 11",
        "4111\n1111\n1111\n1111",
        "Call +49 30 1234 5678, fax 030 1234 5679",
        "IBAN DE89 3704 0044 0532 0130 00",
        "0000 0000 0000 0000",
        "2024-01-31 12:00:00 - 2024-02-28 12:00:00",
    ],
)
def test_numbers_that_are_no_cards(text):
    assert payment_cards()(plain(text)) is None


@pytest.mark.parametrize(
    "letter",
    [
        plain("", subject="4111 1111 1111 1111"),
        page("<td>4111&nbsp;1111<b> 1111</b>\n1111</td>"),
        arrival(base64_part("text/plain", b"4111 1111 1111 1111")),
        arrival(multipart(part("text/plain", "the list"), attached("cards.csv", b"n;card\r\n1;4111111111111111\r\n"))),
        arrival(multipart(multipart(forwarded(part("text/plain", "4111111111111111")), boundary="=_c"))),
    ],
)
def test_cards_are_found_wherever_they_are_in_a_letter(letter):
    verdict = payment_cards("quarantine")(letter)
    assert isinstance(verdict, Quarantine)
    assert verdict.reason.endswith("has a Visa card number that ends in 1111")
    assert "411111" not in verdict.reason.replace(" ", "")


def test_a_long_list_of_numbers_is_read_in_reasonable_time():
    assert list(card_numbers("1 " * 100_000)) == []  # quadratic, this would take a minute
    assert list(card_numbers("0001 " * 50_000 + "4111111111111111")) == ["4111111111111111"]


@given(st.integers(10**11, 10**18 - 1))
def test_exactly_one_check_digit_is_right(number):
    right = [digit for digit in range(10) if passes_luhn(f"{number}{digit}")]
    assert len(right) == 1


@given(st.text(alphabet="0123456789 -ax.+", max_size=80))
def test_what_is_found_is_a_card_and_stands_in_the_text(text):
    bare = text.replace(" ", "").replace("-", "")
    for number in card_numbers(text):
        assert issuer_of(number)
        assert number in bare
        assert 13 <= len(number) <= 19


@given(st.binary())
def test_no_octets_are_too_strange(octets):
    shown = Arrival(ENVELOPE, Message(octets))
    assert len(judge([payment_cards("tag"), words(["a", "0"])], shown).findings) == 2

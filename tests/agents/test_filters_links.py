"""Deceptive links: what a reader sees on a link, and where a click would lead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness.agents.filters import Accept, Quarantine, Refuse, Tag, deceptive_links, judge
from mailharness.agents.filters.links import same_site, shown_hosts, target_host
from mailharness.errors import MisuseError
from mailharness.mail.page import Link, read_page
from tests.agents.letters import arrival, attached, forwarded, multipart, page, part


def link(href, text):
    return f'<p>Dear customer, <a class=x href="{href}">{text}</a>.</p>'


DECEPTIVE = [
    ("http://evil.test/login", "https://bank.test/login"),
    ("http://evil.test/", "bank.test"),
    ("http://evil.test/", "www.bank.test/login"),
    ("http://evil.test/", "<b>www.</b><span>bank</span>.test"),
    ("http://evil.test/", "Log in at https://www.bank.test/ now"),
    ("http://evil.test/", "ban&shy;k&#46;test"),
    ("http://evil.test/", "ban<!-- -->k.test"),
    ("http://evil.test/", "&laquo;bank.test&raquo;"),
    ("http://evil.test/", "ｂａｎｋ．test"),
    ("http://bank.test.evil.test/", "bank.test"),
    ("http://bank.test@evil.test/", "https://bank.test/"),
    ("http://evilbank.test/", "bank.test"),
    ("https://192.0.2.7/bank.test/", "https://bank.test/"),
    ("http://[2001:db8::1]/", "bank.test"),
    ("//evil.test/x", "bank.test"),
    ("https:evil.test", "bank.test"),
    ("http:\\\\evil.test\\x", "bank.test"),
    (" \n ht\ntp://evil.test", "bank.test"),
    ("HTTP://EVIL.TEST", "BANK.TEST"),
    ("http://evil%2Etest/", "bank.test"),
    ("http://bank.co.uk/", "acme.co.uk"),
    ("https://xn--bnk-qla.test/", "bank.test"),
    ("https://evil.test/?u=https://bank.test/", "https://bank.test/"),
]
HONEST = [
    ("http://evil.test/login", "click here"),
    ("http://evil.test/login", "Click here."),
    ("http://evil.test/login", ""),
    ("http://evil.test/login", '<img src="cid:logo" alt="bank.test">'),
    ("https://bank.test/login", "bank.test"),
    ("https://login.bank.test/", "bank.test"),
    ("https://bank.test/", "www.bank.test"),
    ("https://bank.test/", "https://login.bank.test/"),
    ("https://mail.bank.test/", "https://login.bank.test/"),
    ("https://bank.test:8443/", "BANK.test."),
    ("https://shop.acme.co.uk/", "www.acme.co.uk"),
    ("https://bücher.test/", "xn--bcher-kva.test"),
    ("https://xn--bcher-kva.test/", "www.Bücher.test"),
    ("mailto:bob@globex.test", "bank.test"),
    ("http://crm.test/", "bob@bank.test"),
    ("#top", "bank.test"),
    ("javascript:void(0)", "bank.test"),
    ("http://[broken", "bank.test"),
    ("https://files.test/1", "report.pdf"),
    ("https://files.test/1", "version 1.2.3"),
    ("https://files.test/1", "10.5.2024"),
    ("https://files.test/1", "e.g. this"),
    ("https://files.test/1", "Fine. Thanks. Bye."),
    ("https://bank.test/", "not https://evil.test, but https://bank.test"),
    ("https://bank.test/a?x=1", "See https://bank.test, please"),
    ("https://bank.test/", "https://bank.test?x"),
    ("http://intranet/", "http://intranet/"),
]


@pytest.mark.parametrize(("href", "text"), DECEPTIVE)
def test_a_link_that_names_another_site_is_held(href, text):
    assert judge([deceptive_links()], page(link(href, text))).findings[0].verdict == "quarantine"


@pytest.mark.parametrize(("href", "text"), HONEST)
def test_an_honest_link_passes(href, text):
    assert judge([deceptive_links()], page(link(href, text))).verdict == Accept()


def test_the_reason_names_both_sites():
    found = page(link("http://xn--bnk-qla.test/", "https://bank.test/login"))
    assert deceptive_links()(found) == Quarantine("a link says bank.test and leads to bänk.test")


@pytest.mark.parametrize(
    ("html", "held"),
    [
        ('<base href="https://evil.test/"><a href="/login">https://bank.test</a>', True),
        ('<a href="login">https://bank.test</a><base target=_top><base href="https://evil.test/">', True),
        ('<base href="https://bank.test/"><base href="https://evil.test/"><a href="/login">bank.test</a>', False),
        ('<base href="https://evil.test/"><a href="https://bank.test/">bank.test</a>', False),
        ('<a href="/login">https://bank.test</a>', False),
        ('<a href="http://evil.test/">bank.test', True),
        ('<a href="http://evil.test/"/>bank.test</a>', True),
        ("<A HREF=http://evil.test/>bank.test<a href=http://bank.test>bank.test</a>", True),
        ('<a name="x">bank.test</a> <a href="http://evil.test/">here</a>', False),
        ('<![if !mso]><a href="http://evil.test/">bank.test</a><![endif]>', True),
        ('<![x[><a href="http://evil.test/">bank.test</a>', True),
        ('<!-- <a href="http://evil.test/">bank.test</a> -->', False),
        ('<!--><a href="http://evil.test/">bank.test</a><!-- -->', True),
        ('<!-- <!---><a href="http://evil.test/">bank.test</a><!-- -->', True),
        ('<!-- --!><a href="http://evil.test/">bank.test</a><!-- -->', True),
        ('<!-- never closed <br><a href="http://evil.test/">bank.test</a>', True),
        ('<a title="<!--" href="http://evil.test/">bank.test</a>', True),
        ('<a href="http://evil.test/">bank.test</a', True),
        ('<script>"<a href=http://evil.test/>bank.test</a>"</script>', False),
        ('<a href="http://evil.test/"><style>.bank.test{}</style>here</a>', False),
    ],
)
def test_pages_as_they_come(html, held):
    assert judge([deceptive_links()], page(html)).findings[0].verdict == ("quarantine" if held else "accept")


DECEIT = part("text/html", link("http://evil.test/", "bank.test"))


@pytest.mark.parametrize(
    ("letter", "held"),
    [
        (DECEIT, True),
        (multipart(part("text/plain", "see bank.test"), DECEIT, kind="alternative"), True),
        (multipart(part("text/plain", "see below"), forwarded(multipart(DECEIT, boundary="=_c"))), True),
        (attached("invoice.html", link("http://evil.test/", "bank.test").encode()), True),
        (part("text/plain", link("http://evil.test/", "bank.test")), False),
    ],
)
def test_pages_are_found_wherever_they_are_in_a_letter(letter, held):
    assert judge([deceptive_links()], arrival(letter)).findings[0].verdict == ("quarantine" if held else "accept")


def test_the_action_may_be_another():
    found = page(link("http://evil.test/", "bank.test"))
    refusal, tag = deceptive_links("refuse")(found), deceptive_links(action="tag")(found)
    assert isinstance(refusal, Refuse)
    assert str(refusal.reply) == "550 5.7.1 A link names another site than it leads to"
    assert tag == Tag("X-Filter", "deceptive_links; a link says bank.test and leads to evil.test")
    with pytest.raises(MisuseError, match="did you mean 'quarantine'"):
        deceptive_links("quarantene")


def test_a_page_as_it_is_seen():
    html = "<p>One<br>two &amp; th<b>re</b>e</p>\n<td>4<td>5 <script>six</script><a href=x>se <i>ven</i> </a>&#101;"
    assert read_page(html) == ("One two & three 4 5 se ven e", (Link("x", "se ven"),), "")


@pytest.mark.parametrize("number", ["9" * 5000, "0" * 5000 + "65", "0" * 5000, "1114112"])
def test_a_reference_to_an_impossible_character_is_no_danger(number):
    assert read_page(f"a&#{number};b").text in ("a\ufffdb", "aAb")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>1 < 2, so it is", "1 < 2, so it is"),
        ("<p>a<b", "a"),
        ("a < b > c", "a < b > c"),
        ("<p>x<!-- y", "x"),
        ("plain & simple", "plain & simple"),
    ],
)
def test_the_end_of_a_page_that_was_cut_off(html, text):
    assert read_page(html).text == text


@pytest.mark.parametrize(
    "opening", ["<a ", "<a/", "<a href='", '<a x="', "<!--", "<!-->", "<![", "</", "<script", "&#1", "<a href=x>y"]
)
@pytest.mark.parametrize("end", ["", ">", "-->"])
def test_a_hostile_page_is_read_in_reasonable_time(opening, end):
    reading = read_page(opening * 60_000 + end)  # quadratic, this would take minutes
    assert len(reading.text) <= 60_000 * 4 + 2


@given(st.text())
@pytest.mark.parametrize("read", [target_host, read_page, lambda text: list(shown_hosts(text))])
def test_no_text_is_too_strange(read, text):
    assert read(text) is not None


@given(
    st.lists(
        st.sampled_from(["<a href=", "<![", "<!", "</", ">", "<base href=", '"', "&#", "x", "http://", "-->", "<script"])
    )
)
def test_no_markup_is_too_broken(pieces):
    assert isinstance(read_page("".join(pieces)).text, str)


@given(st.from_regex(r"[a-z]{1,9}(\.[a-z]{2,9}){1,4}", fullmatch=True))
def test_a_site_is_the_same_as_itself_and_its_hosts(host):
    assert same_site(host, host)
    assert same_site(host, f"www.{host}") or host.count(".") < 2
    assert not same_site(host, f"{host}.e-vil.test")

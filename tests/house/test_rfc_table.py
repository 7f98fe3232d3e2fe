"""The README says which RFCs the code cites, and nothing else."""

import pytest

from tests.house import rfc_table
from tests.house.titles import TITLES
from tests.house.tree import LIBRARY, Source, sources


def cited(text: str) -> set[tuple[int, str]]:
    return rfc_table.citations(Source("mailharness/smtp/a.py", text))


def test_the_readme_has_the_table_of_what_is_cited() -> None:
    written = rfc_table.between_markers(rfc_table.README.read_text(encoding="utf-8"))
    assert written == rfc_table.render(sources(*LIBRARY)), "write it anew: python -m tests.house.rfc_table"


def test_every_citation_has_the_form_that_is_collected() -> None:
    found = [finding for source in sources(*LIBRARY) for finding in rfc_table.misquoted(source)]
    assert not found, "\n".join(found)


def test_every_rfc_has_a_title() -> None:
    numbers = {number for source in sources(*LIBRARY) for number, _ in rfc_table.citations(source)}
    untitled = sorted(numbers - TITLES.keys())
    assert not untitled, "give them titles in tests/house/titles.py"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x = 1  # RFC 5321 §4.1.2\n", {(5321, "4.1.2")}),
        ('"""POP3 (RFC 1939) without sockets."""', {(1939, "")}),
        ('"""RFC 5321 §4.2.5, §4.5 and §6.1."""', {(5321, "4.2.5"), (5321, "4.5"), (5321, "6.1")}),
        ('"""RFC 5321 §4.2, RFC 2034."""', {(5321, "4.2"), (2034, "")}),
        ('"""A line ends in RFC\n    6531 §3.4."""', {(6531, "3.4")}),
        ('class A:\n    size: int\n    """Octets (RFC 1870 §3)."""', {(1870, "3")}),
        ('reply = "see RFC 5321 §4.1.2"', set()),
    ],
)
def test_citations_come_of_comments_and_docstrings(text: str, found: set[tuple[int, str]]) -> None:
    assert cited(text) == found


@pytest.mark.parametrize(
    "form", ["RFC5321", "rfc 5321", "RFC-5321", "RFC 5321 section 4.1", "RFC 5321 4.1.2", "RFC 5321, § 4.1"]
)
def test_other_forms_are_refused(form: str) -> None:
    assert len(rfc_table.misquoted(Source("a.py", f"# {form}\n"))) == 1


def test_the_exact_form_is_not_refused() -> None:
    assert (
        rfc_table.misquoted(Source("a.py", "# RFC 5321 §4.1.2, RFC 2034, RFC 5321 appendix C, and FETCH RFC822.SIZE\n"))
        == []
    )


def test_a_row_names_sections_in_order_and_rooms() -> None:
    files = [
        Source("mailharness/smtp/a.py", "# RFC 5321 §4.10, §4.2\n"),
        Source("mailharness/clock.py", "# RFC 5321 §4.5.3.2\n"),
        Source("pytest_plugin/plugin.py", "# RFC 5321\n"),
    ]
    assert rfc_table.render(files).splitlines()[2:] == [
        "| [5321](https://www.rfc-editor.org/rfc/rfc5321) | SMTP | §4.2, §4.5.3.2, §4.10 | clock, pytest_plugin, smtp |"
    ]


def test_the_table_is_replaced_and_nothing_else() -> None:
    text = f"# Title\n{rfc_table.START}\nold\n{rfc_table.END}\nlast\n"
    again = rfc_table.replaced(text, "new")
    assert rfc_table.between_markers(again) == "new"
    assert again == text.replace("old", "new")


def test_a_lost_marker_is_an_error() -> None:
    with pytest.raises(ValueError, match="unpack"):
        rfc_table.between_markers(f"{rfc_table.END} only the end")

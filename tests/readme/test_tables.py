"""What the README's reference says there is, is there; and what there is, it says."""

import ast
import inspect
import itertools
import re
import tomllib
from collections.abc import Iterator

import pytest

from mailharness.agents import behaviours
from mailharness.faults.coded import WORDS
from mailharness.smtp.extensions import EXTENSIONS
from mailharness.smtp.smuggling import VARIANTS
from mailharness.world.blueprint import toml
from tests.readme.tables import README, TABLES, first_sentence, keywords, marked

TEXT = README.read_text(encoding="utf-8")


def section(heading: str) -> str:
    """The text below a heading, up to the next."""
    return re.split(r"^#+ ", TEXT.partition(f"# {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str, columns: int) -> Iterator[list[str]]:
    """The cells of each row of the tables with so many columns, but for the heads."""
    body = re.findall(r"^\| (?!\*\*)(.*) \|$", text, re.MULTILINE)
    cells = [re.split(r" \| ", row) for row in body]
    return (row for row in cells if len(row) == columns and row[0].startswith("`"))


def names(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


SCENARIO = section("Keywords, in Python and in a scenario file")
DESCRIBED: dict[str, list[str]] = {}
for _row in rows(SCENARIO, 4):
    for _name in names(_row[0]):
        DESCRIBED.setdefault(_name, []).extend(_row[1].split(", "))


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_what_the_library_has(name: str) -> None:
    assert marked(name, TEXT)[0] == TABLES[name](), "write it anew: python -m tests.readme.tables"


def test_every_keyword_is_described_where_it_belongs() -> None:
    assert dict(sorted(DESCRIBED.items())) == dict(sorted(keywords().items()))


def test_every_key_of_a_scenario_file_is_described() -> None:
    tables = [node for node in ast.walk(ast.parse(inspect.getsource(toml))) if isinstance(node, ast.Dict)]
    keys = {key.value for table in tables for key in table.keys if isinstance(key, ast.Constant)}
    assert {"greylisting", "give_up", "coded_addresses"} < keys
    shown = {word for code in re.findall(r"`[^`]+`", SCENARIO) for word in re.findall(r"\w+", code)}
    assert sorted(keys - shown) == []
    assert [name for name in DESCRIBED if name not in keys] == ["handler"]


READERS = {"Domain": toml._DOMAIN, "Host": toml._HOST, "Account": toml._ACCOUNT}
VALUES = [
    (owner, keyword, value)
    for keywords_, owners, values, _ in rows(SCENARIO, 4)
    for owner in owners.split(", ")
    for keyword, value in zip(names(keywords_), itertools.cycle(re.findall(r"`([^`]+)`", values)), strict=False)
    if not value.startswith("[[")
]


@pytest.mark.parametrize(("owner", "keyword", "value"), VALUES)
def test_a_value_that_is_shown_can_be_written(owner: str, keyword: str, value: str) -> None:
    read = READERS[owner][keyword](tomllib.loads(f"shown = {value}")["shown"], "here")
    assert read is not None


def test_every_behaviour_is_described_with_its_keywords() -> None:
    described = {name: set(names(row[1])) for row in rows(SCENARIO, 2) for name in names(row[0])}
    for kind in toml.BEHAVIOURS:
        known = set(inspect.signature(getattr(behaviours, kind)).parameters) - {"reply"}
        assert described[kind] == known or kind == "allow", kind


def test_every_extension_is_described() -> None:
    assert [names(row[0])[0] if names(row[0]) else row[0] for row in rows(section("SMTP extensions"), 3)] == [*EXTENSIONS]


@pytest.mark.parametrize("name", [*VARIANTS, *behaviours.personality_names(), *toml.LIMIT_NAMES, "busy", "timeout"])
def test_what_can_be_named_is_named(name: str) -> None:
    assert re.search(rf"[`\"{{ ]{re.escape(name)}[`\"@ ]", TEXT)


def test_coded_addresses_that_are_shown_mean_something() -> None:
    shown = re.search(r"with no fault\narmed: (.*?), and behind", TEXT, re.DOTALL)
    assert shown
    words = re.findall(r"`([a-z]+)@`", shown[1])
    assert words
    assert set(words) <= set(WORDS)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(#([\w-]+)\)", TEXT))))
def test_a_link_within_the_page_leads_somewhere(link: str) -> None:
    headings = [
        re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-") for line in re.findall(r"^#+ (.*)$", TEXT, re.M)
    ]
    assert link in headings or f'<a id="{link}"></a>' in TEXT


def test_a_cell_is_the_first_sentence_of_a_docstring() -> None:
    docstring = "``host`` hangs\n    | up (RFC 5321 §4.1). Raises MisuseError.\n\nMore."
    assert first_sentence(docstring) == "`host` hangs \\| up (RFC 5321 §4.1)"

"""The table of what an authority answers, put to ours without a socket."""

import pytest

from mailharness.dns import Authority, Question, Record, Response, Zone, parse_master_file, parse_records
from mailharness.dns.name import completed
from tests.dns.conformance import ADDRESSES, CHILD, CHILD_ORIGIN, ORIGIN, ROWS, ZONE, Row


def build_zones() -> dict[str, Zone]:
    texts = {ORIGIN: ZONE, CHILD_ORIGIN: CHILD}
    return {origin: Zone(origin, parse_master_file(text, origin)) for origin, text in texts.items()}


def records_of(lines: tuple[str, ...]) -> set[Record]:
    return set(parse_records(lines, ORIGIN))


def asked_of(row: Row) -> Question:
    name, rrtype = row.question.split()
    return Question(completed(name, ORIGIN), rrtype.upper())


def head_of(response: Response) -> str:
    return response.rcode + (" aa" if response.aa else "")


@pytest.fixture(scope="module")
def authority() -> Authority:
    authority = Authority("ns1.conform.tst")
    for zone in build_zones().values():
        authority.add(zone)
    return authority


@pytest.mark.parametrize("row", ROWS, ids=[row.question for row in ROWS])
def test_the_answer_is_what_the_table_says(authority: Authority, row: Row) -> None:
    told = authority.answer(asked_of(row))
    assert head_of(told) == row.head
    assert set(told.answer) == records_of(row.answer)
    assert set(told.authority) == records_of(row.authority)
    hosts = (ADDRESSES[host] for host in row.additional.split())
    assert set(told.additional) == records_of(tuple(line for lines in hosts for line in lines))

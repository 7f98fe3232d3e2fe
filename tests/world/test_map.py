"""The map of a world, as SVG and as Mermaid: who is where, what leads where, and how much is left out."""

import re

import pytest

from mailharness import Account, Domain, Forward, Gateway, Host, MailingList, SmartHost, World
from tests.drawing.sheets import Sheet

ACME = Domain(
    "acme.test",
    users=["alice", Account("frank", forward=Forward("frank@home.test"))],
    aliases={"info": "alice"},
    lists=[MailingList("team", ["alice", "frank"])],
    catch_all="alice",
    route={"globex.test": "[mx2.globex.test]", "*": SmartHost("[mail.isp.test]", "acme@isp.test", "hidden")},
)
GLOBEX = Domain(
    "globex.test",
    users=["bob"],
    mx=["mx1", "mx2"],
    imap=["imap1"],
    pop=["pop"],
    submission=["out"],
    ns=["ns1", "ns2"],
    gateway=Gateway(words=["lottery"], max_size=100_000),
    backup_mx=["mail.home.test"],
)
HOME = Domain("home.test", users=["frank"], mx=[Host("mail", personality="postfix")])
ISP = Domain("isp.test", users=["acme"], mx=["old", "new"], records=["@ MX 5 new", "@ MX 7 old"])
BUSY = Domain(f"{'long-label.' * 6}test", users=[f"user{n}" for n in range(100)], mx=[f"mx{n}" for n in range(20)])
EVERYTHING = World(ACME, GLOBEX, HOME, ISP, BUSY)
MANY = World(*(Domain(f"d{n}.test", users=["u"]) for n in range(1000)))

WANTED = [
    "A world of 5 domains",
    "a.root-servers",
    "mx1.globex.test MX 10, gateway",
    "mx2.globex.test MX 20, gateway",
    "mail.globex.test MTA",
    "imap1.globex.test IMAP",
    "pop.globex.test POP3",
    "out.globex.test submission",
    "names: ns1.globex.test, ns2.globex.test",
    "gateway: 2 filters",
    "backup MX 30: mail.home.test",
    "route for globex.test: [mx2.globex.test]",
    "route for all others: [mail.isp.test], as acme@isp.test",
    "frank → frank@home.test",
    "info → alice",
    "team: list of 2",
    "* → alice",
    "as postfix",
    "new.isp.test MX 5",
    "old.isp.test MX 7",
    "and 15 more hosts",
    "and 88 more",
]


@pytest.mark.parametrize("words", WANTED)
def test_the_map_says_who_is_where(words: str) -> None:
    assert words in Sheet(EVERYTHING.svg()).says


@pytest.mark.parametrize("world", [EVERYTHING, MANY, World()], ids=["everything", "many", "default"])
def test_no_text_of_the_map_covers_another_or_leaves_the_sheet(world: World) -> None:
    sheet = Sheet(world.svg())
    assert sheet.overlapping == []
    assert sheet.beyond == []


def test_a_password_is_on_no_map() -> None:
    assert "hidden" not in EVERYTHING.svg() + EVERYTHING.mermaid()


def test_a_very_large_world_is_drawn_in_part_and_says_so() -> None:
    assert "960 domains more are left out" in Sheet(MANY.svg()).says
    assert "960 domains more are left out" in MANY.mermaid()
    assert len(MANY.svg()) < 100_000


def test_each_way_to_another_domain_has_a_lane_of_its_own() -> None:
    lanes = [one.get("points").split() for one in Sheet(EVERYTHING.svg()).root.iter("{http://www.w3.org/2000/svg}polyline")]
    upright = [
        (x, *sorted((float(a.split(",")[1]), float(b.split(",")[1]))))
        for a, b in ((way[1], way[2]) for way in lanes if len(way) == 4)
        if (x := a.split(",")[0]) == b.split(",")[0]
    ]
    assert len(upright) == 3
    shared = [
        (one, other)
        for one in upright
        for other in upright
        if one is not other and one[0] == other[0] and one[1] < other[2] and other[1] < one[2]
    ]
    assert shared == []


def test_mermaid_draws_the_same_domains() -> None:
    told = EVERYTHING.mermaid()
    assert told.startswith("flowchart LR\n")
    assert re.findall(r'subgraph d\d\["([a-z]+)\.test"\]', told) == ["acme", "globex", "home", "isp"]
    assert 'd0 -->|"route for globex.test#58; #91;mx2.globex.test#93;"| d1' in told
    assert 'd1 -.->|"backup MX 30#58; mail.home.test"| d2' in told

"""Aliases, forwards and lists as they are written: what is refused at the call, and the same in a scenario file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mailharness import Account, Domain, Forward, Gateway, MailingList, MisuseError, World
from mailharness.world import read_toml

DEEP = {f"a{n}": f"a{n + 1}" for n in range(40)} | {"a40": "alice"}
WIDE = {f"a{n}": [f"a{n + 1}", f"b{n + 1}"] for n in range(20)} | {f"b{n}": [f"a{n + 1}"] for n in range(1, 20)}


def acme(**more: object) -> Domain:
    return Domain("acme.test", users=["alice", "bob"], **more)  # type: ignore[arg-type]


WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "a list for aliases": (
        lambda: acme(aliases=["info"]),
        r"write a table of local parts, as in aliases=\{'info': 'alice'",
    ),
    "a number for a name": (lambda: acme(aliases={3: "alice"}), r"write a table of local parts"),
    "an alias of a number": (lambda: acme(aliases={"info": 3}), r"aliases=\{'info': 3\}\): write a user or an address"),
    "an alias of nobody": (lambda: acme(aliases={"info": []}), r"aliases=\{'info': \[\]\}\): write a user or an address"),
    "an alias of a typo": (lambda: acme(aliases={"info": "alcie"}), r"no user .*'alcie'; did you mean 'alice'\?"),
    "an alias that is no local part": (lambda: acme(aliases={"i n": "alice"}), r"'i n@acme\.test' is not an address"),
    "an address for an alias": (lambda: acme(aliases={"info@acme.test": "alice"}), r"the local part alone, as in 'info'"),
    "an alias of half an address": (lambda: acme(aliases={"info": "bob@"}), r"'bob@' is not an address"),
    "an alias that is a user": (lambda: acme(aliases={"Alice": "bob"}), r"alias 'Alice'\): that is user 'alice' already"),
    "an alias twice": (lambda: acme(aliases={"i": "bob", "I": "bob"}), r"alias 'I'\): that is alias 'i' already; remove"),
    "a circle of one": (lambda: acme(aliases={"a": "a"}), r"a circle: a -> a; take one of them out"),
    "a circle of three": (
        lambda: acme(aliases={"a": ["alice", "b"], "b": "c@ACME.test", "c": "A"}),
        r"a circle: a -> b -> c -> a; take one of them out",
    ),
    "too deep": (lambda: acme(aliases=DEEP), r"'a0' is over 32 aliases deep; name the users"),
    "too deep, written upwards": (lambda: acme(aliases=dict(reversed(DEEP.items()))), r"is over 32 aliases deep; name the"),
    "too many": (lambda: acme(aliases=WIDE | {"a20": "alice", "b20": "bob"}), r"comes to more than 10,000 addresses"),
    "a list that is a user": (lambda: acme(lists=[MailingList("bob")]), r"list 'bob'\): that is user 'bob' already"),
    "a list whose bounces are a user's": (
        lambda: Domain("a.test", users=["team-bounces"], lists=[MailingList("team")]),
        r"list 'team-bounces'\): that is user 'team-bounces' already",
    ),
    "a list that is an alias": (
        lambda: acme(aliases={"team": "bob"}, lists=[MailingList("team")]),
        r"list 'team'\): that is alias 'team' already",
    ),
    "a name for a list": (
        lambda: acme(lists=["team"]),
        r"write a list, as in lists=\[MailingList\('team', \['alice'\]\)\]",
    ),
    "a member that is a typo": (lambda: acme(lists=[MailingList("t", ["bbo"])]), r"'bbo'; did you mean 'bob'\?"),
    "an owner that is a typo": (lambda: acme(lists=[MailingList("t", owner="alcie")]), r"'alcie'; did you mean 'alice'\?"),
    "a string of members": (lambda: MailingList("t", "alice"), r"MailingList\(members='alice'\): write a list of users"),
    "an address for a list": (lambda: acme(lists=[MailingList("t@a.test")]), r"write the local part of its address in"),
    "a long name for a list": (lambda: MailingList("t" * 53), r"52 octets at most: t+-unsubscribe must be an address"),
    "a list without a name": (lambda: MailingList(""), r"name=''\): write the local part of its address, as in 'team'"),
    "another who may post": (lambda: MailingList("t", post="owner"), r"write post='members' or post='anyone'"),
    "a prefix of two lines": (
        lambda: MailingList("t", subject_prefix="a\nb"),
        r"write text of one line, as in subject_pre",
    ),
    "no bounces": (lambda: MailingList("t", bounces=0), r"bounces=0\): write 1 or more, as in bounces=5"),
    "a truth for bounces": (lambda: MailingList("t", bounces=True), r"bounces=True\): write 1 or more"),
    "a word for verp": (lambda: MailingList("t", verp="yes"), r"verp='yes'\): write True or False"),
    "the rest for nobody": (lambda: acme(catch_all="bop"), r"no user .*catch_all=\.\.\.\): 'bop'; did you mean 'bob'\?"),
    "the rest for two": (lambda: acme(catch_all=["bob"]), r"write the user who has it, as in catch_all='bob', or None"),
    "a forward to a number": (lambda: Account("bob", forward=3), r"user 'bob', forward=3: write an address, or a list of"),
    "a forward to half an address": (lambda: Account("bob", forward="eve"), r"'eve' is not an address: .*write local@"),
    "a forward to nobody": (lambda: Forward([]), r"Forward\(to=\[\]\): write an address, or a list of them"),
    "a forward to nothing": (lambda: Forward(), r"Forward\(to=\(\)\): write an address, or a list of them"),
    "another way to rewrite": (lambda: Forward("b@b.test", rewrite="yes"), r"write rewrite='own' for the user's own"),
    "a word for keep": (lambda: Forward("b@b.test", keep="yes"), r"keep='yes'\): write True or False"),
    "a string of backups": (lambda: acme(backup_mx="m.b.test"), r"write a list, as in backup_mx=\['m\.b\.test'\]"),
    "a number for a backup": (lambda: acme(backup_mx=[3]), r"write a list of full names of hosts, as in backup_mx="),
    "half a name for a backup": (lambda: acme(backup_mx=["mx2"]), r"write a host's full name, as in 'mail\.other\.test'"),
    "a backup that is nowhere": (
        lambda: World(acme(backup_mx=["mial.b.test"]), Domain("b.test")),
        r"no host for .*'mial\.b\.test'; did you mean 'mail\.b\.test'\?",
    ),
    "a backup of one's own": (
        lambda: World(acme(mx=["mx1"], backup_mx=["mail.acme.test"])),
        r"that is its own host, which delivers; write mx=\[\.\.\.\], or name a host of another domain",
    ),
    "a backup that is a gateway": (
        lambda: World(acme(backup_mx=["gateway.b.test"]), Domain("b.test", gateway=Gateway())),
        r"that is no MTA; name an MX or submission host of b\.test",
    ),
    "a backup that keeps mailboxes": (
        lambda: World(acme(backup_mx=["i.b.test"]), Domain("b.test", imap=["i"])),
        r"that is no MTA; name an MX or submission host of b\.test",
    ),
    "a word for vrfy": (lambda: acme(vrfy="no"), r"vrfy='no'\): write True or False"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_description_is_refused_where_it_is_written(name: str) -> None:
    describe, says = WRONG[name]
    with pytest.raises(MisuseError, match=says):
        describe()


def test_what_may_be_written() -> None:
    assert acme(aliases={"postmaster": "alice", "abuse": "postmaster", "x": "gone@acme.test"}).aliases == {
        "postmaster": ("alice",),
        "abuse": ("postmaster",),
        "x": ("gone@acme.test",),
    }
    assert acme(aliases={"root": "postmaster"}).aliases == {"root": ("postmaster",)}
    assert Account("bob", forward=["a@b.test", "c@b.test"]).forward == Forward(["a@b.test", "c@b.test"])
    assert hash(acme(aliases={"info": "alice"})) == hash(acme(aliases={"info": ["alice"]}))
    deep = {f"a{n}": f"a{n + 1}" for n in range(31)} | {"a31": "alice"}
    assert len(acme(aliases=deep).aliases) == 32


SCENARIO = """
[[domain]]
name = "acme.test"
users = [
    "alice",
    { name = "bob", forward = "b@home.test" },
    { name = "carol", forward = { to = ["c@home.test"], keep = true, rewrite = "srs" } },
]
catch_all = "alice"
backup_mx = ["mail.home.test"]
backup_checks = true
vrfy = true
expn = true
lists = [{ name = "team", members = ["alice", "b@home.test"], owner = "bob", post = "anyone", bounces = 3, verp = true }]
[domain.aliases]
info = "alice"
sales = ["alice", "s@home.test"]
[[domain]]
name = "home.test"
"""


def test_a_scenario_file_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(SCENARIO, encoding="utf-8")
    users = [
        "alice",
        Account("bob", forward="b@home.test"),
        Account("carol", forward=Forward("c@home.test", keep=True, rewrite="srs")),
    ]
    team = MailingList("team", ["alice", "b@home.test"], owner="bob", post="anyone", bounces=3, verp=True)
    aliases = {"info": "alice", "sales": ["alice", "s@home.test"]}
    acme = Domain(
        "acme.test",
        users=users,
        catch_all="alice",
        backup_mx=["mail.home.test"],
        backup_checks=True,
        vrfy=True,
        expn=True,
        lists=[team],
        aliases=aliases,
    )
    assert read_toml(path) == (acme, Domain("home.test"))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ('aliases = ["info"]', r"aliases: \['info'\] is not a table"),
        ("aliases = { info = 3 }", r"aliases, info: 3 is not a string"),
        ('lists = [{ members = ["alice"] }]', r"lists, list 1: a name is missing"),
        ("users = [{ name = 'b', forward = { keep = true } }]", r"Forward\(to=\(\)\): write an address"),
        ("users = [{ name = 'b', forward = 3 }]", r"user 1, forward: 3 is not a string"),
    ],
)
def test_a_scenario_file_that_is_wrong(tmp_path: Path, wrong: str, says: str) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(f'[[domain]]\nname = "a.test"\n{wrong}\n', encoding="utf-8")
    with pytest.raises(MisuseError, match=says):
        read_toml(path)


def test_an_unknown_list_is_told_with_those_that_there_are() -> None:
    with World(acme(lists=[MailingList("team")])) as world:
        assert repr(world["acme.test"].list("Team")) == "<mailing list team@acme.test, 0 members>"
        with pytest.raises(MisuseError, match=r"no list of acme\.test 'taem'; did you mean 'team'\?"):
            world["acme.test"].list("taem")

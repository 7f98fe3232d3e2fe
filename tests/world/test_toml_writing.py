"""What was described, written and read again is the same description; what cannot be written is named."""

import string
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailharness import (
    Account,
    Domain,
    Forward,
    Gateway,
    Host,
    MailingList,
    Schedule,
    SendingLimits,
    SmartHost,
    behaviours,
    read_toml,
    rules,
)
from mailharness.agents.behaviours import Behaviour
from mailharness.mail.toml import toml_line, toml_value
from mailharness.world.blueprint import to_toml
from tests.readme.tables import ROOT


def written_and_read(*domains: Domain) -> tuple[Domain, ...]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.toml"
        path.write_text(to_toml(domains), encoding="utf-8")
        return read_toml(path)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
LINE = st.text(string.printable[:95], max_size=20)
NAMES = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8)
SOME = st.lists(NAMES, unique=True, max_size=3)
SECONDS = st.integers(1_000, 10**6) | st.floats(1_000, 1e6)
CONDITIONS = st.none() | st.one_of(
    st.builds(lambda text: rules.header("List-Id", contains=text), TEXT),
    st.builds(lambda text: rules.sender(is_=text), TEXT),
    st.builds(lambda: rules.recipient(matches="^a+$")),
    st.builds(rules.larger_than, st.integers(0, 10**6)),
)
RULES = st.one_of(
    st.builds(lambda when, name: rules.file_into("Lists/team", when=when, name=name), CONDITIONS, TEXT),
    st.builds(lambda when: rules.flag("\\Flagged", "$Junk", when=when), CONDITIONS),
    st.builds(lambda when: rules.forward("a@b.test", when=when), CONDITIONS),
    st.builds(lambda text, when: rules.vacation(text, when=when), TEXT.filter(bool), CONDITIONS),
    st.builds(lambda when: rules.discard(when=when), CONDITIONS),
    st.builds(lambda when: rules.keep(when=when), CONDITIONS),
    st.just(rules.stop()),
)
ACCOUNTS = st.builds(
    Account,
    NAMES,
    TEXT.filter(bool),
    st.none() | st.integers(0, 10**9),
    st.none() | st.just(Forward(["x@y.test", "z@y.test"], keep=True, rewrite="srs")),
    filters=st.lists(RULES, max_size=3),
    folders=st.sampled_from([[], ["Drafts", "Lists/team"]]),
    auto_reply=st.sampled_from(["", "Back on Monday.\nOr later."]),
)
SCHEDULES = st.builds(
    lambda every, warn: Schedule(steps=[60, 300.5], every=every, give_up=10**7, warn=warn), SECONDS, st.none() | SECONDS
)
BEHAVIOURS: st.SearchStrategy[Behaviour] = st.sampled_from(
    [
        behaviours.greylisting(delay=60, network=32),
        behaviours.first_contact(delay=5),
        behaviours.rate_limit(messages=2, per=60, by="sender", reply='450 4.7.1 "slow" down'),
        behaviours.recipient_quota(messages=3),
        behaviours.connection_limit(total=5),
        behaviours.connection_limit(per_client=1),
        behaviours.tarpit(seconds=1.5, after=2),
        behaviours.block(senders=["*@spam.test"], helos=["localhost"]),
        behaviours.allow(clients=["127.0.0.0/8"]),
    ]
)
HOSTS = st.builds(
    Host,
    greeting=LINE,
    behaviours=st.lists(BEHAVIOURS, max_size=2),
    retry=st.none() | SCHEDULES,
    personality=st.sampled_from(["", "gmail", "postfix"]),
    hide=st.sampled_from([[], ["STARTTLS", "PIPELINING"]]),
    limits=st.sampled_from([{}, {"RCPTMAX": 2}]),
    smuggling=st.sampled_from([(), "bare-lf"]),
    timeout=st.none() | SECONDS,
    pop_expire=st.none() | st.integers(0, 9),
    imap=st.sampled_from(["", "gmail"]),
    external=st.booleans(),
)
RECORDS = ["www A 127.0.0.9", "@ 60 MX 5 mail", '@ TXT "a; \\"b\\"" c', "_x._tcp SRV 1 2 3 mail", "al CNAME www"]


@st.composite
def domains(draw: st.DrawFn) -> Domain:
    users = draw(st.lists(ACCOUNTS, unique_by=lambda one: one.name, max_size=3))
    names = [user.name for user in users]
    draws = {
        "gateway": st.none()
        | st.builds(Gateway, max_size=st.none() | st.integers(1, 10**9), words=SOME, payment_cards=st.booleans()),
        "retry": SCHEDULES,
        "host": HOSTS,
        "sending": st.builds(SendingLimits, st.integers(1, 9), st.none() | st.integers(1, 9)),
        "records": st.lists(st.sampled_from(RECORDS), unique=True),
        "route": st.sampled_from([{}, {"*": "[x.test]", "*.b.test": SmartHost("y.test", "me", 'p"w')}]),
    }
    drawn = {name: draw(one) for name, one in draws.items()}
    lists = [MailingList("team-1", names, owner=names[0], subject_prefix="[t] ", verp=True)] if names else []
    return Domain(
        "acme.test",
        users,
        mx=[Host("mx1", max_recipients=draw(st.integers(1, 9))), "mx2"],
        imap=draw(st.sampled_from([(), ["mx1"], ["imap"]])),
        aliases={"in.fo": names} if names else {},
        lists=lists,
        catch_all=names[0] if names else None,
        strict=False,
        **drawn,
    )


@given(domains())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_any_description_comes_back(domain: Domain) -> None:
    assert written_and_read(domain) == (domain,)
    assert "left out" not in to_toml([domain])


def test_the_scenario_of_the_examples_comes_back() -> None:
    told = read_toml(ROOT / "examples/05_scenario_file/scenario.toml")
    assert written_and_read(*told) == told


def no_shouting(arrival: object) -> None: ...


class Recorder:
    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # noqa: N802 - aiosmtpd's name
        return "250 OK"


CANNOT = [
    (Domain("b.test", gateway=Gateway([no_shouting], words=["x"])), "b.test: the gateway's filter no_shouting"),
    (Domain("b.test", handler=Recorder()), "b.test: its handler Recorder"),
    (
        Domain("b.test", [Account("bob", filters=[rules.stop(), rules.keep(when=~rules.sender(is_="a"), name="odd")])]),
        "b.test: bob's filter odd",
    ),
    (
        Domain("b.test", [Account("bob", filters=[rules.file_into("Lists", copy=True)])]),
        "b.test: bob's filter file into Lists, file into INBOX",
    ),
]


@pytest.mark.parametrize(("domain", "named"), CANNOT, ids=[named for _, named in CANNOT])
def test_what_toml_cannot_say_is_named_and_the_rest_is_there(domain: Domain, named: str) -> None:
    assert to_toml([domain]).startswith(f"# left out, since TOML cannot say it: {named}\n\n[[domain]]\n")
    (read,) = written_and_read(domain)
    assert (read.name, len(read.users), bool(read.gateway)) == (domain.name, len(domain.users), bool(domain.gateway))


def test_a_host_that_stands_in_two_roles_comes_back_in_both() -> None:
    box = Host("Box", max_recipients=3)
    domain = Domain("b.test", mx=[box], imap=[box], pop=["box"])
    assert written_and_read(domain) == (domain,)


def test_a_plain_world_is_written_as_a_person_would() -> None:
    told = to_toml([Domain("acme.test", ["alice", Account("bob", quota=5)], mx=["mx1"])])
    assert told == (
        '[[domain]]\nname = "acme.test"\nusers = ["alice", { name = "bob", quota = 5 }]\nmx = ["mx1.acme.test"]\n'
    )


@given(st.dictionaries(TEXT, st.lists(TEXT | st.integers(-(2**60), 2**60) | st.booleans() | st.floats(allow_nan=False))))
def test_any_value_is_written_as_toml_reads_it(value: dict[str, object]) -> None:
    assert tomllib.loads(f"a = {toml_value(value)}") == {"a": value}
    assert tomllib.loads("\n".join(toml_line(key, one) for key, one in value.items())) == value

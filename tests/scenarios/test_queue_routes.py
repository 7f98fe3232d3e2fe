"""Letters that go where a route sends them: through a smart host, past the MX, and never in a circle."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailharness import Domain, MisuseError, SmartHost, World, faults, read_toml
from tests.scenarios.stage import GLOBEX, GLOBEX_TWO_MX, cast, playing

ISP = Domain("isp.test", users=["acme"])
BY_ISP = SmartHost("[mail.isp.test]", "acme@isp.test", "secret")
INITECH = Domain("initech.test", users=["erin"])


def acme(route: Any, **more: Any) -> Domain:
    return Domain("acme.test", users=["alice"], route=route, **more)


def hosts(world: World, to: str) -> tuple[str, ...]:
    """The hosts that a letter from alice crosses."""
    path: tuple[str, ...] = world.user("alice@acme.test").send(to=to).trace.path
    return path[1:-1]


def test_a_smart_host_takes_all_that_goes_out_after_a_login() -> None:
    with playing(acme({"*": BY_ISP}), ISP, GLOBEX, INITECH) as world:
        assert hosts(world, "bob@globex.test") == ("mail.acme.test", "mail.isp.test", "mail.globex.test")
        assert hosts(world, "erin@initech.test") == ("mail.acme.test", "mail.isp.test", "mail.initech.test")
        letter = world.user("alice@acme.test").send(to="alice@acme.test")
        assert letter.trace.path[1:-1] == ("mail.acme.test",)
        assert any("logged in as acme@isp.test" in hop.text for hop in world.letter(1).trace.hops)


def test_recipients_of_many_domains_cross_to_a_smart_host_in_one_transaction() -> None:
    with playing(acme({"*": BY_ISP}), ISP, GLOBEX, INITECH) as world:
        letter = world.user("alice@acme.test").send(to=["bob@globex.test", "erin@initech.test", "dave@globex.test"])
        letter.trace.assert_delivered()
        assert [len(one.recipients) for one in letter.trace.attempts if one.host == "mail.acme.test"] == [3]


def test_a_smart_host_with_the_wrong_password_is_told_of_at_once() -> None:
    with playing(acme({"*": SmartHost("[mail.isp.test]", "acme", "wrong")}), ISP, GLOBEX) as world:
        alice, bob = cast(world)
        alice.send(to=bob).trace.assert_bounced(status="5.7.8")


def test_a_smart_host_that_nobody_logs_in_to_relays_for_its_own_users_only() -> None:
    with playing(acme({"*": "[mail.isp.test]"}), ISP, GLOBEX) as world:
        alice, bob = cast(world)
        alice.send(to=bob).trace.assert_bounced(status="5.7.1")


def test_the_most_specific_route_is_taken() -> None:
    route = {"*": BY_ISP, "*.globex.test": "[mail.sub.globex.test]", "Globex.test": "[mx2.globex.test]"}
    with playing(acme(route), ISP, GLOBEX_TWO_MX, INITECH) as world:
        assert hosts(world, "bob@globex.test") == ("mail.acme.test", "mx2.globex.test")
        assert hosts(world, "erin@initech.test")[1] == "mail.isp.test"
        letter = world.user("alice@acme.test").send(to="x@deep.globex.test")
        letter.trace.assert_bounced(status="5.4.4")
        assert [(one.name, one.rrtype) for one in letter.trace.dns] == [("mail.sub.globex.test", "A")]


def test_a_route_to_a_domain_goes_by_its_mx() -> None:
    with playing(acme({"initech.test": "globex.test"}), GLOBEX_TWO_MX, INITECH) as world:
        letter = world.user("alice@acme.test").send(to="erin@initech.test")
        assert ("globex.test", "MX") in [(one.name, one.rrtype) for one in letter.trace.dns]
        assert letter.trace.attempts[0].to == "mx1.globex.test"


def test_a_route_through_a_host_of_ones_own_ends_there() -> None:
    domain = acme({"*": "[relay.acme.test]"}, mx=["mail"], submission=["mail", "relay"])
    with playing(domain, GLOBEX) as world:
        assert hosts(world, "bob@globex.test") == ("mail.acme.test", "relay.acme.test", "mail.globex.test")


def test_two_smart_hosts_that_send_to_each_other_end_in_a_bounce() -> None:
    there = Domain("isp.test", users=["acme"], route={"*": SmartHost("[mail.acme.test]", "alice", "secret")})
    with playing(acme({"*": BY_ISP}), there, GLOBEX) as world:
        alice, bob = cast(world)
        letter = alice.send(to=bob)
        letter.trace.assert_bounced(status="5.4.6")
        assert bob.inbox.subjects == []


def test_a_route_is_the_queues_as_well() -> None:
    with playing(acme({"*": BY_ISP}), ISP, GLOBEX, INITECH) as world:
        alice, _ = cast(world)
        with world.fault(faults.refuse("mail.isp.test")):
            letter = alice.send(to=["bob@globex.test", "erin@initech.test"])
            (waiting,) = world["acme.test"].queue
        assert len(waiting.recipients) == 2
        world["acme.test"].queue.attempt(domain="initech.test")
        assert letter.trace.status == {"bob@globex.test": "queued", "erin@initech.test": "delivered"}


def test_a_scenario_file_has_routes(tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.toml"
    scenario.write_text(
        '[[domain]]\nname = "acme.test"\n[domain.route]\n"globex.test" = "[mail.isp.test]"\n'
        '"*" = { host = "isp.test", user = "acme", password = "secret" }\n'
    )
    (domain,) = read_toml(scenario)
    assert domain.route == (
        ("globex.test", SmartHost("[mail.isp.test]")),
        ("*", SmartHost("isp.test", "acme", "secret")),
    )
    assert domain == Domain("acme.test", route=dict(domain.route))


WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "no table": (lambda: acme("smart.isp.test"), r"write a table, as in route=\{'globex\.test': '\[relay\.acme\.test\]'\}"),
    "a number": (lambda: acme(3), r"route=3: write a table"),
    "no domain": (
        lambda: acme({"globex test": "a.test"}),
        r"a domain, '\*\.globex\.test' for those below it, or '\*'",
    ),
    "a pattern within": (lambda: acme({"mail.*.test": "a.test"}), r"write a domain"),
    "a number for a domain": (lambda: acme({3: "a.test"}), r"route=\{3: \.\.\.\}: write a domain"),
    "a way twice": (lambda: acme({"b.test": "a.test", "B.test": "c.test"}), r"there are two ways for it; remove one"),
    "nowhere": (lambda: acme({"*": ""}), r"'' is no place to send mail to: write the name of a host"),
    "nothing": (lambda: acme({"*": None}), r"None\}: write a name, as in '\[relay\.acme\.test\]', or SmartHost"),
    "an address": (lambda: acme({"*": "[127.0.0.1]"}), r"'\[127\.0\.0\.1\]' is no place.*hosts get their addresses when"),
    "a bare address": (lambda: acme({"*": "192.0.2.1"}), r"'192\.0\.2\.1' is no place"),
    "a port": (lambda: acme({"*": "smart.isp.test:587"}), r"no place to send mail to.*all have the same port"),
    "an unknown key": (lambda: acme({"*": {"hots": "a.test"}}), r"'hots'; did you mean 'host'\?"),
    "a user alone": (lambda: SmartHost("a.test", "me"), r"a login is a user and a password; give both, or neither"),
    "a password alone": (lambda: SmartHost("a.test", password="x"), r"give both, or neither"),
    "a number for a password": (lambda: SmartHost("a.test", "me", 3), r"SmartHost\(password=3\): write text"),  # type: ignore[arg-type]
    "a number for a host": (lambda: SmartHost(3), r"SmartHost\(host=3\): write text"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_route(name: str) -> None:
    act, cure = WRONG[name]
    with pytest.raises(MisuseError, match=cure):
        act()

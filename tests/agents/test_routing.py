"""Routes, table by table: MX order, who prunes itself, and what each answer of the name system comes to."""

import asyncio
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness.agents.routing import Destination, Route, Router, SmartHost, check_routes
from mailharness.dns import Answer, Question, Record
from mailharness.mail import NO_COPY, Copy


class Book:
    """A resolver that knows what it was given: data by (name, type); a bare rcode where a look-up fails."""

    def __init__(self, known: Mapping[tuple[str, str], list[str] | str]) -> None:
        self.known = known
        self.asked: list[tuple[str, str]] = []

    async def resolve(self, name: str, rrtype: str, of: Copy, work: object = None) -> Answer:
        self.asked.append((name, rrtype))
        found = self.known.get((name, rrtype), "NXDOMAIN")
        if isinstance(found, str):
            return Answer(Question(name, rrtype), found, problem="nobody answers" if found == "SERVFAIL" else "")
        records = tuple(Record(f"{name}.", rrtype, 60, data) for data in found)
        return Answer(Question(name, rrtype), "NOERROR", records)


OWN = "127.0.0.99"
HOSTS = {(f"mx{n}.b.test", "A"): [f"127.0.0.{n}"] for n in range(1, 6)}


def route(known: Mapping[tuple[str, str], list[str] | str], domain: str = "b.test", *, host: str = "mail.a.test") -> Route:
    book = Book(HOSTS | dict(known))
    router = Router(host, book, 0, check_routes({"inner.test": "[mx5.b.test]"}), address="127.0.0.99")
    return asyncio.run(router.route(domain, NO_COPY))


def hosts(found: Route) -> list[str]:
    return [destination.host for destination in found.destinations]


ORDERS = {
    "lowest first": (["20 mx2.b.test.", "5 mx5.b.test.", "10 mx1.b.test."], ["mx5", "mx1", "mx2"]),
    "one": (["10 mx1.b.test."], ["mx1"]),
    "without an address": (["5 gone.b.test.", "10 mx1.b.test."], ["mx1"]),
    "own name prunes itself and all behind": (["5 mx1.b.test.", "10 MAIL.a.test.", "20 mx2.b.test."], ["mx1"]),
    "own name prunes its equals": (["5 mx1.b.test.", "10 mail.a.test.", "10 mx2.b.test."], ["mx1"]),
    "own name twice": (["5 mx1.b.test.", "8 mail.a.test.", "10 mx3.b.test.", "20 mail.a.test."], ["mx1"]),
    "a null MX beside others is no null MX": (["0 .", "10 mx1.b.test."], ["mx1"]),
}


@pytest.mark.parametrize("name", ORDERS)
def test_the_order_of_mail_hosts(name: str) -> None:
    data, expected = ORDERS[name]
    assert hosts(route({("b.test", "MX"): data})) == [f"{label}.b.test" for label in expected]


FAILURES = {
    "no such domain": ({}, "550 5.1.2"),
    "null MX": ({("b.test", "MX"): ["0 ."]}, "556 5.1.10"),
    "only oneself": ({("b.test", "MX"): ["10 mail.a.test."]}, "554 5.4.6"),
    "oneself first": ({("b.test", "MX"): ["10 mail.a.test.", "20 mx1.b.test."]}, "554 5.4.6"),
    "oneself by another name": ({("b.test", "MX"): ["10 x.test."], ("x.test", "A"): ["127.0.0.99"]}, "554 5.4.6"),
    "no MX, and oneself is there": ({("b.test", "MX"): [], ("b.test", "A"): ["127.0.0.99"]}, "554 5.4.6"),
    "no MX, no address": ({("b.test", "MX"): []}, "550 5.4.4"),
    "no mail host has an address": ({("b.test", "MX"): ["10 gone.b.test."]}, "550 5.4.4"),
    "the MX cannot be looked up": ({("b.test", "MX"): "SERVFAIL"}, "451 4.4.3"),
    "the address cannot be looked up": (
        {("b.test", "MX"): ["5 gone.b.test.", "10 x.test."], ("x.test", "A"): "SERVFAIL"},
        "451 4.4.3",
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_why_there_is_no_route(name: str) -> None:
    known, reply = FAILURES[name]
    found = route(known)
    assert found.destinations == ()
    assert found.failure is not None
    assert str(found.failure).startswith(reply)


def test_a_failed_look_up_of_one_host_does_not_matter_while_another_has_an_address() -> None:
    known = {("b.test", "MX"): ["5 x.test.", "10 mx1.b.test."], ("x.test", "A"): "SERVFAIL"}
    assert hosts(route(known)) == ["mx1.b.test"]


def test_every_address_of_a_host_is_a_destination() -> None:
    known = {("b.test", "MX"): ["10 x.test."], ("x.test", "A"): ["127.0.0.8", "127.0.0.9"]}
    assert route(known).destinations == (Destination("x.test", "127.0.0.8"), Destination("x.test", "127.0.0.9"))


def test_a_host_that_is_oneself_by_its_address_prunes_all_behind_it() -> None:
    known = {("b.test", "MX"): ["5 mx1.b.test.", "8 x.test.", "9 mx2.b.test."], ("x.test", "A"): ["127.0.0.99"]}
    assert hosts(route(known)) == ["mx1.b.test"]


@pytest.mark.parametrize("domain", ["[127.0.0.99]", "Mail.a.test"])
def test_a_domain_that_is_this_host_itself_is_a_loop(domain: str) -> None:
    known = {(domain, "MX"): [], (domain, "A"): ["127.0.0.98"]}
    assert str(route(known, domain).failure) == f"554 5.4.6 Mail for {domain} loops back to mail.a.test"


def test_a_domain_without_mx_is_its_own_host() -> None:
    assert route({("b.test", "MX"): [], ("b.test", "A"): ["127.0.0.9"]}).destinations == (
        Destination("b.test", "127.0.0.9"),
    )


@pytest.mark.parametrize(
    ("domain", "destination", "asked"),
    [
        ("[127.0.0.4]", Destination("[127.0.0.4]", "127.0.0.4"), []),
        ("[ipv6:::1]", Destination("[ipv6:::1]", "::1"), []),
        ("bücher.test", Destination("mx4.b.test", "127.0.0.4"), [("mx4.b.test", "A")]),
        ("XN--bcher-kva.test", Destination("mx4.b.test", "127.0.0.4"), [("mx4.b.test", "A")]),
        ("Inner.TEST", Destination("mx5.b.test", "127.0.0.5"), [("mx5.b.test", "A")]),
    ],
)
def test_literals_and_fixed_routes_ask_for_no_mx(domain: str, destination: Destination, asked: list) -> None:
    book = Book(HOSTS)
    fixed = {"inner.test": "[mx5.b.test]", "Bücher.test": "[mx4.b.test]"}
    router = Router("mail.a.test", book, 0, check_routes(fixed))
    assert asyncio.run(router.route(domain, NO_COPY)).destinations == (destination,)
    assert book.asked == asked


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5)), min_size=1, max_size=8, unique_by=lambda mx: mx[1]))
def test_every_host_is_tried_once_in_ascending_preference(records: list[tuple[int, int]]) -> None:
    found = hosts(route({("b.test", "MX"): [f"{preference} mx{n}.b.test." for preference, n in records]}))
    preference_of = {f"mx{n}.b.test": preference for preference, n in records}
    assert sorted(found) == sorted(preference_of)
    assert [preference_of[host] for host in found] == sorted(preference_of.values())


def test_equals_are_shuffled_by_the_seed_alone() -> None:
    known = HOSTS | {("b.test", "MX"): [f"10 mx{n}.b.test." for n in range(1, 6)]}

    def orders(seed: int) -> list[list[str]]:
        router = Router("mail.a.test", Book(known), seed)
        return [hosts(asyncio.run(router.route("b.test", NO_COPY))) for _ in range(10)]

    assert orders(1) == orders(1) != orders(2)
    assert len({order[0] for order in orders(1)}) > 1


def test_oneself_by_an_address_prunes_its_equals_too() -> None:
    """RFC 5321 §5.1 discards all of the same preference, wherever the shuffle has put them."""
    known = {("b.test", "MX"): ["5 mx1.b.test.", "8 x.test.", "8 mx2.b.test.", "8 mx3.b.test."], ("x.test", "A"): [OWN]}
    for seed in range(8):
        router = Router("mail.a.test", Book(HOSTS | known), seed, address=OWN)
        assert hosts(asyncio.run(router.route("b.test", NO_COPY))) == ["mx1.b.test"]


def test_the_choice_for_one_domain_depends_on_no_other() -> None:
    """Whatever order look-ups happen to end in, the same domain gets the same shuffle."""
    known = {(name, "MX"): [f"10 mx{n}.b.test." for n in range(1, 6)] for name in ("b.test", "c.test")}

    def choices(*domains: str) -> list[list[str]]:
        router = Router("mail.a.test", Book(HOSTS | known), 3)
        found = [hosts(asyncio.run(router.route(domain, NO_COPY))) for domain in domains]
        return [order for domain, order in zip(domains, found, strict=True) if domain == "b.test"]

    assert choices("b.test", "b.test", "c.test") == choices("c.test", "b.test", "c.test", "c.test", "b.test")


ROUTES = check_routes({"*": SmartHost("isp.test", "me", "pw"), "*.b.test": "[mx1.b.test]", "c.b.test": "[mx2.b.test]"})


@pytest.mark.parametrize(
    ("domain", "hop"),
    [
        ("C.b.test", "@[mx2.b.test]"),
        ("d.c.b.test", "@[mx1.b.test]"),
        ("b.test", "me@isp.test"),
        ("elsewhere.test", "me@isp.test"),
        ("[127.0.0.1]", "[127.0.0.1]"),
    ],
)
def test_the_next_hop_is_what_the_most_specific_route_says(domain: str, hop: str) -> None:
    assert Router("mail.a.test", Book({}), 0, ROUTES).hop(domain) == hop


def test_a_host_is_no_next_hop_of_its_own() -> None:
    assert Router("MX2.b.test", Book({}), 0, ROUTES).hop("c.b.test") == "c.b.test"


def test_a_route_with_a_login_carries_it_to_each_destination() -> None:
    known = {("isp.test", "MX"): ["5 mx1.b.test.", "10 mx2.b.test."]}
    found = asyncio.run(Router("mail.a.test", Book(HOSTS | known), 0, ROUTES).route("x.test", NO_COPY))
    assert [(one.host, one.login) for one in found.destinations] == [
        ("mx1.b.test", ("me", "pw")),
        ("mx2.b.test", ("me", "pw")),
    ]
    assert "pw" not in repr(found)

"""Zones as a test holds them: declared with the domain, read and changed while servers answer from them."""

import socket
from pathlib import Path

import pytest

from mailharness import Domain, Gateway, MisuseError, UnsettledError, World
from mailharness.dns import Record, Zone, make_query, parse_response
from mailharness.faults import PASS, Drop, Fault, Verdict
from mailharness.trace.events import Event, Queried
from mailharness.world import Account, read_toml

WWW = Record("www.a.test", "A", 60, "127.0.0.9")


def ask(server: tuple[str, int], name: str, rrtype: str) -> tuple[str, ...]:
    """What a name server says, over UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.sendto(make_query(name, rrtype, id=1), server)
        return parse_response(client.recv(65_535)).answers


# -- declared with the domain ----


def test_records_of_a_domain_stand_beside_its_own() -> None:
    records = ["www 60 A 127.0.0.9", WWW, "ftp CNAME www", "_imap._tcp SRV 0 1 143 mail", '@ CAA 0 issue "ca.test"']
    with World(Domain("a.test", users=["ann"], records=records)) as world:
        server = world["a.test"].nameserver
        assert ask(server, "www.a.test", "A") == ("127.0.0.9",)
        assert ask(server, "ftp.a.test", "A") == ("CNAME www.a.test", "127.0.0.9")
        assert ask(server, "_imap._tcp.a.test", "SRV") == ("0 1 143 mail.a.test",)
        assert ask(server, "a.test", "CAA") == ('0 issue "ca.test"',)
        assert ask(server, "a.test", "MX") == ("10 mail.a.test",)


def test_a_declared_rrset_stands_in_the_place_of_ours() -> None:
    domain = Domain("a.test", users=["ann"], mx=["one", "two"], records=["@ MX 5 two", "@ 60 TXT v=spf1"])
    with World(domain, Domain("b.test", users=["ben"])) as world:
        assert world.resolver.lookup("a.test", "MX").data == ("5 two.a.test",)
        assert world.resolver.lookup("a.test", "TXT").data == ('"v=spf1"',)
        world.user("ben@b.test").send(to="ann@a.test").trace.assert_delivered(via="two.a.test")


def test_a_zone_file_is_declared_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("www 60 A 127.0.0.9\n")
    file = tmp_path / "a.zone"
    file.write_text("$TTL 1h\n$INCLUDE hosts\nnews IN CNAME www ; an alias\n")
    with World(Domain("a.test", records=file)) as world:
        assert WWW in world["a.test"].zone.records
        assert world.resolver.lookup("news.a.test").data == ("127.0.0.9",)


def test_a_scenario_file_declares_records_and_name_servers(tmp_path: Path) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text('[[domain]]\nname = "a.test"\nns = ["ns1", "ns2"]\nstrict = false\nrecords = ["@ MX 10 192.0.2.1"]\n')
    (domain,) = read_toml(file)
    assert (domain.ns, domain.strict, domain.records[0].rrtype) == (("ns1.a.test", "ns2.a.test"), False, "MX")


REFUSED = [
    ("www A 300.0.0.1", "RFC 1035 §3.4.1"),
    ("@ MX 10 192.0.2.1", "address"),
    ("@ MX 10 192.0.2.1.", "address"),
    ("mail CNAME www", "CNAME"),
    ("www 9999999999 A 127.0.0.1", "TTL"),
    ("www.b.test. A 127.0.0.1", "outside of the zone"),
    ("www B 127.0.0.1", "record type"),
    ("www", "www"),
    ("x" * 64 + " A 127.0.0.1", "63"),
    (".".join(["x" * 60] * 5) + " A 127.0.0.1", "255"),
]


@pytest.mark.parametrize(("line", "reason"), REFUSED)
def test_a_record_that_breaks_a_rule_is_refused_with_the_rule(line: str, reason: str) -> None:
    with pytest.raises(MisuseError, match=reason):
        World(Domain("a.test", users=["ann"], records=[line]))


BROKEN = [
    ("@ MX 10 192.0.2.1.", "a.test MX", ("10 192.0.2.1",)),
    ("mail CNAME www", "mail.a.test TXT", ("CNAME www.a.test",)),
    (Record("www.a.test", "A", 4_294_967_295, "127.0.0.9"), "www.a.test A", ("127.0.0.9",)),
]


@pytest.mark.parametrize(("record", "question", "answers"), BROKEN)
def test_a_broken_world_may_be_asked_for(record: str | Record, question: str, answers: tuple[str, ...]) -> None:
    with World(Domain("a.test", users=["ann"], records=[record], strict=False)) as world:
        assert ask(world["a.test"].nameserver, *question.split()) == answers


@pytest.mark.parametrize(
    ("records", "reason"),
    [("www A 127.0.0.1", "write a list"), (["www A 127.0.0.1", 3], "write a list"), (Path("/no/such.zone"), "no/such")],
)
def test_what_is_no_list_of_records_is_refused(records: object, reason: str) -> None:
    with pytest.raises(MisuseError, match=reason):
        Domain("a.test", records=records)  # type: ignore[arg-type]


def test_the_reverse_zone_is_the_worlds_own() -> None:
    with pytest.raises(MisuseError, match="the world's own"):
        World(Domain("127.in-addr.arpa"))


def test_the_reverse_zone_is_delegated_from_the_root() -> None:
    with World() as world:
        root = world.root_nameserver
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(make_query("in-addr.arpa", "NS", id=1), root)
            told = parse_response(client.recv(65_535))
        assert (told.rcode, told.answers) == ("NOERROR", ())


# -- several name servers ----


def test_a_domain_with_two_name_servers_is_found_by_either() -> None:
    with World(Domain("a.test", users=["ann"], ns=["ns1", "ns2"]), Domain("b.test", users=["ben"])) as world:
        assert ask(world["a.test"].host("ns2").nameserver, "a.test", "NS") == ("ns1.a.test", "ns2.a.test")
        world.switch_off("ns1.a.test")
        world.user("ben@b.test").send(to="ann@a.test").trace.assert_delivered()
        world["a.test"].zone.add("www A 127.0.0.9")
        assert ask(world["a.test"].host("ns2").nameserver, "www.a.test", "A") == ("127.0.0.9",)
        world.switch_off("a.test")
        letter = world.user("ben@b.test").send(to="ann@sub.a.test")
        letter.trace.assert_queued(reply=451)
        world.switch_on("a.test")
        assert ask(world["a.test"].nameserver, "www.a.test", "A") == ("127.0.0.9",)


# -- changed while the world runs ----


def test_every_change_is_answered_at_once_and_raises_the_serial() -> None:
    with World(Domain("a.test")) as world:
        site, zone = world["a.test"], world["a.test"].zone
        serials = [zone.serial]
        for change, expected in (
            (lambda: zone.add("www A 127.0.0.9", "www A 127.0.0.10"), ("127.0.0.9", "127.0.0.10")),
            (lambda: zone.replace("A", "127.0.0.11", name="www"), ("127.0.0.11",)),
            (lambda: zone.remove("A", name="www"), ()),
        ):
            change()
            serials.append(zone.serial)
            assert ask(site.nameserver, "www.a.test", "A") == expected
            assert ask(site.nameserver, "a.test", "SOA")[0].split()[2] == str(zone.serial)
        assert serials == [1, 2, 3, 4]


def test_a_ttl_is_kept_unless_a_new_one_is_given() -> None:
    with World(Domain("a.test", records=["www 60 A 127.0.0.9"])) as world:
        zone = world["a.test"].zone
        zone.replace("A", "127.0.0.10", name="www")
        assert Record("www.a.test", "A", 60, "127.0.0.10") in zone.records
        zone.replace("A", "127.0.0.10", name="www.a.test.", ttl=5)
        assert Record("www.a.test", "A", 5, "127.0.0.10") in zone.records


def test_a_change_that_breaks_a_rule_changes_nothing() -> None:
    with World(Domain("a.test")) as world:
        zone = world["a.test"].zone
        before = set(zone.records), zone.serial
        for change in (
            lambda: zone.replace("MX", "10 127.0.0.1"),
            lambda: zone.add("@ CNAME b.test."),
            lambda: zone.replace("A", "127.0.0.1", name="www.b.test."),
            lambda: zone.remove("TXT", name="nowhere"),
            lambda: zone.remove("SOA"),
            lambda: zone.read("/no/such/file"),
        ):
            with pytest.raises(MisuseError):
                change()
        assert (set(zone.records), zone.serial) == before
        zone.replace("MX", "10 127.0.0.1.", strict=False)
        assert ask(world["a.test"].nameserver, "a.test", "MX") == ("10 127.0.0.1",)


def test_a_zone_goes_to_a_file_and_comes_back(tmp_path: Path) -> None:
    with World(Domain("a.test", users=["ann"], records=["www 60 A 127.0.0.9"])) as world:
        zone, file = world["a.test"].zone, tmp_path / "a.zone"
        zone.write(file)
        before = [record for record in zone.records if record.rrtype != "SOA"]
        zone.remove(name="www")
        zone.read(file)
        assert [record for record in zone.records if record.rrtype != "SOA"] == before
        assert zone.serial == 3
        assert "www" in str(zone)
        assert "a.test" in repr(zone)


def test_any_zone_of_the_world_can_be_had() -> None:
    with World(Domain("a.test")) as world:
        assert [world.dns.zone(origin).origin for origin in (".", "test", "A.TEST.")] == [".", "test", "a.test"]
        with pytest.raises(MisuseError, match=r"did you mean 'a\.test'"):
            world.dns.zone("a.tset")
        world.dns.zone("test").add("direct A 127.0.0.9")
        assert world.resolver.lookup("direct.test").data == ("127.0.0.9",)


# -- resolvers ----


def test_each_domain_has_a_resolver_whose_cache_is_listed_and_flushed() -> None:
    with World(Domain("a.test", users=["ann"]), Domain("b.test", users=[Account("ben")])) as world:
        resolver = world["a.test"].resolver
        world.user("ann@a.test").send(to="ben@b.test").trace.assert_delivered()
        assert {(known.name, known.rrtype) for known in resolver.cache.entries()} == {
            ("b.test", "MX"),
            ("mail.b.test", "A"),
        }
        assert [delegation.zone for delegation in resolver.cache.delegations()] == ["b.test", "test"]
        assert (len(resolver.cache), len(world["b.test"].resolver.cache)) == (4, 0)
        assert resolver.lookup("b.test", "mx").cached
        resolver.cache.flush("mail.b.test")
        assert not resolver.lookup("mail.b.test").cached
        resolver.cache.flush()
        assert len(resolver.cache) == 0
        with pytest.raises(MisuseError, match=r"world\.resolver"):
            _ = resolver.endpoint


def test_a_look_up_of_a_silent_server_says_what_it_waits_for() -> None:
    def silent(event: Event) -> Verdict:
        return Drop() if isinstance(event, Queried) and event.host == "ns.a.test" else PASS

    with World(Domain("a.test")) as world:
        with world.fault(Fault("silence", silent)):
            for patience in (0, 10):
                with pytest.raises(UnsettledError, match=r"patience=20 .*advance"):
                    world.resolver.lookup("a.test", "MX", patience=patience)
            before = world.clock.now()
            assert world.resolver.lookup("b.test", "MX", patience=20).rcode == "NXDOMAIN"
            assert world.clock.now() == before
        world.clock.advance(minutes=5)
        assert world.resolver.lookup("a.test", "MX").data == ("10 mail.a.test",)


def test_what_the_world_makes_itself_would_pass_every_check() -> None:
    domains = (
        Domain("a.test", users=["ann"], mx=["mx1", "mx2"], ns=["ns1", "ns2"], gateway=Gateway()),
        Domain("sub.a.test", users=["sue"]),
        Domain("müller.test", users=["max"]),
    )
    with World(*domains) as world:
        for origin in (*world.internet.names.zones, "127.in-addr.arpa"):
            zone = world.internet.names.zone(origin)
            assert set(Zone(origin, zone.records).records) == set(zone.records)

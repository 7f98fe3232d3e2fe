"""The name system of a world as foreign programs see it: root, top level and authority, a resolver, and its memory."""

import asyncio
import socket

import aiodns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.reversename
import pytest

from mailharness import Domain, MisuseError, World
from tests.world.belongings import nothing_left

TRANSPORTS = {"udp": dns.query.udp, "tcp": dns.query.tcp}


def ask(world: World, name: str, rrtype: str, *, transport: str = "udp", endpoint=None) -> dns.message.Message:
    """What a foreign client gets to hear, from the world's resolver unless told otherwise."""
    host, port = endpoint or world.resolver.endpoint
    query = dns.message.make_query(name, rrtype)
    return TRANSPORTS[transport](query, host, port=port, timeout=5)


def texts(response: dns.message.Message) -> list[str]:
    return [str(record) for rrset in response.answer for record in rrset]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_resolver_serves_foreign_clients(transport: str) -> None:
    with nothing_left(), World() as world:
        response = ask(world, "EXAMPLEB.tst", "MX", transport=transport)
        assert texts(response) == ["10 mail.exampleB.tst."]
        assert response.rcode() == dns.rcode.NOERROR
        assert response.flags & dns.flags.RA
        assert not response.flags & dns.flags.AA
        address = texts(ask(world, "mail.exampleB.tst", "A", transport=transport))
        assert address == [world["exampleB.tst"].smtp.host]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name", ["nowhere.tst", "no.such.host.exampleB.tst", "example.com", "localhost.localdomain"])
def test_an_unknown_name_is_denied_with_the_soa_that_says_for_how_long(name: str, transport: str) -> None:
    with World() as world:
        response = ask(world, name, "A", transport=transport)
        assert response.rcode() == dns.rcode.NXDOMAIN
        assert [rrset.rdtype for rrset in response.authority] == [dns.rdatatype.SOA]


def test_a_name_without_that_type_is_no_nxdomain() -> None:
    with World() as world:
        response = ask(world, "mail.exampleB.tst", "MX")
        assert response.rcode() == dns.rcode.NOERROR
        assert (response.answer, response.authority[0].rdtype) == ([], dns.rdatatype.SOA)


def test_each_name_server_answers_for_its_own_zone_alone() -> None:
    with World() as world:
        site = world["exampleB.tst"]
        own = ask(world, "exampleB.tst", "MX", endpoint=site.nameserver)
        assert own.flags & dns.flags.AA
        assert texts(own) == ["10 mail.exampleB.tst."]
        referral = ask(world, "exampleB.tst", "MX", endpoint=world.root_nameserver)
        assert not referral.flags & dns.flags.AA
        assert [str(rrset.name) for rrset in referral.authority] == ["tst."]
        assert ask(world, "exampleA.tst", "MX", endpoint=site.nameserver).rcode() == dns.rcode.REFUSED


def test_every_host_has_a_name_for_its_address() -> None:
    with World() as world:
        hosts = [host for site in world for host in site.hosts.values()]
        for host in hosts:
            pointer = dns.reversename.from_address(host.address).to_text()
            assert texts(ask(world, pointer, "PTR")) == [f"{host.name}."]


def test_dnspython_as_an_application_finds_the_mail_host() -> None:
    with World() as world:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = [world.resolver.endpoint.host], world.resolver.endpoint.port
        (answer,) = resolver.resolve("exampleB.tst", "MX")
        assert str(answer.exchange) == "mail.exampleB.tst."
        assert resolver.resolve("exampleB.tst", "TXT")[0].strings == (b"v=spf1 mx -all",)
        with pytest.raises(dns.resolver.NXDOMAIN):
            resolver.resolve("nowhere.example", "MX")


def test_aiodns_as_an_application_finds_the_mail_host() -> None:
    async def ask(host: str, port: int) -> list[tuple[int, str]]:
        resolver = aiodns.DNSResolver(nameservers=[host], udp_port=port, tcp_port=port, timeout=10)
        found = await resolver.query_dns("exampleB.tst", "MX")
        return [(record.data.priority, record.data.exchange) for record in found.answer]

    with World() as world:
        assert asyncio.run(ask(*world.resolver.endpoint)) == [(10, "mail.exampleB.tst")]


def test_a_type_may_be_asked_for_by_its_number() -> None:
    with World() as world:
        for rrtype in ("TYPE15", "type15", "mx"):
            assert world.resolver.lookup("exampleB.tst", rrtype).data == ("10 mail.exampleB.tst",)
        with pytest.raises(MisuseError, match="no record type"):
            world.resolver.lookup("exampleB.tst", "reverse")


def test_the_walk_from_the_root_is_in_the_log_and_is_not_walked_twice() -> None:
    with World() as world:
        first = world.resolver.lookup("mail.exampleB.tst")
        walked = [(query.host, query.by) for query in world.dns.queries(name="MAIL.exampleb.tst")]
        assert walked == [(server, "resolver") for server in ("a.root-servers", "ns.nic.tst", "ns.exampleB.tst")]
        assert len({world.host(host).address for host, _ in walked}) == 3
        again = world.resolver.lookup("Mail.ExampleB.TST")
        assert (first.cached, again.cached, again.data) == (False, True, first.data)
        assert len(world.dns.queries()) == 3
        assert world.dns.queries(type="MX") == world.dns.queries(by="mail.exampleA.tst") == []


def test_what_is_remembered_is_forgotten_when_its_time_has_passed() -> None:
    with World() as world:
        world.resolver.lookup("exampleB.tst", "MX")
        world["exampleB.tst"].zone.replace("MX", "20 elsewhere.exampleB.tst.")
        world.clock.advance(minutes=59, seconds=59)
        remembered = world.resolver.lookup("exampleB.tst", "MX")
        assert (remembered.cached, remembered.records[0].ttl) == (True, 1)
        world.clock.advance(seconds=1)
        fresh = world.resolver.lookup("exampleB.tst", "MX")
        assert (fresh.cached, fresh.data) == (False, ("20 elsewhere.exampleB.tst",))


def test_a_denial_is_remembered_too() -> None:
    with World() as world:
        for expected in (1, 1, 2):
            assert world.resolver.lookup("nowhere.tst", "A").rcode == "NXDOMAIN"
            assert len(world.dns.queries(name="nowhere.tst", type="A")) >= expected
        assert world.resolver.lookup("nowhere.tst", "A").cached


def test_each_host_has_a_resolver_with_a_memory_of_its_own() -> None:
    with World(Domain("a.test", users=["ann"]), Domain("b.test", users=["ben"])) as world:
        world.resolver.lookup("b.test", "MX")
        letter = world.user("ann@a.test").send(to="ben@b.test")
        assert not letter.trace.dns[0].cached
        assert world.user("ann@a.test").send(to="ben@b.test").trace.dns[0].cached


def test_the_walk_can_be_explained() -> None:
    with World() as world:
        world.switch_off("exampleB.tst")
        told = world.resolver.explain("exampleB.tst", "MX")
        assert told.startswith("MX exampleB.tst: SERVFAIL")
        assert f"asked a.root-servers ({world.root_nameserver.host}): referral to tst" in told
        assert "nobody listens there" in told
        world.switch_on("exampleB.tst")
        world.clock.advance(hours=1)
        assert "\n  exampleB.tst 3600 IN MX 10 mail.exampleB.tst" in world.resolver.explain("exampleB.tst", "MX")


def test_a_server_that_is_switched_off_is_silent_to_foreign_clients() -> None:
    with World() as world:
        world.switch_off(".")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(0.05)
            client.sendto(dns.message.make_query("tst", "NS").to_wire(), world.root_nameserver)
            with pytest.raises(TimeoutError):
                client.recv(512)
        with pytest.raises((ConnectionError, EOFError)):
            ask(world, "tst", "NS", transport="tcp", endpoint=world.root_nameserver)


def test_a_burst_of_questions_is_answered_whole() -> None:
    with World() as world, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        client.settimeout(5)
        for number in range(500):
            query = dns.message.make_query("exampleB.tst", "MX", id=number)
            client.sendto(query.to_wire(), world["exampleB.tst"].nameserver)
        answered = {dns.message.from_wire(client.recv(512)).id for _ in range(500)}
        assert len(answered) == 500


@pytest.mark.parametrize("via", ["imap", "pop3"])
def test_a_user_whose_name_needs_quotes_writes_and_reads_as_any_other(via: str) -> None:
    with World(Domain("a.test", users=["bob", '"john smith"'])) as world:
        _, john = world.users
        assert john.send(to=john, subject="to myself", login=True).refused == {}
        assert [message.subject for message in john.fetch(via=via)] == ["to myself"]

"""poplib and curl over POP3: sessions as a mail program and a shell script hold them."""

import poplib
from collections.abc import Callable, Iterator

import pytest

from mailharness import Domain, World
from mailharness.world import Site
from tests import corpus
from tests.interop.running import attempt, run

LETTERS = ("dots", "plain", "blanks")


@pytest.fixture
def world() -> Iterator[World]:
    """userB has three letters."""
    with World(Domain("exampleA.tst", users=["userA"]), Domain("exampleB.tst", users=["userB", "李"])) as world:
        for name in LETTERS:
            world.user("userA@exampleA.tst").send(to="userB@exampleB.tst", message=corpus.read(name))
        world.settle()
        yield world
        world.assert_conserved()


@pytest.fixture
def site(world: World) -> Site:
    return world["exampleB.tst"]


@pytest.fixture
def client(site: Site) -> Iterator[poplib.POP3]:
    client = poplib.POP3(*site.pop3, timeout=10)
    client.user("userB@exampleB.tst")
    client.pass_("secret")
    yield client
    client.close()


def test_poplib_looks_at_the_maildrop(world: World, client: poplib.POP3) -> None:
    sizes = [len(message) for message in world.user("userB@exampleB.tst").inbox]
    assert client.stat() == (3, sum(sizes))
    assert client.list()[1] == [f"{number} {size}".encode() for number, size in enumerate(sizes, 1)]
    assert client.list(2) == f"+OK 2 {sizes[1]}".encode()
    unique = [line.split()[1] for line in client.uidl()[1]]
    assert len(set(unique)) == 3
    assert client.uidl(3).split() == [b"+OK", b"3", unique[2]]
    assert {"TOP", "UIDL", "USER", "PIPELINING"} <= client.capa().keys()
    assert client.getwelcome().startswith(b"+OK ")
    assert client.noop().startswith(b"+OK")


def test_poplib_reads(client: poplib.POP3) -> None:
    lines = client.retr(1)[1]
    assert b"\r\n".join(lines).endswith(corpus.read("dots").removesuffix(b"\r\n"))
    header, _, body = corpus.read("dots").partition(b"\r\n\r\n")
    top = client.top(1, 3)[1]
    assert top[-3:] == body.split(b"\r\n")[:3]
    assert top[-4 - header.count(b"\r\n") - 1 : -4] == header.split(b"\r\n")
    assert client.top(1, 0)[1] == top[:-3]
    assert client.top(1, 1000)[1] == lines


def test_poplib_deletes_at_the_end_of_the_session(site: Site, client: poplib.POP3) -> None:
    unique = [line.split()[1] for line in client.uidl()[1]]
    client.dele(1)
    client.dele(3)
    assert client.stat()[0] == 1
    assert client.rset().startswith(b"+OK")
    assert client.stat()[0] == 3
    client.dele(2)
    for refused in (lambda: client.retr(2), lambda: client.dele(2), lambda: client.top(4, 0), lambda: client.list(0)):
        with pytest.raises(poplib.error_proto, match="-ERR"):
            refused()
    assert client.quit().startswith(b"+OK")
    later = poplib.POP3(*site.pop3, timeout=10)
    later.user("userB")
    later.pass_("secret")
    assert [line.split()[1] for line in later.uidl()[1]] == [unique[0], unique[2]]
    later.quit()


def test_a_session_that_breaks_off_deletes_nothing(world: World, client: poplib.POP3) -> None:
    client.dele(1)
    client.close()
    assert len(world.user("userB@exampleB.tst").inbox) == 3


def test_poplib_is_refused(site: Site, client: poplib.POP3) -> None:
    for name, password, why in (("userB", "wrong", "AUTH"), ("nobody", "secret", "AUTH"), ("userB", "secret", "IN-USE")):
        other = poplib.POP3(*site.pop3, timeout=10)
        other.user(name)
        with pytest.raises(poplib.error_proto, match=rf"-ERR \[{why}\]"):
            other.pass_(password)
        other.quit()


def test_poplib_logs_in_by_a_name_of_any_script(site: Site) -> None:
    client = poplib.POP3(*site.pop3, timeout=10)
    assert "STLS" in client.capa()
    client.user("李@exampleB.tst")
    client.pass_("secret")
    assert client.stat() == (0, 0)
    client.quit()


@pytest.fixture
def curl(site: Site, program: Callable[[str], str]) -> Callable[..., bytes]:
    host, port = site.pop3

    def ask(path: str = "", *options: str) -> bytes:
        return run(program("curl"), "-sS", "--user", "userB:secret", *options, f"pop3://{host}:{port}/{path}")

    return ask


def test_curl_lists_reads_and_deletes(world: World, curl: Callable[..., bytes]) -> None:
    listed = [line.split()[0] for line in curl().splitlines()]
    assert listed == [b"1", b"2", b"3"]
    assert len(curl("", "--request", "UIDL").splitlines()) == 3
    assert curl("", "--request", "TOP 2 0").endswith(b"Message-ID: <plain.1@exampleA.tst>\r\n\r\n")
    assert curl("3").endswith(corpus.read("blanks"))
    curl("", "--head", "--request", "DELE 1")
    assert world.user("userB@exampleB.tst").inbox.subjects[0] == "Lunch on Thursday?"


def test_curl_says_what_is_wrong(site: Site, program: Callable[[str], str]) -> None:
    host, port = site.pop3
    wrong = attempt(program("curl"), "-sS", "--user", "userB:wrong", f"pop3://{host}:{port}/")
    assert wrong.returncode == 67
    missing = attempt(program("curl"), "-sS", "--user", "userB:secret", f"pop3://{host}:{port}/9")
    assert missing.returncode == 8

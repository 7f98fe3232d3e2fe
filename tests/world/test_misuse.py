"""Every way to hold a world wrong is an error at the call, which names what is known and the cure."""

import asyncio
import re
import smtplib
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailharness import Account, Domain, Gateway, MisuseError, Schedule, World, faults
from mailharness.world import read_toml

BLUEPRINTS = {
    "a number for a name": (lambda: Domain(7), r"7 is not a domain name: write letters"),
    "no domain name": (lambda: Domain("acme test"), r"'acme test' is not a domain name"),
    "an absolute name": (lambda: Domain("acme.test."), r"'acme\.test\.' is not a domain name"),
    "a top-level domain": (lambda: Domain("test"), r"top-level domain: write one below it, as in 'mail\.test'"),
    "an empty label": (lambda: Domain("a..test"), r"is not a domain name"),
    "a long label": (lambda: Domain("x" * 64 + ".test"), r"is not a domain name"),
    "a string of users": (lambda: Domain("a.test", users="ann"), r"write a list, as in users=\['ann'\]"),
    "a string of hosts": (lambda: Domain("a.test", mx="mx1"), r"write a list, as in mx=\['mx1'\]"),
    "a bad host name": (lambda: Domain("a.test", mx=["mx 1"]), r"mx=\.\.\.\): 'mx 1\.a\.test' is not a host name"),
    "a host twice": (lambda: Domain("a.test", imap=["i", "I.a.test"]), r"a host is named twice: i\.a\.test, I\.a\.test"),
    "a user twice": (lambda: Domain("a.test", users=["ann", "Ann"]), r"user 'Ann' is declared twice; remove one"),
    "a user twice, in quotes": (lambda: Domain("a.test", users=["ann", '"Ann"']), r"user '\"Ann\"' is declared twice"),
    "an address for a user": (lambda: Domain("a.test", users=["ann@a.test"]), r"write the local part alone, as in 'ann'"),
    "a bad local part": (lambda: Domain("a.test", users=["a b"]), r"is not an address"),
    "a negative quota": (lambda: Account("ann", quota=-1), r"quota=-1 must be 0 or more octets"),
    "a class for a gateway": (lambda: Domain("a.test", gateway=Gateway), r"write gateway=Gateway\(\.\.\.\)"),
    "a tiny size": (lambda: Domain("a.test", max_size=10), r"at least 64,000 octets \(RFC 5321 §4\.5\.3\.1\.7\)"),
    "words in a string": (lambda: Gateway(words="invoice"), r"write a list, as in words=\['invoice'\]"),
    "one filter": (lambda: Gateway(filters=len), r"give a list, even for one filter"),
    "no filter": (lambda: Gateway(filters=["spam"]), r"'spam' is no filter"),
    "a pause of nothing": (lambda: Schedule(every=0), r"must be more than 0 seconds"),
    "a domain twice": (lambda: World(Domain("a.test"), Domain("A.TEST")), r"domain 'A\.TEST' is declared twice"),
    "a domain that is a host": (
        lambda: World(Domain("b.test"), Domain("Mail.b.test")),
        r"host 'mail\.b\.test' of 'b\.test' lies in the zone",
    ),
    "a domain over a host": (
        lambda: World(Domain("b.test", mx=["mx1.eu"]), Domain("eu.b.test")),
        r"host 'mx1\.eu\.b\.test' of 'b\.test' lies in the zone of domain 'eu\.b\.test'",
    ),
    "a domain that is a gateway": (
        lambda: World(Domain("b.test", gateway=Gateway()), Domain("gateway.b.test")),
        r"host 'gateway\.b\.test' of 'b\.test' lies in the zone of domain",
    ),
    "a domain that is a name server": (
        lambda: World(Domain("b.test"), Domain("ns.b.test")),
        r"host 'ns\.b\.test' of 'b\.test' lies in the zone",
    ),
    "a name for a domain": (lambda: World("a.test"), r"write Domain\('a\.test', users=\[\.\.\.\]\)"),
    "another clock": (lambda: World(clock="wal"), r"no clock 'wal'; did you mean 'wall'\?"),
    "no patience": (lambda: World(timeout=0), r"timeout=0: give the world more than 0 seconds"),
    "patience in words": (lambda: World(timeout="5"), r"timeout='5': give the world more than 0 seconds"),
    "patience without end": (lambda: World(timeout=float("inf")), r"timeout=inf: give the world more than 0 seconds"),
    "a date for a start": (
        lambda: World(start="2030-01-31"),
        r"start='2030-01-31': give the world a start in seconds since",
    ),
    "a start that is none": (lambda: World(start=float("nan")), r"start=nan: give the world a start in seconds since"),
    "a seed in words": (lambda: World(seed="dice"), r"seed='dice': give the world a seed that is a whole number"),
    "nothing to keep": (lambda: World(keep_letters=0), r"keep_letters=0: give the world at least 1 letter to keep"),
    "a host that is a name server": (
        lambda: World(Domain("a.test", mx=["ns"])).start(),
        r"two machines are called 'ns\.a\.test'",
    ),
    "a host of two domains": (
        lambda: World(Domain("a.test", mx=["x.b"]), Domain("b.a.test", mx=["x.b.a.test"])),
        r"host 'x\.b\.a\.test' of 'a\.test' lies in the zone of domain 'b\.a\.test'",
    ),
    "an unknown SMTP verb": (lambda: faults.reply("h.a.test", "RCTP", "451 x"), r"'RCTP'; did you mean 'RCPT'\?"),
    "no reply": (lambda: faults.reply("h.a.test", "RCPT", "later"), r"'later' is not an SMTP reply"),
    "contradicting codes": (lambda: faults.reply("h.a.test", "RCPT", "451 5.1.1 x"), r"contradicts 451"),
    "a fault that never fires": (lambda: faults.refuse("h.a.test", times=0), r"a fault fires at least once"),
}


@pytest.mark.parametrize("name", BLUEPRINTS)
def test_a_wrong_description_is_refused_where_it_is_written(name: str) -> None:
    describe, says = BLUEPRINTS[name]
    with pytest.raises(MisuseError, match=says):
        describe()


LIVE = {
    "an unknown domain": (lambda world: world.user("bob@globax.test"), r"'globax\.test'; did you mean 'globex\.test'\?"),
    "an unknown user": (lambda world: world.user("bop@globex.test"), r"did you mean 'bob@globex\.test'\? \(known: alice@"),
    "no address": (lambda world: world.user("bob"), r"'bob' is not an address: .*\(write local@domain"),
    "an unknown site": (lambda world: world["acme"], r"no domain 'acme'; did you mean 'acme\.test'\?"),
    "an unknown host": (lambda world: world.host("mail.acme"), r"no host 'mail\.acme'; did you mean 'mail\.acme\.test'\?"),
    "an unknown host of a site": (
        lambda world: world["acme.test"].host("mial"),
        r"no host of acme\.test 'mial'.* \(known: mail\.acme\.test, ns\.acme\.test\)",
    ),
    "a switch of nothing": (lambda world: world.switch_off("mx9.acme.test"), r"no host 'mx9\.acme\.test'; did you mean"),
    "time going back": (lambda world: world.clock.advance(minutes=-1), r"time moves forward"),
    "time without end": (lambda world: world.clock.advance(float("inf")), r"by a finite number of seconds"),
    "time that is none": (lambda world: world.clock.advance(float("nan")), r"time moves forward"),
    "nobody to write to": (lambda world: alice(world).send(subject="x"), r"a letter needs a recipient"),
    "a bad recipient": (lambda world: alice(world).send(to="bob at globex"), r"'bob at globex' is not an address"),
    "both kinds of content": (
        lambda world: alice(world).send(to="bob@globex.test", text="x", message=b"y"),
        r"leave out subject, text, html and attachments",
    ),
    "another protocol": (lambda world: alice(world).fetch(via="pop"), r"'pop'; did you mean 'pop3'\?"),
    "no name to look up": (lambda world: world.resolver.lookup("a..b"), r"'a\.\.b'"),
    "no type to look up": (lambda world: world.resolver.lookup("a.test", "MXX"), r"'MXX'; did you mean 'MX'\?"),
    "a line break in a subject": (
        lambda world: alice(world).send(to="bob@globex.test", subject="a\nb"),
        r"a subject is one line",
    ),
}


def alice(world: World):
    return world.user("alice@acme.test")


@pytest.fixture(scope="module")
def world():
    with World(Domain("acme.test", users=["alice"]), Domain("globex.test", users=["bob"])) as world:
        yield world
        world.assert_conserved()


@pytest.mark.parametrize("name", LIVE)
def test_a_wrong_call_is_refused_and_changes_nothing(world: World, name: str) -> None:
    act, says = LIVE[name]
    before, now = len(world.letters), world.clock.now()
    with pytest.raises(MisuseError, match=says):
        act(world)
    assert (len(world.letters), world.clock.now()) == (before, now)


BLOCKING = {
    "settle": (lambda world: world.settle(), "settle()"),
    "advance": (lambda world: world.clock.advance(1), "advance(...)"),
    "wait_for": (lambda world: world.wait_for(subject="x"), "wait_for(...)"),
    "lookup": (lambda world: world.resolver.lookup("acme.test"), "lookup(...)"),
    "send": (lambda world: alice(world).send(to="bob@globex.test"), "user(...).send(...)"),
    "fetch": (lambda world: alice(world).fetch(), "user(...).fetch(...)"),
    "sync": (lambda world: alice(world).mua("phone").sync(), "user(...).mua('phone').sync()"),
    "fault": (lambda world: world.fault(faults.refuse("mail.acme.test")).__enter__(), "fault(...)"),
}


@pytest.mark.parametrize("verb", BLOCKING)
def test_a_verb_that_blocks_is_refused_inside_a_running_loop_and_names_its_twin(world: World, verb: str) -> None:
    act, twin = BLOCKING[verb]

    async def inside() -> None:
        with pytest.raises(MisuseError, match=re.escape(f"write `await world.aio.{twin}` instead")):
            act(world)

    asyncio.run(inside())
    found = world.aio
    for name in re.findall(r"(?:^|\.)(\w+)\(", twin):
        found = (
            found.user("alice@acme.test")
            if name == "user"
            else found.mua("phone")
            if name == "mua"
            else getattr(found, name)
        )
    assert callable(found)


def test_a_settled_world_may_be_read_inside_a_running_loop(world: World) -> None:
    async def inside() -> list[str]:
        return world.user("bob@globex.test").inbox.subjects

    world.settle()
    assert asyncio.run(inside()) == world.user("bob@globex.test").inbox.subjects


SCENARIOS = {
    "no file": (None, r"No such file"),
    "no TOML": ("[[domain", r"scenario\.toml: "),
    "nothing in it": ("", r"no domain is described; write \[\[domain\]\]"),
    "an unknown table": ("[[domian]]\nname = 'a.test'", r"'domian'; did you mean 'domain'\?"),
    "an unknown key": ("[[domain]]\nname = 'a.test'\nuser = ['x']", r"'user'; did you mean 'users'\?"),
    "no name": ("[[domain]]\nusers = ['x']", r"domain 1: a name is missing"),
    "an unknown key of a user": (
        "[[domain]]\nname = 'a.test'\nusers = [{name = 'x', quotta = 1}]",
        r"did you mean 'quota'\?",
    ),
    "an unknown key of a gateway": ("[[domain]]\nname = 'a.test'\ngateway = {wrods = ['x']}", r"did you mean 'words'\?"),
    "a user without a name": ("[[domain]]\nname = 'a.test'\nusers = [{quota = 1}]", r"name"),
    "a number for users": ("[[domain]]\nname = 'a.test'\nusers = 3", r"users"),
    "a number for a user": ("[[domain]]\nname = 'a.test'\nusers = [3]", r"user"),
    "a word for a size": ("[[domain]]\nname = 'a.test'\nmax_size = 'big'", r"max_size"),
    "a list for a gateway": ("[[domain]]\nname = 'a.test'\ngateway = ['x']", r"gateway"),
    "one table": ("[domain]\nname = 'a.test'", r"write \[\[domain\]\]"),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_wrong_scenario_file_says_where_and_what(name: str, tmp_path: Path) -> None:
    text, says = SCENARIOS[name]
    path = tmp_path / "scenario.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(MisuseError, match=says) as refusal:
        read_toml(path)
    assert "scenario.toml" in str(refusal.value) or "a.test" in str(refusal.value)


def test_a_scenario_file_says_what_a_blueprint_says(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(
        "[[domain]]\nname = 'a.test'\nusers = ['ann', {name = 'amy', quota = 9, password = 'p'}]\nmx = ['m1']\n"
        "[[domain]]\nname = 'b.test'\nrequire_tls = true\ngateway = {max_size = 1000, words = ['x']}\n",
        encoding="utf-8",
    )
    first, second = read_toml(path)
    assert first == Domain("a.test", users=["ann", Account("amy", "p", 9)], mx=["m1"])
    assert (second.require_tls, second.gateway) == (True, Gateway(max_size=1000, words=["x"]))


def test_a_finished_message_is_sent_as_it_is(world: World) -> None:
    message = EmailMessage()
    message["Subject"] = "finished"
    message.set_content("by another library")
    bob = world.user("bob@globex.test")
    for form in (message, bytes(message).replace(b"\n", b"\r\n")):
        alice(world).send(to=bob, message=form).trace.assert_delivered()
        assert bytes(bob.inbox[-1]).endswith(bytes(message).replace(b"\n", b"\r\n"))
    with smtplib.SMTP(*world["acme.test"].submission) as smtp:
        assert smtp.noop()[0] == 250

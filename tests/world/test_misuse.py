"""Every way to hold a world wrong is an error at the call, which names what is known and the cure."""

import asyncio
import re
import smtplib
from datetime import timedelta
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
    "a bad local part": (lambda: Domain("a.test", users=["a b"]), r"^user 'a b' cannot stand before the @ of an address"),
    "a list of domains": (lambda: World([Domain("a.test")]), r"drop the list, as in World\(Domain\('acme\.test'\), "),
    "a negative quota": (lambda: Account("ann", quota=-1), r"quota=-1 must be 0 or more octets"),
    "a class for a gateway": (lambda: Domain("a.test", gateway=Gateway), r"write gateway=Gateway\(\.\.\.\)"),
    "a gateway and the host behind it in one": (
        lambda: Domain("a.test", mx=["mail"], gateway=Gateway()),
        r"mail\.a\.test stands behind the gateway",
    ),
    "a tiny size": (lambda: Domain("a.test", max_size=10), r"at least 64,000 octets \(RFC 5321 §4\.5\.3\.1\.7\)"),
    "words in a string": (lambda: Gateway(words="invoice"), r"write a list, as in words=\['invoice'\]"),
    "one filter": (lambda: Gateway(filters=len), r"give a list, even for one filter"),
    "no filter": (lambda: Gateway(filters=["spam"]), r"'spam' is no filter"),
    "a pause of nothing": (lambda: Schedule(every=0), r"must be more than 0 seconds"),
    "a number for a user": (lambda: Domain("a.test", users=[3]), r"Account\(name=3\): write the local part of an address"),
    "a number for users": (lambda: Domain("a.test", users=3), r"users=3\): write a list, as in users=\['alice'\]"),
    "a table for users": (lambda: Domain("a.test", users={"a": 1}), r"write a list, as in users=\['alice'\]"),
    "no user": (lambda: Account(""), r"Account\(name=''\): write the local part of an address, as in 'alice'"),
    "a number for a password": (lambda: Account("a", password=3), r"password=3\): write text, as in password='secret'"),
    "a word for a quota": (lambda: Account("a", quota="x"), r"quota='x'\): write a whole number of octets"),
    "a truth for a quota": (lambda: Account("a", quota=True), r"quota=True\): write a whole number of octets"),
    "a word for a size": (lambda: Domain("a.test", max_size="x"), r"max_size='x'\): write a whole number of octets"),
    "a number for a schedule": (lambda: Domain("a.test", retry=3), r"retry=3\): write a schedule, as in retry=Schedule\("),
    "a word for a demand": (lambda: Domain("a.test", require_tls="no"), r"require_tls='no'\): write True or False"),
    "a number for hosts": (lambda: Domain("a.test", mx=3), r"Domain\(mx=3\): write a list of host names"),
    "a number for a host": (lambda: Domain("a.test", pop=[3]), r"Domain\(pop=\[3\]\): write a list of host names"),
    "a word for a filter": (lambda: Gateway(payment_cards="yes"), r"payment_cards='yes'\): write True or False"),
    "numbers for words": (lambda: Gateway(words=[3]), r"Gateway\(words=.*\): write a list of words, as in words="),
    "a word for a limit": (lambda: Gateway(max_size="1"), r"max_size='1'\): write a whole number of octets"),
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


def test_a_world_that_was_never_made_can_be_shown() -> None:
    assert repr(World.__new__(World)) == "<World of nothing yet, not running>"


LIVE = {
    "an unknown domain": (lambda world: world.user("bob@globax.test"), r"'globax\.test'; did you mean 'globex\.test'\?"),
    "an unknown user": (lambda world: world.user("bop@globex.test"), r"did you mean 'bob@globex\.test'\? \(known: alice@"),
    "no address": (lambda world: world.user("bob"), r"'bob' is not an address: .*\(write local@domain"),
    "an unknown site": (lambda world: world["acme"], r"no domain 'acme'; did you mean 'acme\.test'\?"),
    "an unknown host": (lambda world: world.host("mail.acme"), r"no host 'mail\.acme'; did you mean 'mail\.acme\.test'\?"),
    "an unknown host of a site": (
        lambda world: world["acme.test"].host("mial"),
        r"no host of acme\.test 'mial'; did you mean 'mail\.acme\.test'\? \(known: mail\.acme\.test, ns\.acme\.test\)",
    ),
    "a door that a host does not have": (
        lambda world: world["globex.test"].host("mx1").imap,
        r"mx1\.globex\.test has no imap: .* it has smtp, lmtp, and world\['<domain>'\]\.imap is where",
    ),
    "mail at a name server": (
        lambda world: world["acme.test"].host("ns").smtp,
        r"ns\.acme\.test has no smtp: .* it has nameserver,",
    ),
    "names at a mail host": (
        lambda world: world.host("mail.acme.test").nameserver,
        r"has no nameserver: .* it has smtp, submission, submissions, imap, imaps, pop3, pop3s,",
    ),
    "a switch of half a name": (
        lambda world: world.switch_off("mail"),
        r"no host 'mail'; did you mean 'mail\.acme\.test'\?",
    ),
    "a fault at half a name": (
        lambda world: world.fault(faults.refuse("mx1")).__enter__(),
        r"'mx1'; did you mean 'mx1\.globex\.test'\?",
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
    "a number for a domain": (lambda world: world[0], r"domain=0\): write a domain's name, as in world\['acme\.test'\]"),
    "a number for a host": (lambda world: world.host(3), r"name=3\): write a name, as in 'mail\.acme\.test'"),
    "a number for a host of a site": (lambda world: world["acme.test"].host(3), r"name=3\): write a name"),
    "a number to switch": (lambda world: world.switch_off(3), r"name=3\): write a name"),
    "a word for a fault": (lambda world: world.fault("refuse").__enter__(), r"give what mailharness\.faults makes"),
    "no fault": (lambda world: world.fault().__enter__(), r"as in world\.fault\(faults\.refuse\('mx1\.acme\.test'\)\)"),
    "a list of faults": (
        lambda world: world.fault([faults.refuse("mx1.globex.test")]).__enter__(),
        r"give what mailharness\.faults makes, one after the other",
    ),
    "a path for an attachment": (
        lambda world: alice(world).send(to="bob@globex.test", attachments=["/etc/hostname"]),
        r"send\(attachments=\['/etc/hostname'\]\): write pairs of a file name and its octets, as in attachments=\[\('rep",
    ),
    "text for a file": (
        lambda world: alice(world).send(to="bob@globex.test", attachments=[("a.txt", "text")]),
        r"write pairs of a file name and its octets",
    ),
    "a table of files": (
        lambda world: alice(world).send(to="bob@globex.test", attachments={"a.txt": b"x"}),
        r"send\(attachments=\{'a\.txt': b'x'\}\): write pairs",
    ),
    "octets for a text": (lambda world: alice(world).send(to="bob@globex.test", text=b"x"), r"text=b'x'\): write text"),
    "a number for a subject": (
        lambda world: alice(world).send(to="bob@globex.test", subject=3),
        r"subject=3\): write text",
    ),
    "no subject": (lambda world: alice(world).send(to="bob@globex.test", subject=None), r"subject=None\): write text"),
    "a number to write to": (lambda world: alice(world).send(to=3), r"send\(to=3\): write an address, a user, or a list"),
    "a message to write to": (lambda world: alice(world).send(EmailMessage()), r"send\(to=<.*\): write an address, a user"),
    "text for a message": (
        lambda world: alice(world).send(to="bob@globex.test", message="x"),
        r"message='x'\): write bytes, or a message of the standard library's email package",
    ),
    "a word for a flag": (lambda world: alice(world).send(to="bob@globex.test", tls="yes"), r"tls='yes'\): write True"),
    "a word for keeping": (
        lambda world: alice(world).fetch(keep="no"),
        r"keep='no'\): write True, False, or for how many days",
    ),
    "words for minutes": (lambda world: world.clock.advance(minutes="3"), r"advance\(minutes='3'\): write a number, as in"),
    "a stretch of time": (lambda world: world.clock.advance(timedelta(days=1)), r"a timedelta has total_seconds\(\)"),
    "patience in words": (lambda world: world.wait_for(subject="x", timeout="1"), r"timeout='1'\): write real seconds"),
    "patience that is over": (lambda world: world.wait_for(subject="x", timeout=-1), r"timeout=-1\): write real seconds"),
    "a number to expect": (
        lambda world: world.expect(subject=3).__enter__(),
        r"subject=3\): write the whole subject, or a pattern for a part: re\.compile\('Welcome'\)",
    ),
    "a letter that is none": (lambda world: world.letter(99), r"no letter '99' \(known: "),
    "a line break in a subject": (
        lambda world: alice(world).send(to="bob@globex.test", subject="a\nb"),
        r"a subject is one line",
    ),
}


def alice(world: World):
    return world.user("alice@acme.test")


@pytest.fixture(scope="module")
def world():
    with World(Domain("acme.test", users=["alice"]), Domain("globex.test", users=["bob"], mx=["mx1"])) as world:
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
    "settle": (lambda world: world.settle(), "`await world.aio.settle()` instead"),
    "advance": (lambda world: world.clock.advance(1), "`await world.aio.advance(...)` instead"),
    "wait_for": (lambda world: world.wait_for(subject="x"), "`await world.aio.wait_for(...)` instead"),
    "lookup": (lambda world: world.resolver.lookup("acme.test"), "`await world.aio.lookup(...)` instead"),
    "explain": (lambda world: world.resolver.explain("acme.test"), "`await world.aio.explain(...)` instead"),
    "send": (lambda world: alice(world).send(to="bob@globex.test"), "`await world.aio.user(...).send(...)` instead"),
    "fetch": (lambda world: alice(world).fetch(), "`await world.aio.user(...).fetch(...)` instead"),
    "sync": (lambda world: alice(world).mua("phone").sync(), "`await world.aio.user(...).mua('phone').sync()` instead"),
    "fault": (
        lambda world: world.fault(faults.refuse("mail.acme.test")).__enter__(),
        "`async with world.aio.fault(...):` instead",
    ),
    "expect": (
        lambda world: world.expect(subject="x").__enter__(),
        "`async with world.aio.expect(...) as letter:` instead",
    ),
}


def twin_of(world: World, cure: str) -> object:
    """What the cure names under ``world.aio``."""
    found = world.aio
    for name in re.findall(r"\.(\w+)\(", cure):
        arguments = {"user": "alice@acme.test", "mua": "phone"}
        found = getattr(found, name)(arguments[name]) if name in arguments else getattr(found, name)
    return found


@pytest.mark.parametrize("verb", BLOCKING)
def test_a_verb_that_blocks_is_refused_inside_a_running_loop_and_names_its_twin(world: World, verb: str) -> None:
    act, cure = BLOCKING[verb]

    async def inside() -> None:
        with pytest.raises(MisuseError, match=re.escape(f"is running in this thread: write {cure}")):
            act(world)

    asyncio.run(inside())
    assert callable(twin_of(world, cure))


def test_what_waits_to_be_read_inside_a_running_loop_says_what_to_await_first(world: World) -> None:
    held = world.thread.run(world._work.take, "the test's own")

    async def inside() -> None:
        with pytest.raises(MisuseError, match=r"write `await world\.aio\.settle\(\)` first, and then read"):
            _ = world.user("bob@globex.test").inbox

    asyncio.run(inside())
    world.thread.run(held.give_back)


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


def test_a_week_is_seven_days(world: World) -> None:
    before = world.clock.now()
    world.clock.advance(weeks=1)
    assert world.clock.now() - before == 7 * 86_400

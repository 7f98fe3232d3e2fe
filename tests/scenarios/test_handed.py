"""An aiosmtpd handler, unmodified, as a domain's host: it decides, and faults, trace and books are as anywhere else."""

# ruff: noqa: N802 - the hooks bear aiosmtpd's names

import asyncio
import email.message
import io
import smtplib
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.handlers import AsyncMessage, Debugging, Mailbox, Message, Sink
from aiosmtpd.smtp import SMTP

from mailharness import Domain, Gateway, Host, MisuseError, World, faults
from mailharness.errors import ExpectationError
from mailharness.net.hooks import HookThread
from mailharness.trace.events import Filtered
from tests.scenarios.stage import ACME, playing


class Desk:
    """As people write them: keeps what it takes, knows nobody called bop, and tells a spammer off."""

    def __init__(self) -> None:
        self.kept: list[tuple[Any, Any]] = []
        self.threads: set[str] = set()

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-XDESK", responses[-1]]

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if address.startswith("spammer@"):
            return "550 5.7.1 not you"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if address.startswith("bop@"):
            return "550 5.1.1 no bop here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.threads.add(threading.current_thread().name)
        await asyncio.get_running_loop().run_in_executor(None, int)
        self.kept.append((session, envelope))
        return "250 2.0.0 on my desk"


def handed(handler: object, **more: Any) -> tuple[Domain, Domain]:
    return ACME, Domain("x.test", handler=handler, **more)


def test_the_handler_gets_what_aiosmtpd_would_give_it() -> None:
    desk = Desk()
    with playing(*handed(desk)) as world:
        letter = world.user("alice@acme.test").send(to=["bob@x.test", "eve@x.test"], subject="Hello")
        world.settle()
        ((session, envelope),) = desk.kept
        assert envelope.mail_from == "alice@acme.test"
        assert envelope.rcpt_tos == ["bob@x.test", "eve@x.test"]
        assert envelope.content == envelope.original_content
        assert b"\r\nSubject: Hello\r\n" in envelope.content
        assert envelope.content.startswith(b"Received: ")
        assert session.peer[0] == world.host("mail.acme.test").address
        assert (session.host_name, session.extended_smtp) == ("mail.acme.test", True)
        assert not any(name.startswith("MainThread") or name == "mailharness" for name in desk.threads)
        assert letter.trace.status == {"bob@x.test": "relayed", "eve@x.test": "relayed"}


def test_the_trace_ends_at_the_handler() -> None:
    with playing(*handed(Desk())) as world:
        letter = world.user("alice@acme.test").send(to="bob@x.test")
        assert letter.trace.path == ("alice@acme.test", "mail.acme.test", "mail.x.test", "Desk")
        assert "250 2.0.0 on my desk" in str(letter.trace)
        letter.trace.assert_not_delivered()


def test_what_the_handler_refuses_comes_back() -> None:
    with playing(*handed(Desk())) as world:
        alice = world.user("alice@acme.test")
        letter = alice.send(to="bop@x.test")
        letter.trace.assert_bounced(status="5.1.1")
        assert alice.inbox.subjects == ["Undelivered Mail Returned to Sender"]
    with playing(Domain("acme.test", users=["spammer"]), Domain("x.test", handler=Desk())) as world:
        world.user("spammer@acme.test").send(to="bob@x.test").trace.assert_bounced(status="5.7.1")


def test_its_hello_says_what_it_offers() -> None:
    with playing(*handed(Desk())) as world, smtplib.SMTP(*world["x.test"].smtp) as client:
        client.ehlo("me.test")
        assert client.has_extn("XDESK")
        assert client.has_extn("SIZE")


def test_faults_meet_the_handler_s_host_too() -> None:
    desk = Desk()
    with playing(*handed(desk)) as world:
        with world.fault(faults.reply("mail.x.test", "RCPT", "451 4.7.1 later", times=1)):
            letter = world.user("alice@acme.test").send(to="bob@x.test")
            letter.trace.assert_queued(at="mail.acme.test", reply=451)
        assert desk.kept == []
        world.clock.advance(minutes=30)
        assert len(desk.kept) == 1
        assert letter.trace.status["bob@x.test"] == "relayed"


class Counting(Message):
    """The library's own: a plain method, which may block."""

    def __init__(self) -> None:
        super().__init__()
        self.subjects: list[str] = []

    def handle_message(self, message: email.message.Message) -> None:
        self.subjects.append(f"{message['subject']} from {message['X-MailFrom']}")


class Awaiting(AsyncMessage):
    def __init__(self) -> None:
        super().__init__(loop=asyncio.new_event_loop())
        self.loop.close()
        self.subjects: list[str] = []

    async def handle_message(self, message: email.message.Message) -> None:
        self.subjects.append(f"{message['subject']} from {message['X-MailFrom']}")


@pytest.mark.parametrize("kind", [Counting, Awaiting])
def test_messages_of_the_library_s_handlers_are_there_when_the_world_is_at_rest(kind: type) -> None:
    handler = kind()
    with playing(*handed(handler)) as world:
        for n in range(20):
            world.user("alice@acme.test").send(to="bob@x.test", subject=f"n{n}")
        world.settle()
        assert handler.subjects == [f"n{n} from alice@acme.test" for n in range(20)]


def test_debugging_mailbox_and_sink_take_letters(tmp_path: Path) -> None:
    told, mailbox = io.StringIO(), Mailbox(str(tmp_path / "maildir"))
    handlers = {"d.test": Debugging(told), "m.test": mailbox, "s.test": Sink()}
    with playing(ACME, *(Domain(name, handler=handler) for name, handler in handlers.items())) as world:
        letter = world.user("alice@acme.test").send(to=["a@d.test", "b@m.test", "c@s.test"], subject="all")
        assert set(letter.trace.status.values()) == {"relayed"}
        assert "Subject: all" in told.getvalue()
        assert [message["subject"] for message in mailbox.mailbox] == ["all"]


class Careless:
    """Raises, forgets to answer, answers what is no reply, or hangs: by the recipient."""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> Any:
        envelope.rcpt_tos.append(address)
        if address.startswith("raise@"):
            raise RuntimeError("the cat\nsat here")
        return {"none@x.test": None, "odd@x.test": "fine by me"}.get(address, "250 OK")

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        raise SystemExit(3)


@pytest.mark.parametrize(
    ("recipient", "problem"),
    [
        ("raise", r"handler Careless raised RuntimeError: the cat sat here \(test_handed.py:\d+\); mend the handler"),
        ("none", "handler Careless raised MisuseError: a hook answered None"),
        ("odd", "'fine by me' is not an SMTP reply"),
        ("exit", "handler Careless raised SystemExit: 3"),
    ],
)
def test_a_handler_that_fails_says_500_and_the_test_hears_of_it(recipient: str, problem: str) -> None:
    with playing(*handed(Careless())) as world:
        alice = world.user("alice@acme.test")
        letter = alice.send(to=f"{recipient}@x.test")
        assert letter.trace.status == {f"{recipient}@x.test": "bounced"}
        assert len(alice.inbox) == 1
        with pytest.raises(ExpectationError, match=problem):
            letter.trace.assert_bounced()


class Sorry(Careless):
    async def handle_exception(self, error: Exception) -> str:
        return f"451 4.3.0 sorry, {type(error).__name__}"


def test_a_handler_may_have_its_own_word_on_what_it_raises() -> None:
    with playing(*handed(Sorry())) as world:
        letter = world.user("alice@acme.test").send(to="raise@x.test")
        letter.trace.assert_queued(at="mail.acme.test", reply="451 4.3.0 sorry, RuntimeError")


class Hanging:
    """Waits for what never comes, in the way that the test says."""

    def __init__(self, blocking: bool) -> None:
        self.blocking, self.never = blocking, threading.Event()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.blocking:
            self.never.wait()
        else:
            await asyncio.Event().wait()
        return "250 OK"


@pytest.mark.parametrize("blocking", [False, True])
def test_a_handler_that_hangs_defers_the_letter_and_not_the_world(blocking: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailharness.world.site.HookThread", partial(HookThread, 0.2))
    handler = Hanging(blocking)
    with playing(*handed(handler)) as world:
        letter = world.user("alice@acme.test").send(to="bob@x.test")
        assert letter.trace.status == {"bob@x.test": "queued"}
        (told,) = world.journal.of_kind(Filtered)
        assert (told.filter, told.reason) == ("Hanging", "handle_DATA did not come to an end in 0.2 s")
        handler.never.set()


class Forgetful:
    """The usual mistake: a hook of one's own has to fill the envelope."""

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        return "250 OK"


def test_a_handler_that_does_not_fill_its_envelope_fails_as_under_aiosmtpd() -> None:
    with playing(*handed(Forgetful())) as world, smtplib.SMTP(*world["x.test"].smtp) as client:
        client.ehlo("me.test")
        assert client.mail("a@b.test")[0] == 250
        assert client.rcpt("bob@x.test") == (503, b"Error: need MAIL command")


class OldFashioned:
    """The hello of aiosmtpd's older kind, and HELO."""

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str) -> str:
        session.host_name = hostname
        return f"250 HELP for {hostname} by {server.hostname}"

    async def handle_HELO(self, server: Any, session: Any, envelope: Any, hostname: str) -> bytes:
        session.host_name = hostname
        return b"250 good old days"


def test_both_kinds_of_hello_are_asked() -> None:
    with playing(*handed(OldFashioned())) as world, smtplib.SMTP(*world["x.test"].smtp) as client:
        assert b"HELP for me.test by mail.x.test" in client.ehlo("me.test")[1]
        assert client.has_extn("SIZE")
        assert client.helo("me.test") == (250, b"good old days")
        assert client.mail("a@b.test")[0] == client.rcpt("c@x.test")[0] == client.data(b"x: y\r\n\r\n")[0] == 250


class Remembering:
    """Keeps things of its own in the session."""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        session.asked = getattr(session, "asked", 0) + 1
        envelope.rcpt_tos.append(address)
        return f"250 asked {session.asked} times, logged in as {session.auth_data}, TLS {bool(session.ssl)}"


def test_a_session_is_the_handler_s_to_write_on() -> None:
    with playing(ACME, Domain("x.test", users=["eve"], handler=Remembering())) as world:
        eve = world.user("eve@x.test")
        with smtplib.SMTP(*world["x.test"].submission) as client:
            client.starttls(context=world.ssl_context())
            client.login(str(eve), eve.password)
            client.mail("eve@x.test")
            assert client.rcpt("a@b.test")[1] == b"asked 1 times, logged in as eve@x.test, TLS True"
            assert client.rcpt("a@b.test")[1] == b"asked 2 times, logged in as eve@x.test, TLS True"


def test_a_gateway_stands_in_front_of_a_handler() -> None:
    desk = Desk()
    with playing(ACME, Domain("x.test", users=["bob"], handler=desk, gateway=Gateway(words=["casino"]))) as world:
        letter = world.user("alice@acme.test").send(to="bob@x.test", subject="casino")
        assert letter.trace.path[2:] == ("gateway.x.test", "mail.x.test", "Desk")
        ((_, envelope),) = desk.kept
        assert b"X-Filter: words" in envelope.content


def test_a_world_leaves_no_thread_of_a_handler_behind() -> None:
    with World(*handed(Desk())) as world:
        world.user("alice@acme.test").send(to="bob@x.test")
        world.settle()
        assert "mailharness-hooks" in {thread.name for thread in threading.enumerate()}
    assert "mailharness-hooks" not in {thread.name for thread in threading.enumerate()}


class Lister(Desk):
    """Says who is who."""

    async def handle_VRFY(self, server: Any, session: Any, envelope: Any, address: str) -> str:
        return f"252 maybe {address}"


def test_the_handler_says_who_is_who() -> None:
    with playing(*handed(Lister())) as world, smtplib.SMTP(*world["x.test"].smtp) as client:
        assert client.docmd("VRFY", "bob") == (252, b"maybe bob")
        assert client.docmd("VRFY", "<bob@x.test> SMTPUTF8") == (252, b"maybe bob@x.test")
    with playing(*handed(Desk())) as world, smtplib.SMTP(*world["x.test"].smtp) as client:
        assert client.vrfy("bob")[0] == 252


def test_the_handler_hears_what_is_asked_of_the_transaction() -> None:
    desk = Desk()
    with playing(*handed(desk)) as world, smtplib.SMTP(*world["x.test"].smtp) as client:
        client.sendmail("a@far.test", "bob@x.test", b"x: y\r\n\r\n\r\n", ["RET=hdrs", "ENVID=Q+2Bq", "body=8bitmime"])
        ((_, envelope),) = desk.kept
        assert envelope.mail_options == ["SIZE=10", "BODY=8BITMIME", "RET=HDRS", "ENVID=Q+2Bq"]


def test_where_more_is_wanted_aiosmtpd_itself_is_a_machine_of_the_world() -> None:
    lister = Lister()

    async def play() -> None:
        async with World(ACME, Domain("x.test", mx=[Host("mx", external=True)])) as world:
            loop, at = asyncio.get_running_loop(), world.host("mx.x.test").smtp
            server = await loop.create_server(lambda: SMTP(lister, hostname="mx.x.test", loop=loop), *at)
            letter = await world.aio.user("alice@acme.test").send(to="bob@x.test", subject="Hello")
            await world.aio.settle()
            assert letter.trace.path == ("alice@acme.test", "mail.acme.test", "mx.x.test")
            await world.aio.assert_conserved()
        server.close()

    asyncio.run(play())
    ((_, envelope),) = lister.kept
    assert envelope.rcpt_tos == ["bob@x.test"]


class Quitting:
    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:
        return "221 Bye"


@pytest.mark.parametrize(
    ("handler", "cure"),
    [
        (Desk, r"that is a class; write handler=Desk\(\)"),
        ("handler", "that is no handler of aiosmtpd"),
        (print, "that is no handler of aiosmtpd"),
        (Quitting(), r"handle_QUIT would never be called.*Host\(external=True\)"),
    ],
)
def test_what_is_no_handler_is_refused_at_once(handler: object, cure: str) -> None:
    with pytest.raises(MisuseError, match=cure):
        Domain("x.test", handler=handler)

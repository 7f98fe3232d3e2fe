"""The sender's demands: TLS by policy, REQUIRETLS, and who it is, by each mechanism."""

import asyncio
import contextlib
import functools
import socket
import ssl
from base64 import b64encode

import pytest
import trustme

from mailharness.errors import MisuseError
from mailharness.mail import Reply
from mailharness.smtp import Login, Opening, Outcome, SenderSession, TlsPolicy
from mailharness.smtp.login import CANCEL, MECHANISMS, choose, spoken
from tests.smtp.scripted import BOB, HELLO, Scripted, meeting, opened, to

HOST = "mx.b.test"
OPPORTUNISTIC, REQUIRED, VERIFIED = TlsPolicy


@functools.cache
def server_context(name: str = HOST) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert(name).configure_cert(context)
    return context


@functools.cache
def authority() -> trustme.CA:
    return trustme.CA()


def trusting(*, verify: bool = True, ca: trustme.CA | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    (ca or authority()).configure_trust(context)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


STARTTLS = ("STARTTLS", "REQUIRETLS")
REFUSING = {"STARTTLS": "454 4.7.0 not now"}
POLICIES: list[tuple[TlsPolicy, Scripted, ssl.SSLContext, bool, str]] = [
    (OPPORTUNISTIC, Scripted(()), trusting(), True, ""),
    (OPPORTUNISTIC, Scripted(STARTTLS, REFUSING), trusting(), True, ""),
    (OPPORTUNISTIC, Scripted(STARTTLS, tls=server_context("other.test")), trusting(verify=False), True, ""),
    (REQUIRED, Scripted(()), trusting(verify=False), False, "451 4.7.4"),
    (REQUIRED, Scripted((), {"EHLO": "500 what?"}), trusting(verify=False), False, "451 4.7.4"),
    (REQUIRED, Scripted(STARTTLS, REFUSING), trusting(verify=False), False, "451 4.7.5"),
    (REQUIRED, Scripted(STARTTLS, {"STARTTLS": "220 go"}), trusting(verify=False), False, "451 4.7.5"),
    (REQUIRED, Scripted(STARTTLS, tls=server_context("other.test")), trusting(verify=False), True, ""),
    (VERIFIED, Scripted(STARTTLS, tls=server_context("other.test")), trusting(), False, "451 4.7.5"),
    (VERIFIED, Scripted(STARTTLS, tls=server_context()), trusting(ca=trustme.CA()), False, "451 4.7.5"),
    (VERIFIED, Scripted(STARTTLS, tls=server_context()), trusting(), True, ""),
]


@pytest.mark.parametrize(("policy", "server", "context", "ok", "reply"), POLICIES)
def test_what_is_insisted_on(policy: TlsPolicy, server: Scripted, context: ssl.SSLContext, ok: bool, reply: str) -> None:
    opening = opened(server, session={"server_name": HOST}, tls=context, policy=policy)
    assert (opening.ok, opening.insisted) == (ok, bool(reply))
    assert str(opening.reply).startswith(reply)
    assert opening.verified is (policy is VERIFIED and ok)
    assert "MAIL" not in server.verbs


@pytest.mark.parametrize(("policy", "context"), [(REQUIRED, None), (VERIFIED, None), (VERIFIED, trusting(verify=False))])
def test_a_policy_that_nothing_can_keep_is_misuse(policy: TlsPolicy, context: ssl.SSLContext | None) -> None:
    with pytest.raises(MisuseError, match=rf"policy '{policy}' needs a TLS context"):
        opened(Scripted(()), tls=context, policy=policy)


def test_what_was_slipped_in_before_tls_is_not_believed() -> None:
    """RFC 3207 §4.2: else the injected reply would stand for the EHLO behind TLS, and the true one for what follows."""
    server = Scripted(STARTTLS, {"STARTTLS": "220 go\r\n250-injected\r\n250 CHUNKING"}, tls=server_context())
    opening = opened(server, session={"server_name": HOST}, tls=trusting(), policy=VERIFIED)
    assert (opening.ok, opening.verified) == (True, True)
    assert opening.reply == Reply(250, "x\nSTARTTLS\nREQUIRETLS")


def test_a_session_that_ends_behind_tls_leaves_its_socket_to_the_transport() -> None:
    """Closed under a transport that says goodbye still, its number would go to the next connection, and clash there."""
    server = Scripted(STARTTLS, {"EHLO": ["250-x\r\n250 STARTTLS", "421 4.3.2 closing"]}, tls=server_context())

    async def play(sender: SenderSession) -> None:
        opening = await sender.open(tls=trusting())
        assert (opening.ok, str(opening.reply)) == (False, "421 4.3.2 closing")
        with contextlib.ExitStack() as stack:
            for other in [stack.enter_context(socket.socket()) for _ in range(10)]:  # one has the number, if it is free
                other.setblocking(False)
                with pytest.raises(ConnectionRefusedError):
                    await asyncio.get_running_loop().sock_connect(other, ("127.0.0.1", 1))

    asyncio.run(meeting(server, play, server_name=HOST))


def requiring(server: Scripted, context: ssl.SSLContext) -> Outcome:
    found: list[Outcome] = []

    async def play(sender: SenderSession) -> None:
        assert (await sender.open(tls=context)).ok
        found.append(await sender.send(to(BOB, require_tls=True), HELLO))

    asyncio.run(meeting(server, play, server_name=HOST))
    return found[0]


@pytest.mark.parametrize(
    ("offers", "verify", "reply"),
    [(STARTTLS, True, "250 ok"), (("STARTTLS",), True, "550 5.7.30"), (STARTTLS, False, "550 5.7.10")],
)
def test_a_letter_that_requires_tls(offers: tuple[str, ...], verify: bool, reply: str) -> None:
    server = Scripted(offers, tls=server_context())
    outcome = requiring(server, trusting(verify=verify))
    assert str(outcome.recipients[BOB]).startswith(reply)
    said = [line for line in server.heard if line.startswith("MAIL")]
    assert said == (["MAIL FROM:<alice@a.test> REQUIRETLS"] if outcome.accepted else [])


# -- who it is ----


def secret(text: str) -> str:
    return b64encode(text.encode()).decode()


SAID: dict[str, tuple[Login, list[str], list[str]]] = {
    "PLAIN": (Login("tim", "tanstaaftanstaaf"), [], [f"AUTH PLAIN {secret(chr(0) + 'tim' + chr(0) + 'tanstaaftanstaaf')}"]),
    "LOGIN": (
        Login("bob", "s3cret"),
        ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"],
        ["AUTH LOGIN", secret("bob"), secret("s3cret")],
    ),
    # The example of RFC 2195 §2.
    "CRAM-MD5": (
        Login("tim", "tanstaaftanstaaf"),
        [f"334 {secret('<1896.697170952@postoffice.reston.mci.net>')}"],
        ["AUTH CRAM-MD5", "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw"],
    ),
    "XOAUTH2": (Login("bob", token="t0k"), [], ["AUTH XOAUTH2 " + secret("user=bob\x01auth=Bearer t0k\x01\x01")]),
    "OAUTHBEARER": (
        Login("a,b=c", token="t0k"),
        [],
        ["AUTH OAUTHBEARER " + secret("n,a=a=2Cb=3Dc,\x01auth=Bearer t0k\x01\x01")],
    ),
}


@pytest.mark.parametrize("mechanism", SAID)
def test_what_each_mechanism_says(mechanism: str) -> None:
    login, challenges, lines = SAID[mechanism]
    server = Scripted((f"AUTH {mechanism.lower()}",), {"AUTH": [*challenges, "235 2.7.0 welcome"]})
    opening = opened(server, login=login)
    assert (opening.ok, str(opening.reply)) == (True, "235 2.7.0 welcome")
    assert server.heard[1:-1] == lines


@pytest.mark.parametrize(("mechanism", "last"), [("XOAUTH2", ""), ("OAUTHBEARER", "AQ==")])
def test_an_oauth_error_is_acknowledged_and_its_refusal_told(mechanism: str, last: str) -> None:
    refusal = secret('{"status":"401"}')
    server = Scripted((f"AUTH {mechanism}",), {"AUTH": [f"334 {refusal}", "535 5.7.8 no"]})
    opening = opened(server, login=Login("bob", token="t0k"))
    assert (opening.ok, str(opening.reply), opening.problem) == (False, "535 5.7.8 no", "")
    assert server.heard[-2] == last


def test_a_long_token_waits_to_be_asked() -> None:
    server = Scripted(("AUTH OAUTHBEARER",), {"AUTH": ["334 ", "235 ok"]})
    assert opened(server, login=Login("bob", token="x" * 5_000)).ok
    assert server.heard[1] == "AUTH OAUTHBEARER"
    assert len(server.heard[2]) > 5_000


@pytest.mark.parametrize(
    ("login", "offered", "secured", "chosen"),
    [
        (Login("b", "p"), "LOGIN PLAIN CRAM-MD5", True, "CRAM-MD5"),
        (Login("b", "p"), "login plain", False, "PLAIN"),
        (Login("b", "p"), "LOGIN", False, "LOGIN"),
        (Login("b", "p", in_clear=False), "PLAIN LOGIN", False, None),
        (Login("b", "p", in_clear=False), "PLAIN LOGIN CRAM-MD5", False, "CRAM-MD5"),
        (Login("b", "p", in_clear=False), "PLAIN LOGIN", True, "PLAIN"),
        (Login("b", token="t"), "PLAIN XOAUTH2 OAUTHBEARER", True, "OAUTHBEARER"),
        (Login("b", token="t", in_clear=False), "XOAUTH2", False, None),
        (Login("b", "p"), "XOAUTH2 GSSAPI", True, None),
        (Login("b", "p", mechanism="login"), "CRAM-MD5 LOGIN", True, "LOGIN"),
        (Login("b", "p", mechanism="PLAIN"), "CRAM-MD5", True, None),
    ],
)
def test_the_best_mechanism_that_is_allowed(login: Login, offered: str, secured: bool, chosen: str | None) -> None:
    assert choose(login, offered.split(), secured=secured) == chosen


NOT_IN: dict[str, tuple[Scripted, Login, str]] = {
    "refused": (Scripted(("AUTH PLAIN",), {"AUTH": "535 5.7.8 no"}), Login("b", "p"), "535 5.7.8 no"),
    "no AUTH": (Scripted(), Login("b", "p"), "502 5.5.1"),
    "none that is known": (Scripted(("AUTH GSSAPI",)), Login("b", "p"), "504 5.5.4"),
    "not in clear": (Scripted(("AUTH PLAIN",)), Login("b", "p", in_clear=False), "504 5.5.4"),
    "asked too much": (
        Scripted(("AUTH PLAIN",), {"AUTH": ["334 ", "501 5.7.0 cancelled"]}),
        Login("b", "p"),
        "501 5.7.0 cancelled",
    ),
    "asked without end": (Scripted(("AUTH PLAIN",), {"AUTH": "334 "}), Login("b", "p"), "None"),
    "a challenge that is none": (Scripted(("AUTH LOGIN",), {"AUTH": ["334 ???", "501 no"]}), Login("b", "p"), "501 no"),
    "hung up": (Scripted(("AUTH PLAIN",), {"AUTH": ""}), Login("b", "p"), "None"),
    "another yes": (Scripted(("AUTH PLAIN",), {"AUTH": "250 ok"}), Login("b", "p"), "None"),
}


@pytest.mark.parametrize(("server", "login", "reply"), NOT_IN.values(), ids=NOT_IN)
def test_who_is_not_let_in(server: Scripted, login: Login, reply: str) -> None:
    opening = opened(server, login=login)
    assert not opening.ok
    assert str(opening.reply).startswith(reply)
    assert opening.problem or opening.reply is not None
    assert ("AUTH" in server.verbs) is (not reply.startswith(("502", "504")))


def test_a_password_is_not_shown() -> None:
    assert "s3cret" not in repr(Login("bob", "s3cret", "s3cret"))


def test_every_mechanism_gives_up_in_the_end() -> None:
    for name in MECHANISMS:
        conversation = spoken(Login("bob", "p", "t"), name)
        lines = [next(conversation)]
        while lines[-1] != CANCEL:
            lines.append(conversation.send(""))
        assert len(lines) <= 4


def test_an_opening_without_a_login_says_what_the_hello_was() -> None:
    assert opened(Scripted()) == Opening(Reply(250, "x"))

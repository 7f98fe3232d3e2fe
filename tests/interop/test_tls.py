"""TLS and passwords: programs of others trust ``world.ca_file``, check the certificate, and refuse without it."""

import asyncio
import base64
import imaplib
import poplib
import smtplib
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import aiosmtplib
import pytest
from imapclient import IMAPClient

from mailharness import Domain, World
from mailharness.world import Site
from tests import corpus
from tests.interop.running import attempt, run

Program: TypeAlias = Callable[[str], str]
TO = "userB@exampleB.tst"
UNTRUSTED = 60
"""curl's exit code for a certificate that nobody it knows has signed."""


@pytest.fixture(scope="module")
def strict() -> Iterator[World]:
    """No password crosses in clear, and nobody submits without one."""
    demands = {"require_tls": True, "require_auth": True}
    with World(Domain("exampleA.tst", ["userA"], **demands), Domain("exampleB.tst", ["userB"], **demands)) as world:
        world.user("userA@exampleA.tst").send(to=TO, message=corpus.read("plain"), tls=True, login=True)
        world.settle()
        yield world
        world.assert_conserved()


@pytest.fixture
def trusting(strict: World) -> ssl.SSLContext:
    """What ``ssl`` makes for a client that is given the file: names are checked."""
    return ssl.create_default_context(cafile=str(strict.ca_file))


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    """A letter in a file, with the closing dot that swaks takes off."""
    path = tmp_path / "letter.eml"
    path.write_bytes(corpus.read("plain"))
    return path


def protocols_of(world: World, sent: int) -> list[str]:
    """How the first host took the newest letter, and that there is one more than there were."""
    assert len(world.user(TO).inbox) == sent + 1
    received = [value for name, value in world.user(TO).inbox[-1].fields if name == "Received"]
    return [value.decode().split(" with ")[1].split()[0] for value in received[:2]]


# -- submission ----


def by_smtplib(site: Site, context: ssl.SSLContext, program: Program, letter: Path) -> None:
    with smtplib.SMTP(*site.submission, timeout=10) as client:
        client.starttls(context=context)
        client.login("userA@exampleA.tst", "secret")
        client.sendmail("userA@exampleA.tst", [TO], letter.read_bytes())


def by_smtplib_ssl(site: Site, context: ssl.SSLContext, program: Program, letter: Path) -> None:
    with smtplib.SMTP_SSL(*site.submissions, timeout=10, context=context) as client:
        client.login("userA", "secret")
        client.sendmail("userA@exampleA.tst", [TO], letter.read_bytes())


def by_aiosmtplib(*, use_tls: bool) -> Callable[..., None]:
    """Without ``use_tls`` it upgrades by itself. Its transport closes in its own time, which asyncio.run does not give."""

    def submit(site: Site, context: ssl.SSLContext, program: Program, letter: Path) -> None:
        octets = letter.read_bytes()

        async def send() -> None:
            host, port = site.submissions if use_tls else site.submission
            client = aiosmtplib.SMTP(hostname=host, port=port, use_tls=use_tls, tls_context=context)
            async with client:
                await client.login("userA", "secret")
                await client.sendmail("userA@exampleA.tst", [TO], octets)
                transport = client.transport
            transport.abort()

        asyncio.run(send())

    return submit


def by_curl(scheme: str, mechanism: str) -> Callable[..., None]:
    def send(site: Site, context: ssl.SSLContext, program: Program, letter: Path) -> None:
        host, port = site.submission if scheme == "smtp" else site.submissions
        login = ("--user", "userA:secret", "--login-options", f"AUTH={mechanism}")
        envelope = ("--mail-from", "userA@exampleA.tst", "--mail-rcpt", TO, "--upload-file", letter)
        trust = ("--ssl-reqd", "--cacert", letter.with_name("ca.pem"))
        run(program("curl"), "-sS", *trust, *login, f"{scheme}://{host}:{port}/desk", *envelope)

    return send


def by_swaks(option: str, mechanism: str) -> Callable[..., None]:
    def send(site: Site, context: ssl.SSLContext, program: Program, letter: Path) -> None:
        host, port = site.submission if option == "--tls" else site.submissions
        login = ("--auth", mechanism, "--auth-user", "userA@exampleA.tst", "--auth-password", "secret")
        envelope = ("--from", "userA@exampleA.tst", "--to", TO, "--data", f"@{letter}")
        trust = (option, "--tls-verify", "--tls-ca-path", letter.with_name("ca.pem"))
        run(program("swaks"), "--server", host, "--port", port, *trust, *login, *envelope)

    return send


SUBMISSIONS: dict[str, Callable[..., None]] = {
    "smtplib STARTTLS": by_smtplib,
    "smtplib TLS": by_smtplib_ssl,
    "aiosmtplib STARTTLS unasked": by_aiosmtplib(use_tls=False),
    "aiosmtplib TLS": by_aiosmtplib(use_tls=True),
    "curl STARTTLS, PLAIN": by_curl("smtp", "PLAIN"),
    "curl TLS, LOGIN": by_curl("smtps", "LOGIN"),
    "curl TLS, PLAIN": by_curl("smtps", "PLAIN"),
    "swaks STARTTLS, PLAIN": by_swaks("--tls", "PLAIN"),
    "swaks STARTTLS, LOGIN": by_swaks("--tls", "LOGIN"),
    "swaks TLS, LOGIN": by_swaks("--tls-on-connect", "LOGIN"),
}


@pytest.mark.parametrize("submit", SUBMISSIONS.values(), ids=SUBMISSIONS)
def test_a_letter_is_submitted_over_tls_with_a_password(
    strict: World, trusting: ssl.SSLContext, program: Program, letter: Path, submit: Callable[..., None]
) -> None:
    sent = len(strict.user(TO).inbox)
    letter.with_name("ca.pem").write_bytes(strict.ca_file.read_bytes())
    submit(strict["exampleA.tst"], trusting, program, letter)
    assert protocols_of(strict, sent) == ["ESMTPS", "ESMTPSA"]


@pytest.mark.parametrize("option", ["--tls", "--tls-on-connect"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_swaks_is_told_of_a_wrong_password(strict: World, program: Program, option: str, mechanism: str) -> None:
    site = strict["exampleA.tst"]
    host, port = site.submission if option == "--tls" else site.submissions
    login = ("--auth", mechanism, "--auth-user", "userA", "--auth-password", "wrong", "--to", TO)
    ended = attempt(program("swaks"), "--server", host, "--port", port, option, *login)
    assert (ended.returncode, b"535 5.7.8" in ended.stdout) == (28, True)


def test_login_asks_in_the_words_that_clients_look_for(strict: World, trusting: ssl.SSLContext) -> None:
    """AUTH LOGIN has no standard: a client that tells the two questions apart compares them with what Postfix,
    Exim and Dovecot ask.
    """
    with smtplib.SMTP_SSL(*strict["exampleA.tst"].submissions, timeout=10, context=trusting) as client:
        client.ehlo()
        assert client.docmd("AUTH", "LOGIN") == (334, base64.b64encode(b"Username:"))
        assert client.docmd(base64.b64encode(b"userA").decode()) == (334, base64.b64encode(b"Password:"))
        assert client.docmd(base64.b64encode(b"secret").decode())[0] == 235


def test_swaks_is_offered_no_password_without_tls(strict: World, program: Program) -> None:
    host, port = strict["exampleA.tst"].submission
    login = ("--auth", "PLAIN", "--auth-user", "userA", "--auth-password", "secret", "--to", TO)
    ended = attempt(program("swaks"), "--server", host, "--port", port, *login)
    assert ended.returncode == 28
    assert b"AUTH PLAIN" not in ended.stdout


@pytest.mark.parametrize("option", ["--tls", "--tls-on-connect"])
def test_swaks_refuses_an_unknown_authority(strict: World, program: Program, option: str) -> None:
    site = strict["exampleA.tst"]
    host, port = site.submission if option == "--tls" else site.submissions
    ended = attempt(program("swaks"), "--server", host, "--port", port, option, "--tls-verify", "--quit-after", "EHLO")
    assert ended.returncode == 29
    strict.settle()


# -- reading ----


def imaplib_starttls(site: Site, context: ssl.SSLContext) -> Any:
    client = imaplib.IMAP4(*site.imap, timeout=10)
    assert "LOGINDISABLED" in client.capabilities
    client.starttls(context)
    assert "LOGINDISABLED" not in client.capabilities
    return client


def pop3_stls(site: Site, context: ssl.SSLContext) -> poplib.POP3:
    client = poplib.POP3(*site.pop3, timeout=10)
    assert "STLS" in client.capa()
    client.stls(context)
    assert "STLS" not in client.capa()
    return client


def imapclient_starttls(site: Site, context: ssl.SSLContext) -> IMAPClient:
    client = IMAPClient(*site.imap, ssl=False, timeout=10)
    client.starttls(context)
    return client


IMAP: dict[str, Callable[[Site, ssl.SSLContext], Any]] = {
    "imaplib TLS": lambda site, context: imaplib.IMAP4_SSL(*site.imaps, ssl_context=context, timeout=10),
    "imaplib STARTTLS": imaplib_starttls,
}
IMAPCLIENT: dict[str, Callable[[Site, ssl.SSLContext], IMAPClient]] = {
    "imapclient TLS": lambda site, context: IMAPClient(*site.imaps, ssl_context=context, timeout=10),
    "imapclient STARTTLS": imapclient_starttls,
}
POP3: dict[str, Callable[[Site, ssl.SSLContext], poplib.POP3]] = {
    "poplib TLS": lambda site, context: poplib.POP3_SSL(*site.pop3s, context=context, timeout=10),
    "poplib STLS": pop3_stls,
}


@pytest.mark.parametrize("connect", IMAP.values(), ids=IMAP)
def test_imaplib_reads_over_tls(
    strict: World, trusting: ssl.SSLContext, connect: Callable[[Site, ssl.SSLContext], Any]
) -> None:
    with connect(strict["exampleB.tst"], trusting) as client:
        client.login("userB", "secret")
        client.select(readonly=True)
        assert client.fetch("1", "BODY[]")[1][0][1].endswith(corpus.read("plain"))


@pytest.mark.parametrize("connect", IMAPCLIENT.values(), ids=IMAPCLIENT)
def test_imapclient_reads_over_tls(
    strict: World, trusting: ssl.SSLContext, connect: Callable[[Site, ssl.SSLContext], IMAPClient]
) -> None:
    with connect(strict["exampleB.tst"], trusting) as client:
        client.login("userB@exampleB.tst", "secret")
        client.select_folder("INBOX", readonly=True)
        assert client.fetch([1], ["BODY[]"])[1][b"BODY[]"].endswith(corpus.read("plain"))


@pytest.mark.parametrize("connect", POP3.values(), ids=POP3)
def test_poplib_reads_over_tls(
    strict: World, trusting: ssl.SSLContext, connect: Callable[[Site, ssl.SSLContext], poplib.POP3]
) -> None:
    client = connect(strict["exampleB.tst"], trusting)
    client.user("userB")
    client.pass_("secret")
    assert b"Subject: Lunch on Thursday?" in client.retr(1)[1]
    client.quit()


@pytest.mark.parametrize("connect", (IMAP | IMAPCLIENT | POP3).values(), ids=IMAP | IMAPCLIENT | POP3)
def test_libraries_refuse_an_unknown_authority(strict: World, connect: Callable[[Site, ssl.SSLContext], Any]) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer certificate"):
        connect(strict["exampleB.tst"], ssl.create_default_context())
    strict.settle()


@pytest.mark.parametrize("scheme", ["imap", "imaps", "pop3", "pop3s"])
@pytest.mark.parametrize("by_name", [True, False], ids=["by name", "by address"])
def test_curl_reads_over_tls(strict: World, program: Program, scheme: str, by_name: bool) -> None:
    address, port = getattr(strict["exampleB.tst"], scheme)
    host = "mail.exampleB.tst" if by_name else address
    url = f"{scheme}://{host}:{port}/" + ("INBOX;UID=1" if scheme.startswith("imap") else "1")
    known = ("--resolve", f"{host}:{port}:{address}", "--user", "userB:secret", "--ssl-reqd")
    read = run(program("curl"), "-sS", "--cacert", strict.ca_file, *known, url)
    assert read.endswith(corpus.read("plain"))
    assert attempt(program("curl"), "-sS", *known, url).returncode == UNTRUSTED


@pytest.mark.parametrize(("scheme", "denied"), [("imaps", 67), ("pop3s", 67)])
def test_curl_is_told_of_a_wrong_password(strict: World, program: Program, scheme: str, denied: int) -> None:
    host, port = getattr(strict["exampleB.tst"], scheme)
    login = ("--cacert", strict.ca_file, "--user", "userB:wrong")
    assert attempt(program("curl"), "-sS", *login, f"{scheme}://{host}:{port}/").returncode == denied

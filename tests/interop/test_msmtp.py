"""msmtp, as a person's program submits with it: each way to log in, over TLS or not, and what it asks of reports."""

import smtplib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from mailharness import Domain, World
from mailharness.trace.events import Accepted, Commanded, LoggedIn, Secured
from tests.interop.running import attempt, run

ACCOUNT = """\
defaults
domain desk.acme.test
tls_trust_file {ca}
account desk
host {host}
port {port}
from alice@acme.test
user alice@acme.test
password {password}
{more}
account default : desk
"""
LETTER = b"Subject: by msmtp\r\n\r\n.a dot\r\nhello\r\n"
STARTTLS, TLS, CLEAR = "tls on\ntls_starttls on", "tls on\ntls_starttls off", "tls off"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    strict = Domain("acme.test", users=["alice"], require_auth=True)
    with World(strict, Domain("globex.test", users=["bob"])) as world:
        yield world
        world.assert_conserved()


@pytest.fixture
def account(world: World, tmp_path: Path) -> Callable[..., list[object]]:
    """msmtp's words for an account with lines of the test's own."""

    def write(*lines: str, password: str = "") -> list[object]:
        site, path = world["acme.test"], tmp_path / "msmtprc"
        host, port = site.submissions if TLS in lines else site.submission
        secret = password or world.user("alice@acme.test").password
        path.write_text(ACCOUNT.format(ca=world.ca_file, host=host, port=port, password=secret, more="\n".join(lines)))
        path.chmod(0o600)
        return ["-C", path, "bob@globex.test"]

    return write


def offers(world: World) -> dict[str, str]:
    """What the submission host announces over TLS."""
    with smtplib.SMTP(*world["acme.test"].submission) as client:
        client.starttls(context=world.ssl_context())
        client.ehlo("desk.acme.test")
        return client.esmtp_features


@pytest.mark.parametrize("way", [CLEAR, STARTTLS, TLS], ids=["clear", "STARTTLS", "TLS"])
@pytest.mark.parametrize("mechanism", ["plain", "login", "cram-md5", "scram-sha-256", "xoauth2", "oauthbearer"])
def test_each_way_to_log_in(
    world: World, program: Callable[[str], str], account: Callable[..., list[object]], mechanism: str, way: str
) -> None:
    if mechanism.upper() not in offers(world)["auth"].split():
        pytest.skip(f"{mechanism} is not announced")
    run(program("msmtp"), *account(way, f"auth {mechanism}"), stdin=LETTER)
    letter = world.wait_for(to="bob@globex.test")
    letter.trace.assert_delivered()
    accepted = next(event for event in world.journal.of_letter(letter.number) if isinstance(event, Accepted))
    assert accepted.user == "alice@acme.test"
    (login,) = (event for event in world.journal.of_kind(LoggedIn) if event.session == accepted.session)
    assert login.mechanism.lower() == mechanism
    secured = [event for event in world.journal.of_kind(Secured) if event.session == accepted.session]
    assert len(secured) == (way is not CLEAR)
    assert bytes(world.user("bob@globex.test").inbox[-1]).endswith(b"Subject: by msmtp\r\n\r\n.a dot\r\nhello\r\n")


@pytest.mark.parametrize("mechanism", ["plain", "login", "cram-md5", "scram-sha-256"])
def test_a_wrong_password_is_told(
    world: World, program: Callable[[str], str], account: Callable[..., list[object]], mechanism: str
) -> None:
    if mechanism.upper() not in offers(world)["auth"].split():
        pytest.skip(f"{mechanism} is not announced")
    ended = attempt(program("msmtp"), *account(STARTTLS, f"auth {mechanism}", password="no"), stdin=LETTER)
    assert ended.returncode == 77  # EX_NOPERM
    assert b"535 5.7.8" in ended.stderr


def test_without_a_login_nothing_is_taken(
    world: World, program: Callable[[str], str], account: Callable[..., list[object]]
) -> None:
    ended = attempt(program("msmtp"), *account(STARTTLS, "auth off"), stdin=LETTER)
    assert ended.returncode != 0
    assert b"530 5.7.0" in ended.stderr


def test_an_unknown_authority_is_refused(
    world: World, program: Callable[[str], str], account: Callable[..., list[object]], tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(stranger)
    ended = attempt(program("msmtp"), *account(STARTTLS, "auth on", f"tls_trust_file {stranger}"), stdin=LETTER)
    assert ended.returncode != 0
    assert b"certificate" in ended.stderr


def test_what_it_asks_of_reports_is_asked(
    world: World, program: Callable[[str], str], account: Callable[..., list[object]]
) -> None:
    if "dsn" not in offers(world):
        pytest.skip("DSN is not announced")
    lines = (STARTTLS, "auth on", "dsn_notify success,failure", "dsn_return headers")
    run(program("msmtp"), *account(*lines), stdin=LETTER)
    letter = world.wait_for(to="bob@globex.test", sender="alice@acme.test")
    (mail,) = (e.line for e in commands(world, letter.number, "MAIL"))
    (rcpt,) = (e.line for e in commands(world, letter.number, "RCPT"))
    assert "RET=HDRS" in mail.upper()
    assert "NOTIFY=SUCCESS,FAILURE" in rcpt.upper()


def commands(world: World, letter: int, verb: str) -> list[Commanded]:
    """The commands of the letter's submission."""
    events = world.journal.of_letter(letter)
    return [e for e in events if isinstance(e, Commanded) and e.verb == verb and e.host == "mail.acme.test"]

"""Certificates: each host's own, trusted by the world's clients and by nobody else."""

import socket
import ssl
import threading

import pytest

from mailharness import World
from mailharness.net.tls import Certificates, opportunistic


@pytest.fixture
def certificates():
    certificates = Certificates()
    yield certificates
    certificates.close()


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> dict:
    """The server's certificate as the client sees it after a handshake over a pair of sockets."""
    here, there = socket.socketpair()

    def serve() -> None:
        try:
            with server.wrap_socket(there, server_side=True) as secured:
                secured.recv(1)
        except OSError:
            there.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(here, server_hostname=name) as secured:
            return secured.getpeercert() or {}
    finally:
        here.close()
        thread.join()


@pytest.mark.parametrize("name", ["mail.b.test", "MAIL.B.TEST", "127.0.3.4"])
def test_a_certificate_names_its_host_and_its_address(certificates: Certificates, name: str) -> None:
    shown = shake_hands(certificates.server("Mail.B.test", "127.0.3.4"), certificates.client(), name)
    assert dict(shown["subjectAltName"]) == {"DNS": "mail.b.test", "IP Address": "127.0.3.4"}


@pytest.mark.parametrize(("name", "code"), [("mail.c.test", 62), ("127.0.3.5", 64)])
def test_another_hosts_name_is_not_accepted(certificates: Certificates, name: str, code: int) -> None:
    with pytest.raises(ssl.SSLCertVerificationError) as refusal:
        shake_hands(certificates.server("mail.b.test", "127.0.3.4"), certificates.client(), name)
    assert refusal.value.verify_code == code


def test_a_client_that_knows_nothing_of_the_world_does_not_trust_it(certificates: Certificates) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(certificates.server("mail.b.test", "127.0.3.4"), ssl.create_default_context(), "mail.b.test")


def test_between_mail_hosts_anything_is_better_than_clear_text(certificates: Certificates) -> None:
    assert shake_hands(certificates.server("mail.b.test", "127.0.3.4"), opportunistic(), "elsewhere.test") == {}


def test_the_authority_is_a_file_while_the_world_lives() -> None:
    with World() as world:
        path = world.ca_file
        context = ssl.create_default_context(cafile=path)
        host = world.host("mail.exampleB.tst")
        plain = socket.create_connection(host.imaps)
        with context.wrap_socket(plain, server_hostname=host.name) as secured:
            assert secured.recv(4) == b"* OK"
        assert world.ca_file == path
    assert not path.exists()

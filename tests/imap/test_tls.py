"""TLS by the command, and what is refused before it (RFC 3501 §6.2.1)."""

from tests.imap.stage import Stage, hear, say


def test_no_password_crosses_without_tls() -> None:
    session = Stage().enter(require_tls=True)
    assert hear(session)[0].endswith("STARTTLS LOGINDISABLED] imap.b.tst IMAP ready")
    for command in ('LOGIN bob "open sesame"', "AUTHENTICATE PLAIN AGJvYgBvcGVuIHNlc2FtZQ=="):
        assert say(session, command) == ["a NO [PRIVACYREQUIRED] no password crosses here without TLS"]
    assert say(session, "STARTTLS") == ["a OK begin TLS"]
    session.secured("TLSv1.3", "cipher")
    assert say(session, "STARTTLS") == ["a BAD TLS is on already"]
    assert say(session, 'LOGIN bob "open sesame"')[0].startswith("a OK ")


def test_tls_is_not_offered_everywhere() -> None:
    session = Stage().enter(tls_available=False)
    assert "STARTTLS" not in hear(session)[0]
    assert say(session, "STARTTLS") == ["a BAD TLS is not offered here"]

"""What VRFY and EXPN are answered, where a domain lets them tell and where not (RFC 5321 §3.5)."""

import pytest

from mailharness import Account, Domain, MailingList, World
from mailharness.smtp import SmtpSession

USERS = ["alice", '"odd one"', "jörg", Account("frank", forward="f@home.test")]
TEAM = MailingList("team", ["alice", "bob@globex.test"], owner="alice")


def answers(verb: str, text: str, **more: bool) -> str:
    domain = Domain("acme.test", users=USERS, aliases={"info": ["alice", "jörg"], "ally": "alice"}, lists=[TEAM], **more)
    with World(domain) as world:
        host = world.host("mail.acme.test")
        return str(getattr(world["acme.test"].reception(host), verb)(SmtpSession(1, host.name), text))


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("alice", "250 2.1.5 <alice@acme.test>"),
        ("<Alice@ACME.test>", "250 2.1.5 <alice@acme.test>"),
        ("alice+x", "250 2.1.5 <alice@acme.test>"),
        ('"odd one"', '250 2.1.5 <"odd one"@acme.test>'),
        ("jörg@acme.test SMTPUTF8", "250 2.1.5 <jörg@acme.test>"),
        ("jörg@acme.test", "252 2.6.8 The answer is in UTF-8: ask with SMTPUTF8"),
        ("frank", "250 2.1.5 <frank@acme.test>"),
        ("ally", "250 2.1.5 <alice@acme.test>"),
        ("info", "250 2.1.5 <info@acme.test>"),
        ("team", "250 2.1.5 <team@acme.test>"),
        ("postmaster", "250 2.1.5 <postmaster@acme.test>"),
        ("nobody", "550 5.1.1 No such user here"),
        ("what is this?", "550 5.1.1 No such user here"),
        ("", "550 5.1.1 No such user here"),
        ("bob@globex.test", "252 2.5.0 Not of this domain, but will accept message and attempt delivery"),
    ],
)
def test_who_somebody_is(text: str, reply: str) -> None:
    assert answers("verify", text, vrfy=True) == reply


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("team", "250-2.1.5 <alice@acme.test>\n250 2.1.5 <bob@globex.test>"),
        ("<team@acme.test>", "250-2.1.5 <alice@acme.test>\n250 2.1.5 <bob@globex.test>"),
        ("team-owner", "250 2.1.5 <alice@acme.test>"),
        ("info SMTPUTF8", "250-2.1.5 <alice@acme.test>\n250 2.1.5 <jörg@acme.test>"),
        ("info", "550 5.6.8 The answer is in UTF-8: ask with SMTPUTF8"),
        ("alice", "550 5.2.4 That is a user and no mailing list"),
        ("frank", "550 5.2.4 That is a user and no mailing list"),
        ("team-bounces", "550 5.2.4 That is a user and no mailing list"),
        ("nobody", "550 5.1.1 No such user here"),
        ("team@globex.test", "550 5.1.1 No such user here"),
    ],
)
def test_who_is_behind_an_address(text: str, reply: str) -> None:
    assert answers("expand", text, expn=True) == reply


@pytest.mark.parametrize("text", ["alice", "nobody", "team"])
def test_a_domain_that_does_not_say_tells_nothing(text: str) -> None:
    assert answers("verify", text).startswith("252 2.5.0 Cannot VRFY user")
    assert answers("expand", text) == "502 5.5.1 EXPN is not available here"

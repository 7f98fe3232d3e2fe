"""The mechanisms by themselves: SCRAM by its RFC's own example, who acts for whom, and any octets at all."""

import re
from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness.errors import RemoteProtocolError
from mailharness.mail import scram
from mailharness.mail.sasl import MECHANISMS, Checks, Credentials, Dialog, OtherIdentityError, Proved
from tests.mail.scram_client import ScramClient

BOB = Credentials("bob@b.test", "open sesame", "t0ken")


def password(user: str, given: str) -> str | None:
    return BOB.account if (user, given) in {("bob", BOB.password), (BOB.account, BOB.password)} else None


CHECKS = Checks(password, lambda user: BOB if user in {"bob", "bob@b.test", "b=o,b"} else None, "1.2@b.test")


def base64(text: str) -> bytes:
    return b64encode(text.encode())


def test_the_example_of_rfc_7677() -> None:
    """RFC 7677 §3."""
    first = scram.client_first("n,,n=user,r=rOprNGfwEbeRWgbNEkqO")
    assert first is not None
    verifier = scram.Verifier("pencil", b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
    greeting = verifier.server_first(first, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0")
    assert greeting == "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    final = scram.client_final(
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    assert final is not None
    assert final.continues(first, greeting)
    assert verifier.server_final(first, greeting, final) == "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def scrammed(client: ScramClient, *, at_once: bool = True) -> Proved:
    dialog = Dialog("SCRAM-SHA-256", CHECKS)
    said = dialog.begin(base64(client.first) if at_once else None)
    if not at_once:
        assert said == ""
        said = dialog.go_on(base64(client.first))
    assert isinstance(said, str)
    end = dialog.go_on(base64(client.last(b64decode(said).decode())))
    if isinstance(end, str):
        assert client.is_server(b64decode(end).decode())
        end = dialog.go_on(b"")
    assert isinstance(end, Proved)
    return end


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize(
    ("client", "account"),
    [
        (ScramClient("bob", "open sesame"), "bob@b.test"),
        (ScramClient("bob@b.test", "open sesame", gs2="y,,"), "bob@b.test"),
        (ScramClient("b=3Do=2Cb", "open sesame"), "bob@b.test"),
        (ScramClient("bob", "open sesame", gs2="n,a=bob,"), "bob@b.test"),
        (ScramClient("bob", "guess"), None),
        (ScramClient("eve", "open sesame"), None),
    ],
)
def test_scram(client: ScramClient, account: str | None, at_once: bool) -> None:
    assert scrammed(client, at_once=at_once).account == account


def test_a_password_is_salted_in_one_form() -> None:
    """RFC 4013 §3: the soft hyphen means nothing, the feminine ordinal is an a, and so is its salt."""
    assert [scram.prepared(word) for word in ("I\xadX", "\u00aa", "a\u00a0b", "user")] == ["IX", "a", "a b", "user"]


@pytest.mark.parametrize(
    "message",
    [
        "",
        "n,,",
        "n,,n=bob",
        "p=tls-unique,,n=bob,r=abc",
        "n,,m=x,n=bob,r=abc",
        "n,,n=b=20b,r=abc",
        "n,,n=bob,r=a b",
        "n,,n=,r=abc",
        "x,,n=bob,r=abc",
    ],
)
def test_what_is_no_beginning_of_scram(message: str) -> None:
    with pytest.raises(RemoteProtocolError, match="SCRAM begins with"):
        Dialog("SCRAM-SHA-256", CHECKS).begin(base64(message))


@pytest.mark.parametrize(
    ("pattern", "instead"),
    [("c=biws", "c=eSws"), ("r=fyko", "r=Fyko"), ("p=.*", "p=!"), ("p=.*", ""), ("r=.*,", "r=fyko,")],
)
def test_what_is_no_end_of_scram(pattern: str, instead: str) -> None:
    client, dialog = ScramClient("bob", "open sesame"), Dialog("SCRAM-SHA-256", CHECKS)
    said = dialog.begin(base64(client.first))
    assert isinstance(said, str)
    with pytest.raises(RemoteProtocolError, match="SCRAM ends with"):
        dialog.go_on(base64(re.sub(pattern, instead, client.last(b64decode(said).decode()))))


@pytest.mark.parametrize("identity", ["", "bob", "bob@b.test"])
def test_who_acts_for_themselves(identity: str) -> None:
    assert Dialog("PLAIN", CHECKS).begin(base64(f"{identity}\0bob\0open sesame")) == Proved("bob@b.test")


def test_nobody_acts_for_another() -> None:
    with pytest.raises(OtherIdentityError, match="nobody acts for another"):
        Dialog("PLAIN", CHECKS).begin(base64("alice\0bob\0open sesame"))
    with pytest.raises(OtherIdentityError):
        scrammed(ScramClient("bob", "open sesame", gs2="n,a=alice,"))
    assert Dialog("PLAIN", CHECKS).begin(base64("alice\0bob\0guess")) == Proved(None)


def test_giving_up_and_no_base64() -> None:
    for line, complaint in ((b"*", "given up"), (b"!", "no base64"), (b"AAA", "no base64"), ("ü".encode(), "no base64")):
        dialog = Dialog("LOGIN", CHECKS)
        assert dialog.begin(None) == b64encode(b"Username:").decode()
        with pytest.raises(RemoteProtocolError, match=complaint):
            dialog.go_on(line)


@given(st.sampled_from(sorted(MECHANISMS)), st.lists(st.binary(max_size=60), min_size=5, max_size=6), st.booleans())
def test_any_octets_end_an_exchange(mechanism: str, said: list[bytes], in_base64: bool) -> None:
    lines = [b64encode(one) if in_base64 else one for one in said]
    assert ended(Dialog(mechanism, CHECKS), lines) in {"None", "501"}


def ended(dialog: Dialog, lines: list[bytes]) -> str:
    """Who it is, or how its reply begins."""
    try:
        answer = dialog.begin(lines[0] or None)
        for line in lines[1:]:
            if isinstance(answer, Proved):
                break
            answer = dialog.go_on(line)
    except RemoteProtocolError as error:
        return error.reply[:3]
    return str(answer.account) if isinstance(answer, Proved) else "it asks for ever"

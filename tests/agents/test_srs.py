"""Envelope senders written anew: there and back, for how long, and for nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailharness import Address
from mailharness.agents.srs import Srs

DAY = 86_400
BOB = Address.parse("Bob@Globex.test")
LOCAL = st.from_regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\.[A-Za-z0-9=+-]{1,5})?", fullmatch=True)


@given(LOCAL, st.integers(0, 30_000), st.integers(0, 21), st.booleans())
def test_a_sender_leads_back_to_itself_on_21_days(local: str, day: int, later: int, folded: bool) -> None:
    srs, sender = Srs("acme.test", 1), Address.parse(f"{local}@globex.test")
    wrapped = srs.wrap(sender, day * DAY)
    assert wrapped is not None
    assert Address.parse(str(wrapped)) == wrapped
    back = srs.unwrap(wrapped.local.lower() if folded else wrapped.local, (day + later) * DAY)
    assert back is not None
    assert back.folded == sender.folded
    assert srs.unwrap(wrapped.local, (day + 22) * DAY) is None


def test_a_sender_that_was_written_anew_before_is_so_once_more() -> None:
    first, second = Srs("a.test", 1), Srs("b.test", 2)
    once = first.wrap(Address.parse("x@y.zz"), 0)
    assert once is not None
    twice = second.wrap(once, 0)
    assert twice is not None
    assert second.unwrap(twice.local, 0) == once
    assert first.unwrap(once.local, 0) == Address.parse("x@y.zz")
    assert first.unwrap(twice.local, 0) is None


@pytest.mark.parametrize(
    "sender",
    [Address("b" * 60, "globex.test"), Address('"bob b"', "globex.test"), Address("bob", "[127.0.0.1]")],
)
def test_what_has_no_room_is_not_written_anew(sender: Address) -> None:
    assert Srs("acme.test", 1).wrap(sender, 0) is None


@given(st.text(max_size=40))
def test_what_the_domain_did_not_write_leads_nowhere(text: str) -> None:
    srs = Srs("acme.test", 1)
    assert srs.unwrap(f"SRS0={text}", 0) is None
    srs.wrap(BOB, 0)
    for local in (text, f"SRS0={text}", f"SRS0=0000=AA=globex.test={text}"):
        assert srs.unwrap(local, 0) is None


def test_an_international_sender_keeps_its_name() -> None:
    srs, sender = Srs("acme.test", 1), Address.parse("jörg@bücher.test")
    wrapped = srs.wrap(sender, 0)
    assert wrapped is not None
    assert "=xn--bcher-kva.test=jörg" in wrapped.local
    assert srs.unwrap(wrapped.local, 0) == sender

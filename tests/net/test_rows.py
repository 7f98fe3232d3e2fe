"""Envelopes and answers survive their way into a file and back."""

from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from mailharness import Address, Reply
from mailharness.mail import Envelope
from mailharness.mail.envelope import DsnRequest
from mailharness.net import rows
from mailharness.queue import Standing

ADDRESSES = st.sampled_from(
    [Address.parse(each) for each in ("ann@a.test", "Ben@B.test", "jörg@bücher.test", '"a b"@c.test', "x@[127.0.0.1]")]
)
REQUESTS = st.builds(
    DsnRequest,
    notify=st.none() | st.frozensets(st.sampled_from(["SUCCESS", "FAILURE", "DELAY"])),
    orcpt=st.sampled_from(["", "rfc822;ann+x@a.test"]),
)
ENVELOPES = st.builds(
    Envelope,
    st.none() | ADDRESSES,
    st.lists(ADDRESSES, min_size=1, max_size=4).map(tuple),
    eight_bit=st.booleans(),
    binary=st.booleans(),
    smtputf8=st.booleans(),
    require_tls=st.booleans(),
    ret=st.sampled_from(["", "FULL", "HDRS"]),
    envid=st.text(max_size=8),
    requests=st.dictionaries(ADDRESSES, REQUESTS, max_size=3),
)
REPLIES = st.builds(
    Reply, st.integers(200, 599), st.text(st.characters(codec="utf-8"), max_size=20), st.sampled_from(["", "4.2.1"])
)


@given(ENVELOPES)
def test_an_envelope_comes_back_as_it_was(envelope: Envelope) -> None:
    back = rows.envelope_of(rows.envelope_text(envelope))
    assert back == envelope
    assert [str(one) for one in back.recipients] == [str(one) for one in envelope.recipients]


def test_no_field_of_an_envelope_is_forgotten() -> None:
    assert {one.name for one in fields(Envelope)} == {*rows.PLAIN, "sender", "recipients", "requests"}


@given(st.dictionaries(ADDRESSES, st.builds(Standing, st.none() | REPLIES, st.sampled_from(["", "mx.b.test"])), max_size=4))
def test_what_recipients_were_answered_comes_back(standings: dict[Address, Standing]) -> None:
    assert rows.standings_of(rows.standings_text(standings)) == standings

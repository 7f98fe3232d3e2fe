"""A gateway's list of filters: asked in order, ended by the first refusal or quarantine, each answer on record."""

from functools import partial

import pytest

from mailharness.agents.filters import (
    Accept,
    Arrival,
    FilterError,
    Finding,
    Quarantine,
    Refuse,
    Tag,
    check_filters,
    filter_name,
    judge,
    max_size,
    payment_cards,
)
from mailharness.errors import MisuseError
from mailharness.mail import Address, Envelope, Message, Reply

LETTER = Arrival(
    Envelope(Address("alice", "acme.test"), (Address("bob", "globex.test"),)),
    Message(b"Subject: Hello\r\n\r\nHello Bob\r\n"),
    helo="mail.acme.test",
    peer="127.0.0.2",
)


def says(name, verdict):
    """A filter called ``name`` that gives ``verdict`` whatever it is shown."""

    def each(arrival):
        return verdict

    each.__name__ = name
    return each


def test_no_filter_has_anything_against_a_letter():
    judgement = judge([], LETTER)
    assert (judgement.verdict, judgement.tags, judgement.findings, judgement.decider) == (Accept(), (), (), "")


def test_each_filter_is_on_record_in_order():
    judgement = judge(
        [says("silent", None), says("polite", Accept("known sender")), says("marker", Tag("X-Seen", "yes"))], LETTER
    )
    assert judgement.verdict == Accept()
    assert judgement.findings == (
        Finding("silent", "accept", ""),
        Finding("polite", "accept", "known sender"),
        Finding("marker", "tag", "X-Seen: yes"),
    )


@pytest.mark.parametrize(
    ("end", "word", "reason"),
    [
        (Refuse("554 5.7.1 No", "spam"), "refuse", "spam"),
        (Refuse("554 5.7.1 Not here"), "refuse", "Not here"),
        (Quarantine("a look-alike"), "quarantine", "a look-alike"),
    ],
)
def test_the_first_refusal_or_quarantine_ends_the_list(end, word, reason):
    judgement = judge(
        [says("marker", Tag("X-Seen", "yes")), says("strict", end), says("unasked", Quarantine("late"))], LETTER
    )
    assert judgement.verdict == end
    assert judgement.decider == "strict"
    assert judgement.tags == (Tag("X-Seen", "yes"),)
    assert judgement.findings[1:] == (Finding("strict", word, reason),)


def test_tags_stand_above_the_message_and_leave_it_as_it_was():
    judgement = judge([says("one", Tag("X-One", "1")), says("two", Tag("X-Two", "zwei ü"))], LETTER)
    tagged = judgement.tagged(LETTER.message)
    assert bytes(tagged) == b"X-Two: =?utf-8?q?zwei_=C3=BC?=\r\nX-One: 1\r\n" + bytes(LETTER.message)
    assert tagged.header("X-Two") == "zwei ü"


def test_a_filter_sees_who_brought_the_letter():
    def nosy(arrival):
        seen = (arrival.helo, arrival.peer, str(arrival.envelope.sender), arrival.message.subject)
        return Quarantine(" ".join(seen))

    assert judge([nosy], LETTER).verdict == Quarantine("mail.acme.test 127.0.0.2 alice@acme.test Hello")


def test_the_message_is_parsed_once_for_all_filters():
    seen = []
    judge([lambda arrival: seen.append((arrival.part, arrival.readings))] * 2, LETTER)
    assert seen[0][0] is seen[1][0]
    assert seen[0][1] is seen[1][1]


async def waits(arrival):
    return None


@pytest.mark.parametrize(
    "answer",
    [True, False, 0, "550 no", Accept, ("X-Tag", "yes"), waits(None)],
    ids=["true", "false", "zero", "text", "class", "pair", "coroutine"],
)
def test_an_answer_that_is_no_verdict_is_a_misuse_that_names_the_filter(answer):
    with pytest.raises(MisuseError, match=r"filter 'hasty' returned .* may return None, Accept\(\), Refuse\("):
        judge([says("hasty", answer)], LETTER)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (KeyError("x"), "raised KeyError: 'x' ("),
        (SystemExit(3), "raised SystemExit: 3 ("),
        (StopIteration(), "raised StopIteration ("),
    ],
    ids=["an error", "an exit", "a bare one"],
)
def test_what_a_filter_raises_is_its_failure_and_says_where(error, says):
    def breaks(arrival):
        raise error

    with pytest.raises(FilterError) as failure:
        judge([breaks], LETTER)
    assert failure.value.filter == "breaks"
    assert failure.value.problem.startswith(says)
    assert failure.value.problem.endswith(f"(test_filters_judgement.py:{breaks.__code__.co_firstlineno + 1})")
    assert failure.value.__cause__ is error


class Named:
    name = "by its name"

    def __call__(self, arrival):
        return None


class Unnamed:
    def __call__(self, arrival):
        return None


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (Named(), "by its name"),
        (Unnamed(), "Unnamed"),
        (waits, "waits"),
        (partial(waits), "partial"),
        (max_size(1), "max_size"),
        (lambda arrival: None, "<lambda>"),
    ],
)
def test_how_a_filter_is_called(given, name):
    assert filter_name(given) == name


@pytest.mark.parametrize(
    ("filters", "complaint"),
    [
        (max_size(1), "give a list"),
        (None, "give a list"),
        ([None], "None is no filter"),
        ([max_size(1), "max_size"], "'max_size' is no filter"),
        ([payment_cards], r"write payment_cards\(\.\.\.\)"),
        ([waits], "'waits' is an async function"),
    ],
)
def test_what_cannot_be_asked_is_told_at_the_declaration(filters, complaint):
    with pytest.raises(MisuseError, match=complaint):
        check_filters(filters)


def test_filters_keep_their_order_when_checked():
    filters = [max_size(2), says("mine", None), payment_cards()]
    assert check_filters(iter(filters)) == tuple(filters)


@pytest.mark.parametrize("reply", ["250 2.0.0 ok", "354 go on", "no", "", "550 4.7.1 contradiction"])
def test_a_refusal_needs_a_reply_that_refuses(reply):
    with pytest.raises(MisuseError):
        Refuse(reply)


def test_a_refusal_keeps_its_reply():
    assert Refuse().reply.code == 550
    assert Refuse(Reply(451, "Later", "4.7.1")).reply == Refuse("451 4.7.1 Later").reply
    assert str(Refuse("552 5.3.4 Big", "huge").reply) == "552 5.3.4 Big"


@pytest.mark.parametrize(
    ("header", "value"),
    [("X Tag", "v"), ("X-Tag:", "v"), ("", "v"), ("Ümlaut", "v"), ("X-Tag", "v\r\nBcc: eve@evil.test"), ("X-Tag", "v\0")],
)
def test_a_tag_that_would_break_the_header_is_a_misuse(header, value):
    with pytest.raises(MisuseError):
        Tag(header, value)


@pytest.mark.parametrize("value", ["yes", "", "ein langer Grund " * 20, "日本語の理由 " * 20, "\udcff"])
def test_a_tag_is_one_field_of_ascii_in_lines_of_bearable_length(value):
    field = bytes(Tag("X-Reason", value))
    lines = field.split(b"\r\n")
    assert lines.pop() == b""
    assert all(len(line) <= 78 and line.isascii() for line in lines)
    assert all(line.startswith(b" ") for line in lines[1:])
    shown = Message(field + b"\r\n").header("X-Reason") or ""
    assert " ".join(shown.split()) == " ".join(value.encode("utf-8", "replace").decode().split())

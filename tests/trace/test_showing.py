"""A story as SVG, HTML, Mermaid and JSON: what a reader sees of it, whatever is in it."""

import json
import re
from collections.abc import Callable
from importlib.resources import files

import jsonschema
import pytest

from mailharness.mail import Cause, Message, Reply
from mailharness.trace import events as ev
from mailharness.trace.scenes import PLACES
from tests.drawing.sheets import Sheet
from tests.trace.teller import ALICE, BOB, GW, MX1, MX2, A, B, Teller, addresses, the_default_story

SCHEMA = json.loads(files("mailharness.trace").joinpath("trace.schema.json").read_text(encoding="utf-8"))
LONG = "a-host-with-a-very-long-name-indeed.in-a-department.of-some-company.example"
NASTY = 'no <b>such</b> user; "end" & # %% \u202e \x00 ' + "at all " * 30


def a_bounce_after_hours() -> Teller:
    t = Teller()
    copy = t.submit()
    t.attempt(copy, MX1, problem="connection refused")
    t.queue(copy)
    t.pass_time(900)
    t.attempt(copy, MX2, f"550 5.1.1 {NASTY}".replace("\x00", ""), attempt=2)
    t.bounce(copy, "550 5.1.1 unknown", report=2)
    return t


def branches() -> Teller:
    t = Teller()
    copy = t.submit("team@exampleB.tst")
    there = t.relay(copy, A, B, "team@exampleB.tst")
    for number, child in enumerate(t.expand(there, B, "team@exampleB.tst", BOB, "x@exampleB.tst", cause=Cause.LIST)):
        t.deliver(child, recipient=[BOB, "x@exampleB.tst"][number])
    return t


def twelve_hosts() -> Teller:
    t = Teller()
    copy, here = t.submit(host=f"mail0.{LONG}"), f"mail0.{LONG}"
    for number in range(1, 12):
        there = f"mail{number}.{LONG}"
        copy, here = t.relay(copy, here, there), there
    t.deliver(copy, host=here)
    return t


def a_crowd() -> Teller:
    t = Teller()
    everyone = [f"user{n}@exampleB.tst" for n in range(200)]
    there = t.relay(t.submit(*everyone), A, B, *everyone)
    for one in everyone:
        t.deliver(there, recipient=one)
    return t


def a_gateway_that_tags() -> Teller:
    t = Teller()
    copy = t.submit()
    there = t.relay(copy, A, GW)
    t.tell(ev.Filtered(host=GW, of=there, filter="words", verdict="tag", reason="lottery"))
    onward = t.new_copy(1, there, Cause.RELAY)
    (bob,) = addresses(BOB)
    envelope = ev.Accepted(
        host=B,
        of=onward,
        envelope=t.journal.of_kind(ev.Accepted)[0].envelope,
        message=Message(b"X-Filter: words\r\nSubject: Hello\r\n\r\nDear Bob\r\n"),
    )
    t.tell(envelope, ev.Relayed(host=GW, of=there, recipients=(bob,), to=B, reply=Reply(250), copy_there=onward.copy))
    t.deliver(onward)
    return t


def refused_at_the_door() -> Teller:
    t = Teller()
    copy = t.new_copy(t.new_letter())
    session = t.session(A, ALICE)
    t.tell(ev.Refused(host=A, session=session, of=copy, recipient=addresses(BOB)[0], reply=Reply(550, "No", "5.7.1")))
    return t


STORIES = [
    the_default_story,
    a_bounce_after_hours,
    branches,
    twelve_hosts,
    a_crowd,
    a_gateway_that_tags,
    refused_at_the_door,
]
every_story = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
Story = Callable[[], Teller]


@every_story
def test_no_text_of_a_picture_covers_another_or_leaves_the_sheet(story: Story) -> None:
    sheet = Sheet(story().trace().svg())
    assert sheet.overlapping == []
    assert sheet.beyond == []


@every_story
def test_a_picture_is_told_to_who_cannot_see_it(story: Story) -> None:
    trace = story().trace()
    root = Sheet(trace.svg()).root
    told = {one.get("id"): one.text for one in root if one.get("id")}
    assert next(told[name] for name in root.attrib["aria-labelledby"].split()) == str(trace).partition("\n")[0]
    assert root.attrib["role"] == "img"


@every_story
def test_what_is_written_as_json_is_what_the_schema_says(story: Story) -> None:
    told = json.loads(story().trace().to_json())
    assert list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(told)) == []


@every_story
def test_a_page_holds_the_picture_and_runs_no_script(story: Story) -> None:
    told = story().trace().html()
    assert "<svg " in told
    assert re.findall(r"<script|<link|<img|<iframe| on\w+=", told) == []


def test_the_default_story_has_a_place_for_each_person_and_machine() -> None:
    told = Sheet(the_default_story().trace().svg()).says
    wanted = [
        ALICE,
        A,
        B,
        BOB,
        "submits 28 octets",
        "exampleB.tst MX:",
        "250 2.0.0 Ok",
        "into INBOX, UID 1",
        "reads it over IMAP",
    ]
    assert [one for one in wanted if one not in told] == []


def test_what_went_wrong_is_red_with_its_reason_and_time_that_passed_is_told() -> None:
    sheet = Sheet(a_bounce_after_hours().trace().svg())
    assert "connection refused" in sheet.of_tone("bad")
    assert "stopped at mx2.exampleB.tst" in sheet.of_tone("bad")
    assert "+15 min" in sheet.says
    assert Sheet(the_default_story().trace().svg()).of_tone("bad") == ""


def test_a_crowd_shares_a_place_and_a_long_story_says_what_it_leaves_out() -> None:
    told = Sheet(a_crowd().trace().svg()).says
    assert "all others" in told
    assert f"user{PLACES}@exampleB.tst" not in told
    assert re.search(r"\d+ steps are left out", told)


def test_mermaid_draws_the_same_scenes() -> None:
    lines = the_default_story().trace().mermaid().splitlines()
    assert lines[0] == "sequenceDiagram"
    assert [line.strip() for line in lines[2:]] == [
        "actor p0 as userA@exampleA.tst",
        "participant p1 as mail.exampleA.tst",
        "participant p2 as mail.exampleB.tst",
        "actor p3 as userB@exampleB.tst",
        "p0->>p1: submits 28 octets",
        "Note over p1: looked up<br/>exampleB.tst MX#58; 10 mail.exampleB.tst.",
        "Note over p1: looked up<br/>mail.exampleB.tst A#58; 127.9.0.1 (cached)",
        "p1->>p2: relays 28 octets",
        "p2-->>p1: 250 2.0.0 Ok",
        "p2->>p3: into INBOX, UID 1",
        "p3->>p2: reads it over IMAP",
    ]


@every_story
def test_no_text_of_a_story_means_anything_to_mermaid(story: Story) -> None:
    arrow = r"p\d+(?:-?->>|-x)p\d+: "
    label = r"(?:[A-Za-z0-9 .,@'/()=+*!?_-]|#\d+;|<br/>|❌|⏳)+"
    line = re.compile(
        rf"(?:sequenceDiagram|accTitle: {label}|(?:actor|participant) p\d+ as {label}|"
        rf"{arrow}{label}|Note over p\d+(?:,p\d+)?: {label})"
    )
    assert [one for one in story().trace().mermaid().splitlines() if not line.fullmatch(one.strip())] == []


def test_what_a_gateway_changed_is_shown_line_by_line() -> None:
    told = a_gateway_that_tags().trace().html()
    assert "<ins>+X-Filter: words</ins>" in told


def test_the_schema_is_a_schema_and_admits_nothing_else() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    told = the_default_story().trace().as_dict()
    for broken in ({**told, "more": 1}, {**told, "hops": [{**told["hops"][0], "more": 1}]}, {**told, "letter": "1"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, SCHEMA)
    assert told["$schema"] == SCHEMA["$id"]


def test_a_letter_of_another_journal_is_shown_as_nothing_known() -> None:
    trace = Teller().trace(7)
    assert "nothing is known of it" in Sheet(trace.svg()).says
    assert trace.as_dict()["hops"] == []

"""Personalities: a table of facts, each parseable, of the right class, and with a public source."""

import re
import tomllib
from importlib.resources import files

import pytest

from mailharness import MisuseError, Reply
from mailharness.agents.behaviours import find_personality, personality_names
from mailharness.agents.behaviours.meanings import MEANINGS
from mailharness.agents.behaviours.personality import EXTENSIONS
from mailharness.smtp import Voice

REPLIES = [(name, meaning) for name in personality_names() for meaning in find_personality(name).replies]
MAKES = {"gmail", "outlook", "yahoo", "icloud", "fastmail", "postfix", "exim", "sendmail", "exchange"}


def test_the_makes_that_are_known() -> None:
    assert set(personality_names()) == MAKES


@pytest.mark.parametrize(("name", "meaning"), REPLIES, ids="-".join)
def test_each_reply_means_what_ours_means(name: str, meaning: str) -> None:
    said, ours = find_personality(name).replies[meaning], MEANINGS[meaning]
    assert said.code // 100 == ours.code // 100
    assert not said.status or int(said.status[0]) == said.code // 100
    assert all(line.isascii() and line.isprintable() and len(line) <= 510 for line in said.lines())  # RFC 5321 §4.5.3.1.5
    assert Reply.parse(str(said).split("\n")[-1].replace("-", " ", 1)).code == said.code


@pytest.mark.parametrize("name", sorted(MAKES))
def test_each_fact_has_a_public_source_and_a_day(name: str) -> None:
    text = files("mailharness.agents.behaviours").joinpath("personalities.toml").read_text(encoding="utf-8")
    facts = tomllib.loads(text)[name]
    told = (set(facts) | set(facts.get("replies", ()))) - {"title", "replies"}
    make = find_personality(name.upper())
    assert (set(make.sources), make.title) == (told, facts["title"])
    assert all(re.fullmatch(r"https?://\S+ \(20\d\d-\d\d-\d\d\)", source) for source in make.sources.values())
    assert "unknown_user" in make.replies


@pytest.mark.parametrize("name", sorted(MAKES))
def test_what_a_make_hides_is_what_it_is_known_not_to_announce(name: str) -> None:
    make = find_personality(name)
    assert EXTENSIONS >= set(make.announces) == (EXTENSIONS - make.hides if make.announces else set())
    assert not make.announces or {"SIZE", "PIPELINING", "8BITMIME"} <= set(make.announces)


def test_nobody_has_no_personality_of_its_own() -> None:
    plain = find_personality("")
    assert (plain.voice, plain.greeting, plain.max_size, plain.max_recipients) == (None, "", None, None)


def test_an_unknown_make_is_told_the_nearest() -> None:
    with pytest.raises(MisuseError, match="no personality 'gmial'; did you mean 'gmail'"):
        find_personality("gmial")


def test_a_voice_fills_in_who_is_spoken_of() -> None:
    refusal, other = Reply(550, "No", "5.1.1"), Reply(550, "Never", "5.1.1")
    voice = Voice({refusal: Reply.parse("550 5.1.1 <{recipient}>: not at {host}")})
    assert str(voice.say(refusal, host="b.test", recipient="bob@b.test")) == "550 5.1.1 <bob@b.test>: not at b.test"
    assert voice.say(other, host="b.test") is other


@pytest.mark.parametrize(("meant", "said"), [("550 No", "450 Later"), ("250 OK", "550 No"), ("354 Go", "250 OK")])
def test_a_voice_that_would_decide_otherwise_is_refused(meant: str, said: str) -> None:
    with pytest.raises(MisuseError, match="another decision"):
        Voice({Reply.parse(meant): Reply.parse(said)})

"""Personalities: how known makes and providers greet, what they take, and in which words they refuse.

The facts stand in ``personalities.toml``, each with its public source; this reads one of them when it is first wanted.
What is decided is the host's own affair: a personality changes how it is said.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from mailharness.agents.behaviours.meanings import MEANINGS
from mailharness.errors import MisuseError
from mailharness.mail import Reply
from mailharness.smtp import Voice

EXTENSIONS = frozenset(
    "PIPELINING SIZE 8BITMIME SMTPUTF8 ENHANCEDSTATUSCODES DSN CHUNKING BINARYMIME REQUIRETLS HELP".split()
)
"""What a make may have or not."""


@dataclass(frozen=True, slots=True)
class Personality:
    """One make: ``greeting`` behind the host's name, limits (None: no known ones), and its words by meaning."""

    name: str = ""
    title: str = ""
    greeting: str = ""
    max_size: int | None = None
    max_recipients: int | None = None
    announces: tuple[str, ...] = ()
    """The keywords of the extensions that it is known to have; none if that is not known."""
    replies: Mapping[str, Reply] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where each fact was read, by the name of the fact or the meaning of the reply: an address, and the day."""

    @property
    def hides(self) -> frozenset[str]:
        """The keywords of extensions that it is known not to have. STARTTLS and AUTH are a host's own affair."""
        return EXTENSIONS.difference(self.announces) if self.announces else frozenset()

    @property
    def voice(self) -> Voice | None:
        """Its words for standing replies, None where it has none of its own."""
        return Voice({MEANINGS[meaning]: reply for meaning, reply in self.replies.items()}) if self.replies else None


PLAIN = Personality()
"""Our own."""


@lru_cache(maxsize=1)
def _facts() -> dict[str, dict[str, Any]]:
    import tomllib  # loaded where it is wanted: most worlds have no personality
    from importlib.resources import files

    text = files(__package__).joinpath("personalities.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def personality_names() -> tuple[str, ...]:
    """Every make that is known."""
    return tuple(_facts())


@lru_cache(maxsize=32)
def find_personality(name: str) -> Personality:
    """The personality of that name, our own for "". Raises MisuseError with the nearest one that is known."""
    if not name:
        return PLAIN
    facts = _facts().get(name.lower())
    if facts is None:
        raise MisuseError.unknown("personality", name, _facts())
    plain = {key: entry for key, entry in facts.items() if key not in ("title", "replies")}
    known: dict[str, Any] = {key: entry["is"] for key, entry in plain.items()}
    known["announces"] = tuple(known.get("announces", ()))
    replies: dict[str, dict[str, Any]] = facts.get("replies", {})
    return Personality(
        name=name.lower(),
        title=facts["title"],
        replies=MappingProxyType({meaning: Reply.parse(entry["text"]) for meaning, entry in replies.items()}),
        sources=MappingProxyType({key: f"{entry['source']} ({entry['read']})" for key, entry in (plain | replies).items()}),
        **known,
    )

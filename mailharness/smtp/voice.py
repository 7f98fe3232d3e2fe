"""Voices: what a host means is its own, how it says so is a matter of its make.

A standing reply is the symbol of what it means; a ``Voice`` knows other words for some of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mailharness.errors import MisuseError
from mailharness.mail import Reply

PLACES = ("host", "client", "sender", "recipient")
"""What may stand in braces in a text: who is spoken to, and of whom."""


@dataclass(frozen=True, slots=True)
class Voice:
    """``words`` has the wording of standing replies, with ``{host}``, ``{client}``, ``{sender}`` and ``{recipient}``.

    Raises MisuseError for words that would change a decision: the first digit of a reply stays what it was.
    """

    words: Mapping[Reply, Reply]

    def __post_init__(self) -> None:
        for meant, said in self.words.items():
            if meant.code // 100 != said.code // 100:
                raise MisuseError(f"{meant} cannot be said as {said}: that would be another decision")

    def __contains__(self, reply: Reply) -> bool:
        return reply in self.words

    def say(self, reply: Reply, **who: str) -> Reply:
        """``reply`` in these words; as it is where there are none. ``who`` names what stands in braces."""
        said = self.words.get(reply, reply)
        text = said.text
        for place, name in who.items():
            text = text.replace(f"{{{place}}}", name)
        return said if text == said.text else replace(said, text=text)

"""The tree of a letter's copies: where each was held, what it was made for, and what became of it.

mail.acme.test: submission for team@acme.test
  mail.acme.test: list for bob@globex.test
    mx1.globex.test: relay for bob@globex.test: delivered
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailharness.trace.copies import CopyStory
from mailharness.trace.leaves import Branches, Leaf


@dataclass(frozen=True, slots=True)
class Branch:
    """A copy, by its number in the world: at ``host``, made for ``cause`` ("submission", "relay", "alias", "list",
    "forward", ...), for ``recipients``. ``ends`` are those whose way ends here, with their status; ``children`` the copies
    that were made of it."""

    copy: int
    host: str
    cause: str
    recipients: tuple[str, ...]
    ends: tuple[tuple[str, str], ...]
    children: tuple["Branch", ...]

    def lines(self, indent: str = "") -> Iterator[str]:
        one = len(self.recipients) == 1
        ended = ", ".join(status if one else f"{recipient} {status}" for recipient, status in self.ends)
        yield f"{indent}{self.host}: {self.cause} for {', '.join(self.recipients)}{f': {ended}' if ended else ''}"
        for child in self.children:
            yield from child.lines(f"{indent}  ")

    def __str__(self) -> str:
        return "\n".join(self.lines())


def tree(branches: Branches) -> tuple[Branch, ...]:
    """One tree for each copy that was made of none; more than one where a program sent the letter again."""
    held = [story for story in branches.copies.values() if story.is_held]
    return tuple(_branch(root, held, branches.leaves) for root in branches.roots)


def _branch(story: CopyStory, held: Iterable[CopyStory], leaves: tuple[Leaf, ...]) -> Branch:
    number = story.of.copy
    # A child is younger than its parent, so this always ends.
    children = tuple(_branch(one, held, leaves) for one in held if one.of.parent == number and one.of.copy > number)
    ends = tuple((str(leaf.recipient), leaf.status) for leaf in leaves if leaf.copy is story)
    return Branch(number, story.host, str(story.of.cause), tuple(map(str, story.recipients)), ends, children)

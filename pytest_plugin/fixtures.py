"""The fixtures: worlds that are started for a test and stopped after it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from .settings import settings

if TYPE_CHECKING:
    from mailharness import World

MARKER = "mailworld"
MARKER_LINE = (
    f"{MARKER}(*domains, start=, seed=, timeout=, clock=, keep_letters=): what the `mailworld` fixture is, as arguments of "
    "mailharness.World. Of several markers, the closest that names domains gives the domains, the closest that names an "
    "option gives the option."
)
WORLDS: "pytest.StashKey[list[World]]" = pytest.StashKey()
"""The worlds that the fixtures have started for an item, in order; the report of a failure tells of their letters."""


@pytest.fixture
def mailworld(request: pytest.FixtureRequest, mailworld_factory: "Callable[..., World]") -> "World":
    """A running world: exampleA.tst with userA and exampleB.tst with userB, or what ``@pytest.mark.mailworld`` says.

    Raises MisuseError for a marker that describes no world.
    """
    __tracebackhide__ = True
    if hasattr(request, "param"):
        from mailharness import MisuseError

        raise MisuseError(
            "mailworld takes no indirect parameter: write pytest.param(..., marks=pytest.mark.mailworld(Domain(...)))"
        )
    domains, options = _marked(request.node)
    return mailworld_factory(*domains, **options)


@pytest.fixture
def mailworld_factory(request: pytest.FixtureRequest) -> "Iterator[Callable[..., World]]":
    """``mailworld_factory(*domains, **options)`` is a running world; the arguments are those of ``mailharness.World``.

    All are stopped after the test, the last one first. Raises MisuseError for what describes no world.
    """
    worlds = request.node.stash.setdefault(WORLDS, [])
    with ExitStack() as stopping:

        def start(*domains: Any, **options: Any) -> "World":
            __tracebackhide__ = True
            world = _world(domains, settings(request.config) | options)
            worlds.append(stopping.enter_context(world))
            return world

        yield start


def _marked(node: pytest.Item) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The domains and the options that the item's markers give."""
    markers = list(node.iter_markers(MARKER))
    domains = next((marker.args for marker in markers if marker.args), ())
    return domains, {name: value for marker in reversed(markers) for name, value in marker.kwargs.items()}


def _world(domains: tuple[Any, ...], options: dict[str, Any]) -> "World":
    import inspect

    from mailharness import MisuseError, World

    __tracebackhide__ = True
    known = [one.name for one in inspect.signature(World).parameters.values() if one.kind is one.KEYWORD_ONLY]
    for name in options:
        if name not in known:
            raise MisuseError.unknown("option of a world", name, known)
    return World(*domains, **options)

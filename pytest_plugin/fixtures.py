"""The fixtures: worlds that are started for a test and stopped after it."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from .lives import lives
from .settings import setting, world_options

if TYPE_CHECKING:
    from mailharness import World
    from mailharness.net.redirect import Redirection

MARKER = "mailworld"
MARKER_LINE = (
    f"{MARKER}(*domains, start=, seed=, timeout=, clock=, keep_letters=): what the `mailworld` fixture is, as arguments of "
    "mailharness.World. Of several markers, the closest that names domains gives the domains, the closest that names an "
    "option gives the option."
)


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


@pytest.fixture(scope="session")
def mailworld_factory(request: pytest.FixtureRequest) -> "Callable[..., World]":
    """``mailworld_factory(*domains, **options)`` is a running world; the arguments are those of ``mailharness.World``.

    Fixtures of any scope may ask for it. A world that a fixture starts is stopped when that fixture ends, one that a test
    starts with the test, the last one first. Raises MisuseError for what describes no world.
    """
    config = request.config

    def start(*domains: Any, **options: Any) -> "World":
        __tracebackhide__ = True
        return lives(config).start(_world(domains or _scenario(config), world_options(config) | options))

    return start


@pytest.fixture(scope="session")
def mailworld_session(mailworld_factory: "Callable[..., World]") -> "World":
    """One running world for the whole run, made as new (``world.reset()``) before each test that asks for it.

    Its servers keep their addresses and ports, so an application that is started once may be told them once. It is the
    default world, or the scenario of ``mailharness_scenario``; for another one, override this fixture in a conftest.py.
    """
    __tracebackhide__ = True
    return mailworld_factory()


@pytest.fixture
def redirected(request: pytest.FixtureRequest, mailworld: "World") -> "Iterator[Redirection]":
    """This process is in ``mailworld``: smtplib, imaplib, dnspython ... reach its hosts by name at the standard ports.

    What tries to leave it fails the test, at the call or, where that goes unheard, at its end; ``mailharness_allow`` names
    what may. It is ``mailworld.redirected()``, which says more.
    """
    with mailworld.redirected(allow=setting(request.config, "allow", ())) as redirection:
        yield redirection


def _marked(node: pytest.Item) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The domains and the options that the item's markers give."""
    markers = list(node.iter_markers(MARKER))
    domains = next((marker.args for marker in markers if marker.args), ())
    return domains, {name: value for marker in reversed(markers) for name, value in marker.kwargs.items()}


def _scenario(config: pytest.Config) -> tuple[Any, ...]:
    path = setting(config, "scenario")
    if path is None:
        return ()
    from mailharness import read_toml

    return read_toml(path)


def _world(domains: tuple[Any, ...], options: dict[str, Any]) -> "World":
    from mailharness import MisuseError, World

    __tracebackhide__ = True
    known = World.__init__.__kwdefaults__ or {}
    for name in options:
        if name not in known:
            raise MisuseError.unknown("option of a world", name, known)
    return World(*domains, **options)

"""Tests that a plugin runs in an event loop: pytest-asyncio's, and anyio's with either backend."""

import sys

import pytest

from tests.plugin.inside import run, run_alone

STORY = """
import pytest
from mailharness import Domain, MisuseError, faults

{before}

@pytest.fixture
async def letter(mailworld):
    alice, bob = mailworld.aio.user("userA@exampleA.tst"), mailworld.aio.user("userB@exampleB.tst")
    async with mailworld.aio.expect(to=bob) as letter:
        await alice.send(to=bob, subject="Hello")
    yield letter
    await mailworld.aio.settle()

async def test_a_fixture_sends_and_a_test_reads(mailworld, letter):
    letter.trace.assert_delivered()
    assert (await mailworld.aio.user("userB@exampleB.tst").inbox()).subjects == ["Hello"]
    with pytest.raises(MisuseError, match="an event loop is running"):
        mailworld.clock.advance(minutes=1)

async def test_worlds_of_a_factory_and_of_the_run(mailworld_factory, mailworld_session):
    for world in (mailworld_factory(Domain("acme.test", users=["ann"])), mailworld_session):
        await world.aio.settle()
        assert world.letters == []

async def test_fails(mailworld):
    letter = await mailworld.aio.user("userA@exampleA.tst").send(to="nobody@exampleB.tst")
    await mailworld.aio.settle()
    letter.trace.assert_delivered()
"""
PLUGINS = {
    "pytest-asyncio": ("", ["-p", "asyncio", "--asyncio-mode=auto"]),
    "anyio-asyncio": (
        "pytestmark = pytest.mark.anyio\n\n@pytest.fixture\ndef anyio_backend(): return 'asyncio'",
        ["-p", "anyio"],
    ),
    "anyio-trio": (
        "pytestmark = pytest.mark.anyio\n\n@pytest.fixture\ndef anyio_backend(): return 'trio'",
        ["-p", "anyio"],
    ),
}


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_story_in_the_loop_of_a_plugin(pytester: pytest.Pytester, plugin: str) -> None:
    before, arguments = PLUGINS[plugin]
    pytester.makeini(
        "[pytest]\nasyncio_default_fixture_loop_scope = function" if plugin == "pytest-asyncio" else "[pytest]"
    )
    result = run_alone(pytester, STORY.format(before=before), *arguments)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["E *stopped at mail.exampleB.tst, RCPT: 550 5.1.1*", "*- mail trace -*", "letter 1: *"])


UNITTEST = """
import smtplib
import unittest
from mailharness import Domain, World

class Newsletter(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = cls.enterClassContext(World(Domain("acme.test", users=["ann"]), seed=4))

    def setUp(self):
        self.world.reset()

    def test_one(self): self.send("one")

    def test_two(self): self.send("two")

    def send(self, subject):
        with smtplib.SMTP(*self.world["acme.test"].submission) as smtp:
            smtp.sendmail("ann@acme.test", ["ann@acme.test"], f"Subject: {subject}\\r\\n\\r\\n".encode())
        self.assertEqual(self.world.user("ann@acme.test").inbox.subjects, [subject])
"""


def test_a_test_case_of_unittest_enters_a_world(pytester: pytest.Pytester) -> None:
    run(pytester, UNITTEST).assert_outcomes(passed=2)
    result = pytester.run(sys.executable, "-W", "error", "-m", "unittest", next(pytester.path.glob("test_*.py")).name)
    assert result.ret == 0

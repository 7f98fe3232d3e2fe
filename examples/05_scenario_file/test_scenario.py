"""The world is described in scenario.toml, beside this file, and used twice: here, and by ``mailharness up scenario.toml``.

A file of data can be shared with people and programs that do not write Python.
"""

from pathlib import Path

import pytest

from mailharness import read_toml

SCENARIO = Path(__file__).with_name("scenario.toml")


@pytest.fixture
def world(mailworld_factory):
    return mailworld_factory(*read_toml(SCENARIO))


def test_the_world_is_as_the_file_says(world):
    assert [site.name for site in world] == ["acme.test", "globex.test"]
    assert world.user("bob@acme.test").password == "hunter2"
    assert world["globex.test"].imap == world.host("imap.globex.test").imap


def test_letters_go_through_the_gateway_of_the_file(world):
    alice, carol = world.user("alice@acme.test"), world.user("carol@globex.test")

    passed = alice.send(to=carol, subject="Small")
    stopped = alice.send(to=carol, subject="Big", text="x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 3000)

    passed.trace.assert_delivered(via="mx1.globex.test")
    stopped.trace.assert_refused(at="mx1.globex.test", reply=552)
    assert [message.subject for message in carol.fetch(via="imap")] == ["Small"]

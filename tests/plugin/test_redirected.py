"""The `redirected` fixture: the test is in its world, and what tries to leave it fails the test, once."""

import pytest

from tests.plugin.inside import run

INSIDE = """
import smtplib, pytest
from mailharness import Domain

WAY = ("userA@exampleA.tst", ["userB@exampleB.tst"], "Subject: Hello\\r\\n\\r\\nHello\\r\\n")

def test_it(mailworld, redirected):
    with smtplib.SMTP("mail.exampleA.tst", 587) as smtp:
        smtp.sendmail(*WAY)
    assert mailworld.user("userB@exampleB.tst").inbox.subjects == ["Hello"]

@pytest.mark.mailworld(Domain("acme.test", users=["ann"]))
@pytest.mark.usefixtures("redirected")
def test_the_marker_says_which_world(mailworld):
    with smtplib.SMTP("mail.acme.test") as smtp:
        smtp.sendmail("", ["ann@acme.test"], "Subject: Hello\\r\\n\\r\\nHello\\r\\n")
    assert mailworld.user("ann@acme.test").inbox.subjects == ["Hello"]
"""
LEAVING = """
import smtplib

def test_told(redirected):
    smtplib.SMTP("smtp.far.example", 587)

def test_swallowed(redirected):
    try:
        smtplib.SMTP("smtp.far.example", 587)
    except OSError:
        pass
"""


def test_a_test_is_in_its_world(pytester: pytest.Pytester) -> None:
    run(pytester, INSIDE).assert_outcomes(passed=2)


def test_what_leaves_fails_the_test_where_it_does_or_at_its_end(pytester: pytest.Pytester) -> None:
    result = run(pytester, LEAVING)
    result.assert_outcomes(failed=1, passed=1, errors=1)  # the second passes, and its end does not
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_swallowed*",
            "E *EgressError: nothing may leave the world, and this was tried:",
            "E *smtp.far.example port 587 (at test_*.py:8)",
            "*FAILURES*",
            "E *EgressError: smtp.far.example port 587 (at test_*.py:4) is not in this world*",
        ]
    )


def test_what_a_run_allows(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nmailharness_allow = db.corp.test 10.0.0.0/8")
    source = """
def test_it(redirected):
    assert redirected.guard.allows_name("db.corp.test")
"""
    run(pytester, source).assert_outcomes(passed=1)


def test_what_cannot_be_allowed_ends_the_run(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_it(): pass", "--mailharness-allow=db.corp.test:5432")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--mailharness-allow = db.corp.test:5432: allow='db.corp.test:5432': write a name*"])

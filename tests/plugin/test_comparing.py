"""A plain ``assert`` on one of our values says, when it fails, why: where the letter stopped comes in its first line."""

import pytest

from tests.plugin.inside import run, run_alone

HEAD = """
import pytest
from mailharness import Address, Domain, Message, Reply, faults

def people(world):
    return world.user("userA@exampleA.tst"), world.user("userB@exampleB.tst")

def test_it(mailworld):
    alice, bob = people(mailworld)
"""
GREYLISTED = "stopped at mail.exampleB.tst, RCPT: 451 4.7.1 later"
ASSERTED = {
    "subjects": (
        """
with mailworld.fault(faults.reply("mail.exampleB.tst", "RCPT", "451 4.7.1 later")):
    alice.send(to=bob, subject="Hello")
assert bob.inbox.subjects == ["Hello"]
""",
        [
            f"E *assert [[]] == [[]'Hello'[]]: letter 1 {GREYLISTED}*",
            "E *what lies with userB@exampleB.tst:",
            "E *  missing: 'Hello'",
        ],
    ),
    "subjects of which the right one stopped": (
        """
alice.send(to="nobody@exampleB.tst", subject="Another")
mailworld.settle()
with mailworld.fault(faults.reply("mail.exampleB.tst", "RCPT", "451 4.7.1 later")):
    alice.send(to=bob, subject="Hello")
assert ["Hello"] == bob.inbox.subjects
""",
        [f"E *: letter 3 {GREYLISTED}*"],
    ),
    "subjects that nobody sent": (
        "alice.send(to=bob, subject='Hello')\nassert bob.inbox.subjects == ['Welcome']",
        [
            "E *== [[]'Welcome'[]]: no letter of the subject 'Welcome' was sent",
            "E *  missing: 'Welcome'",
            "E *  not expected: 'Hello'",
        ],
    ),
    "subjects in order": (
        "for word in 'ab':\n    alice.send(to=bob, subject=word)\n    mailworld.settle()\n"
        "assert bob.mailbox().subjects == ['b', 'a']",
        ["E *assert [[]'a', 'b'[]] == [[]'b', 'a'[]]", "E *  the same, in another order"],
    ),
    "a device's subjects": ("assert bob.mua('phone').subjects == ['x']", ["E *  missing: 'x'"]),
    "path": (
        "letter = alice.send(to=bob)\nassert letter.trace.path == ('userA@exampleA.tst', 'mx.exampleA.tst')",
        [
            "E *step 2 is 'mail.exampleA.tst', not 'mx.exampleA.tst'",
            "E *step 3 is 'mail.exampleB.tst', not nothing",
            "E *step 4 is *",
        ],
    ),
    "path as a list": ("assert alice.send(to=bob).trace.path == ['x']", ["E *a path is a tuple: *"]),
    "path that stops": (
        """
with mailworld.fault(faults.reply("mail.exampleB.tst", "RCPT", "451 4.7.1 later")):
    letter = alice.send(to=bob)
assert letter.trace.path == ("userA@exampleA.tst", "mail.exampleA.tst", "mail.exampleB.tst", "userB@exampleB.tst")
""",
        [f"E *assert ('userA@exampleA.tst', *: letter 1 {GREYLISTED}*"],
    ),
    "status": (
        "letter = alice.send(to=[bob, 'nobody@exampleB.tst'])\n"
        "assert letter.trace.status == {'userB@exampleB.tst': 'delivered', 'nobody@exampleB.tst': 'delivered'}",
        [
            "E *: letter 1 for nobody@exampleB.tst: stopped at mail.exampleB.tst, RCPT: 550 *",
            "E *nobody@exampleB.tst: 'bounced', not 'delivered'",
        ],
    ),
    "message": (
        "assert Message(b'Subject: a\\r\\n\\r\\nx\\r\\n') == Message(b'Subject: b\\r\\n\\r\\nx\\r\\n')",
        ["E *header: b'Subject: a', not b'Subject: b'"],
    ),
    "message and text": (
        "alice.send(to=bob)\nassert bob.inbox[0] == 'x'",
        ["E *: a message is compared with a message: *"],
    ),
    "reply": ("assert Reply(451, 'later', '4.7.1') == Reply(450, 'later', '4.7.1')", ["E *code: 451, not 450"]),
    "reply and a code": ("assert Reply(451) == 451", ["E *: a reply is compared with a reply: write .code*"]),
    "letter": (
        "letter = alice.send(to=bob)\nassert mailworld.letters[0] == letter",
        ["E *<Letter 1> == <Letter 1>: each look at a letter gives another handle: compare .number"],
    ),
    "inbox": ("assert bob.inbox == []", ["E *: an inbox holds messages and equals itself alone: compare .subjects*"]),
}


def indented(body: str) -> str:
    return "\n".join(f"    {line}" if line else line for line in body.splitlines())


@pytest.mark.parametrize("what", ASSERTED)
def test_a_comparison_that_fails_says_why(pytester: pytest.Pytester, what: str) -> None:
    body, lines = ASSERTED[what]
    result = run(pytester, HEAD + indented(body), "-vv")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(lines)


def test_the_summary_line_names_the_culprit_too(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    body, _ = ASSERTED["subjects"]
    result = run_alone(pytester, HEAD + indented(body), "-q", "--tb=short", "-p", "xdist", "-n", "2")
    result.stdout.fnmatch_lines(["FAILED *: letter 1 stopped at mail.exampleB.tst*"])


OTHERS = ["assert [1] == [2]", "assert ('a',) == ('b',)", "assert {'a': 1} == {'a': 2}", "assert 'a' == 'b'"]


def explained(result: pytest.RunResult) -> list[str]:
    return [line.removeprefix("E").strip() for line in result.outlines if line.startswith("E ")]


@pytest.mark.parametrize("line", OTHERS)
def test_of_the_values_of_others_nothing_is_said(pytester: pytest.Pytester, line: str) -> None:
    stopped = 'alice.send(to="nobody@exampleB.tst")\n'
    ours = explained(run(pytester, HEAD + indented(stopped + line)))
    assert ours == explained(run(pytester, f"def test_it(): {line}", "-p", "no:mailharness"))
    assert line.removeprefix("assert ") in "".join(ours)

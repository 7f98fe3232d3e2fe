"""A worker in a process of its own, told of its servers by `world.env()`, with a queue between it and the test."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mailharness import Domain, faults

pytestmark = pytest.mark.mailworld(Domain("acme.test", users=["worker"]), Domain("globex.test", users=["bob", "carol"]))
WORKER = Path(__file__).with_name("worker.py")
JOBS = [
    {"id": 1, "to": "bob@globex.test", "subject": "One"},
    {"id": 2, "to": "carol@globex.test", "subject": "Two"},
]


def work(world, jobs):
    """Hand out the jobs, wait for the end of the worker, and read its results."""
    done = subprocess.run(
        [sys.executable, WORKER],
        input="".join(f"{json.dumps(job)}\n" for job in jobs),
        env=os.environ | world.env("worker@acme.test"),
        stdout=subprocess.PIPE,
        text=True,
        timeout=30,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_what_fails_for_now_goes_to_the_end_of_the_line(mailworld):
    with mailworld.fault(faults.reply("mail.acme.test", "RCPT", "450 4.2.1 Busy", recipient="bob@globex.test", times=1)):
        results = work(mailworld, JOBS)

    assert results == [{"id": 2, "sent": True, "tries": 1}, {"id": 1, "sent": True, "tries": 2}]
    assert mailworld.user("bob@globex.test").inbox.subjects == ["One"]


def test_a_connection_that_is_cut_costs_a_try_and_no_letter(mailworld):
    with mailworld.fault(faults.smtp.drop_after("mail.acme.test", 10, times=1)):
        (result,) = work(mailworld, JOBS[:1])

    assert result == {"id": 1, "sent": True, "tries": 2}
    assert mailworld.user("bob@globex.test").inbox.subjects == ["One"]  # and once only


def test_a_letter_that_was_sent_may_come_back_all_the_same(mailworld):
    (result,) = work(mailworld, [{"id": 3, "to": "nobody@globex.test", "subject": "Three"}])

    assert result == {"id": 3, "sent": True, "tries": 1}
    (letter, _report) = mailworld.letters
    letter.trace.assert_bounced("5.1.1")
    assert mailworld.user("worker@acme.test").inbox.only().as_dsn().original.subject == "Three"

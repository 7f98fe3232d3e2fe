"""A FastAPI application that sends with aiosmtplib in a background task, while its mail server has a bad day.

`redirected` brings mail.acme.test, port 587, to the world's; each fault is one that only a real session can show.
"""

import pytest
from fastapi.testclient import TestClient
from signup import app, given_up, pending

from mailharness import Domain, faults

pytestmark = [
    pytest.mark.mailworld(Domain("acme.test", users=["signup"]), Domain("globex.test", users=["bob"])),
    pytest.mark.usefixtures("redirected"),
]
SERVER = "mail.acme.test"


@pytest.fixture
def browser():
    pending.clear()
    given_up.clear()
    with TestClient(app) as client:
        yield client


def test_the_code_comes_and_confirms(mailworld, browser):
    assert browser.post("/signup", params={"email": "bob@globex.test"}).status_code == 202

    mailworld.wait_for(to="bob@globex.test").trace.assert_delivered()
    (code,) = mailworld.user("bob@globex.test").inbox.only(subject="Your code").codes
    assert browser.post("/confirm", params={"email": "bob@globex.test", "code": code}).status_code == 200
    assert browser.post("/confirm", params={"email": "bob@globex.test", "code": code}).status_code == 403


def test_a_server_that_is_busy_twice_is_asked_a_third_time(mailworld, browser):
    with mailworld.fault(faults.reply(SERVER, "RCPT", "451 4.3.0 Busy", times=2)) as (busy,):
        browser.post("/signup", params={"email": "bob@globex.test"})

    assert busy.fired == 2
    assert mailworld.user("bob@globex.test").inbox.subjects == ["Your code"]
    assert given_up == []


def test_a_reply_that_is_lost_makes_two_letters_with_one_code(mailworld, browser):
    with mailworld.fault(faults.smtp.lose_reply(SERVER, times=1)):
        browser.post("/signup", params={"email": "bob@globex.test"})

    first, second = mailworld.user("bob@globex.test").inbox
    assert first.codes == second.codes == [pending["bob@globex.test"]]
    assert first.message_id == second.message_id


def test_an_address_that_is_refused_is_not_tried_again(mailworld, browser):
    with mailworld.fault(faults.reply(SERVER, "RCPT", "550 5.1.1 No such user")) as (refusal,):
        browser.post("/signup", params={"email": "bop@globex.test"})

    assert refusal.fired == 1
    assert given_up == ["bop@globex.test"]

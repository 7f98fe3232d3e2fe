"""What an account may be declared to do with its letters, and what is misuse."""

from typing import Any

import pytest

from mailharness import MisuseError
from mailharness.mail import Reply
from mailharness.mailbox import Reactions


def test_an_account_does_nothing_unless_told() -> None:
    nothing = Reactions()
    assert (nothing.bounce_reply, nothing.complains, nothing.auto_reply) == (None, "", "")


@pytest.mark.parametrize("bounce", ["550 5.1.1 No such user", Reply(550, "No such user", "5.1.1")])
def test_a_bounce_is_a_reply(bounce: str | Reply) -> None:
    assert Reactions(bounce=bounce, bounce_after=60).bounce_reply == Reply(550, "No such user", "5.1.1")


@pytest.mark.parametrize("whom", ["sender", "abuse", "postmaster", "fbl@acme.test"])
def test_to_whom_a_complaint_may_go(whom: str) -> None:
    assert Reactions(complains="abuse", complains_to=whom).complains_to == whom


@pytest.mark.parametrize(
    ("wrong", "cure"),
    [
        ({"bounce": 550}, "write an SMTP reply"),
        ({"complains": True}, "write a feedback type"),
        ({"auto_reply": None}, "write the text"),
        ({"bounce": "550 no", "bounce_after": "1 h"}, "write seconds"),
        ({"auto_reply": "away", "auto_reply_every": True}, "write seconds"),
        ({"bounce": "no"}, "write three digits"),
        ({"bounce": "250 Ok"}, "550 5.1.1 No such user"),
        ({"bounce": "550 no", "complains": "abuse"}, "can neither complain"),
        ({"bounce": "550 no", "auto_reply": "away"}, "nor answer"),
        ({"bounce": "550 no", "bounce_after": -1}, "0 or more seconds"),
        ({"bounce": "550 no", "bounce_after": float("nan")}, "0 or more seconds"),
        ({"bounce_after": 60}, "say what bounces"),
        ({"complains_to": "abuse"}, "say of what too"),
        ({"auto_reply_every": 60}, "say the answer too"),
        ({"complains": "abus"}, "did you mean 'abuse'"),
        ({"complains": "abuse", "complains_to": "nobody"}, "write local@domain"),
        ({"auto_reply": "away", "auto_reply_every": float("inf")}, "0 or more seconds"),
    ],
)
def test_what_makes_no_sense_is_misuse(wrong: dict[str, Any], cure: str) -> None:
    with pytest.raises(MisuseError, match=cure):
        Reactions(**wrong)

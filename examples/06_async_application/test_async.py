"""Your application runs in an event loop of its own and sends with aiosmtplib; the test awaits the world.

aiosmtplib encrypts wherever it can, so the application is told to trust the world's certificates. In a running loop
nothing may block: every verb of a world that waits has a twin under ``world.aio``. Any runner will do; here it is
``asyncio.run``.
"""

import asyncio
from email.message import EmailMessage

import aiosmtplib
import pytest

from mailharness import MisuseError


async def notify(server, trust, readers):
    """The application: one letter to each reader, all at the same time, over TLS (``trust`` is an SSL context)."""
    host, port = server
    await asyncio.gather(*(aiosmtplib.send(letter(to), hostname=host, port=port, tls_context=trust) for to in readers))


def letter(to):
    message = EmailMessage()
    message["From"] = "userA@exampleA.tst"
    message["To"] = to
    message["Subject"] = "News"
    message.set_content("There are news.")
    return message


def test_an_asynchronous_application(mailworld):
    async def story():
        server = mailworld["exampleA.tst"].submission
        async with mailworld.aio.expect(to="userB@exampleB.tst", subject="News") as found:
            await notify(server, mailworld.ssl_context(), ["userA@exampleA.tst", "userB@exampleB.tst"])
        found.trace.assert_delivered()
        return await mailworld.aio.user("userB@exampleB.tst").fetch(via="imap")

    assert [message.subject for message in asyncio.run(story())] == ["News"]


def test_a_blocking_verb_in_a_loop_says_what_to_write(mailworld):
    async def blocking():
        mailworld.settle()

    with pytest.raises(MisuseError, match=r"write `await world\.aio\.settle\(\)` instead"):
        asyncio.run(blocking())

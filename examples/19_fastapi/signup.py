"""A sign-up in FastAPI: the answer is given at once, and the code is sent in the background, again if need be."""

import secrets
from email.message import EmailMessage
from email.utils import make_msgid

import aiosmtplib
from fastapi import BackgroundTasks, FastAPI, HTTPException

ATTEMPTS = 3
app = FastAPI()
pending: dict[str, str] = {}
given_up: list[str] = []


def letter(to, code):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "signup@acme.test", to, "Your code"
    message["Message-ID"] = make_msgid(domain="acme.test")  # one for all attempts, so that a second copy can be told
    message.set_content(f"Your code is {code}.\n")
    return message


async def send(message):
    for _ in range(ATTEMPTS):
        try:
            await aiosmtplib.send(message, hostname="mail.acme.test", port=587, start_tls=False)
            return
        except aiosmtplib.SMTPRecipientsRefused as error:
            if error.recipients[0].code >= 500:
                break
        except (aiosmtplib.SMTPException, OSError):
            continue
    given_up.append(message["To"])


@app.post("/signup", status_code=202)
async def signup(email: str, background: BackgroundTasks):
    pending[email] = f"{secrets.randbelow(1_000_000):06}"
    background.add_task(send, letter(email, pending[email]))


@app.post("/confirm")
async def confirm(email: str, code: str):
    if pending.get(email) != code:
        raise HTTPException(403)
    del pending[email]

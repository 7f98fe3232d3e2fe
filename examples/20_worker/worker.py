"""A worker that sends letters: jobs come in on a queue, results go out; what fails for now goes to the end of the line.

    {"id": 1, "to": "bob@globex.test", "subject": "Hello"}      ->      {"id": 1, "sent": true, "tries": 2}

The queue is a pipe with a job a line, as a broker would hand them out.
"""

import json
import os
import smtplib
import sys
from collections import deque
from email.message import EmailMessage

TRIES = 3


def send(job):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = os.environ["SMTP_FROM"], job["to"], job["subject"]
    message.set_content("Sent by a worker.")
    with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"])) as smtp:
        smtp.starttls()
        smtp.login(os.environ["SMTP_USERNAME"], os.environ["SMTP_PASSWORD"])
        smtp.send_message(message)


def is_for_good(error):
    codes = [code for code, _ in error.recipients.values()] if isinstance(error, smtplib.SMTPRecipientsRefused) else []
    return any(code >= 500 for code in codes)


def main():
    waiting = deque(json.loads(line) for line in sys.stdin)
    while waiting:
        job = waiting.popleft()
        job["tries"] = job.get("tries", 0) + 1
        try:
            send(job)
        except (smtplib.SMTPException, OSError) as error:
            if not is_for_good(error) and job["tries"] < TRIES:
                waiting.append(job)
                continue
            print(json.dumps({"id": job["id"], "sent": False, "tries": job["tries"]}), flush=True)
        else:
            print(json.dumps({"id": job["id"], "sent": True, "tries": job["tries"]}), flush=True)


if __name__ == "__main__":
    main()

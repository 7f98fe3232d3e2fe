"""Invoices in Flask: one address to post them to, Flask-Mail to send them, and a list of those that came back."""

import os
from email import message_from_bytes
from imaplib import IMAP4

from flask import Flask, request
from flask_mail import Mail, Message

mail = Mail()


def create_app():
    app = Flask(__name__)
    app.config.update(
        MAIL_SERVER=os.environ["MAIL_SERVER"],
        MAIL_PORT=int(os.environ["MAIL_PORT"]),
        MAIL_USE_TLS=os.environ.get("MAIL_USE_TLS") == "true",
        MAIL_USERNAME=os.environ["MAIL_USERNAME"],
        MAIL_PASSWORD=os.environ["MAIL_PASSWORD"],
        MAIL_DEFAULT_SENDER=os.environ["MAIL_DEFAULT_SENDER"],
    )
    mail.init_app(app)

    @app.post("/invoices")
    def send():
        message = Message("Your invoice", recipients=[request.form["to"]], body="Please find it attached.")
        message.attach("invoice.pdf", "application/pdf", request.files["invoice"].read())
        mail.send(message)
        return {"sent": request.form["to"]}, 202

    @app.get("/undelivered")
    def undelivered():
        return list(bounced())

    return app


def bounced():
    """Whom an invoice did not reach, and why, by the reports in our own mailbox."""
    imap = IMAP4(os.environ["IMAP_HOST"], int(os.environ["IMAP_PORT"]))
    imap.login(os.environ["IMAP_USERNAME"], os.environ["IMAP_PASSWORD"])
    imap.select("INBOX", readonly=True)
    for number in imap.search(None, "ALL")[1][0].split():
        report = message_from_bytes(imap.fetch(number, "(BODY.PEEK[])")[1][0][1])
        for part in report.walk():
            if part["Final-Recipient"]:
                yield {"to": part["Final-Recipient"].partition(";")[2].strip(), "status": part["Status"]}
    imap.logout()

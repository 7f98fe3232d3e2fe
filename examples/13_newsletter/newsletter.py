"""A newsletter: sends to its subscribers, and reads what comes back, so that nobody is written to in vain."""

import imaplib
import smtplib
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

ADDRESS = "news@shop.test"


@dataclass
class Newsletter:
    smtp: tuple[str, int]
    imap: tuple[str, int]
    password: str
    subscribers: set[str]
    gone: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)

    def send(self, subject: str, text: str) -> None:
        with smtplib.SMTP(*self.smtp) as smtp:
            for subscriber in sorted(self.subscribers):
                message = EmailMessage()
                message["From"], message["To"], message["Subject"] = ADDRESS, subscriber, subject
                message.set_content(text)
                # The envelope sender says who it was for, whatever the report looks like.
                smtp.send_message(message, from_addr=f"news+{subscriber.replace('@', '=')}@shop.test")

    def read_what_came_back(self) -> None:
        with imaplib.IMAP4(*self.imap) as client:
            client.login(ADDRESS, self.password)
            client.select("INBOX")
            for number in client.search(None, "UNDELETED")[1][0].split():
                self._heed(message_from_bytes(client.fetch(number, "(RFC822)")[1][0][1], policy=policy.default))
                client.store(number, "+FLAGS", r"(\Deleted)")
            client.expunge()

    def _heed(self, message: EmailMessage) -> None:
        """RFC 3464: a report has a part of its own for programs, a group of fields for each recipient."""
        report = next((part for part in message.walk() if part.get_content_type() == "message/delivery-status"), None)
        subscriber = str(message["Delivered-To"] or "").partition("+")[2].partition("@")[0].replace("=", "@")
        for group in report.get_payload()[1:] if report else ():
            if group["Action"] == "failed":
                self.gone.add(subscriber)
                self.late.discard(subscriber)
            elif group["Action"] == "delayed":
                self.late.add(subscriber)
        self.subscribers -= self.gone

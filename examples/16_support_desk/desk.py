"""A support desk: downloads its mail by POP3, opens a ticket for each letter, and answers with the ticket's number."""

import poplib
import smtplib
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Desk:
    pop3: tuple[str, int]
    smtp: tuple[str, int]
    address: str
    password: str
    tickets: dict[str, str] = field(default_factory=dict)
    """Subjects by the unique-id of the letter (RFC 1939 §7)."""

    def collect(self) -> int:
        """How many tickets were opened. A letter is deleted only when the session has ended well."""
        client = poplib.POP3(*self.pop3, timeout=10)
        opened = []
        try:
            client.user(self.address)
            client.pass_(self.password)
            for line in client.uidl()[1]:
                number, unique_id = line.decode().split()
                message = message_from_bytes(b"\r\n".join(client.retr(int(number))[1]), policy=policy.default)
                if unique_id not in self.tickets:
                    self.tickets[unique_id] = str(message["Subject"])
                    opened.append((len(self.tickets), message))
                client.dele(int(number))
            client.quit()
        finally:
            client.close()
            for number, message in opened:
                self._answer(number, message)
        return len(opened)

    def _answer(self, number: int, message: EmailMessage) -> None:
        if message["Auto-Submitted"] not in (None, "no") or str(message["Return-Path"]) == "<>":
            return  # RFC 3834 §2: never answer a machine
        answer = EmailMessage()
        answer["From"], answer["To"] = self.address, message["From"]
        answer["Subject"] = f"[#{number}] {message['Subject']}"
        answer["Auto-Submitted"] = "auto-replied"
        answer["In-Reply-To"] = message["Message-ID"]
        answer.set_content("We have your letter, and shall answer soon.\n")
        with smtplib.SMTP(*self.smtp) as smtp:
            smtp.send_message(answer)

"""SMTP on both ends: a receiver on aiosmtpd and a sender on aiosmtplib.

A ``Receiver`` serves one accepted connection for a ``Reception``, which decides who may send what to whom and takes
responsibility for a message before its 250 is written. A ``SenderSession`` speaks the other half over a connected socket.
"""

from mailharness.smtp.receiver import Receiver
from mailharness.smtp.reception import Announce, Decision, ReceiverOptions, Reception, SmtpSession, Transaction
from mailharness.smtp.sasl import Credentials
from mailharness.smtp.sender import Opening, Outcome, SenderSession

__all__ = [
    "Announce",
    "Credentials",
    "Decision",
    "Opening",
    "Outcome",
    "Receiver",
    "ReceiverOptions",
    "Reception",
    "SenderSession",
    "SmtpSession",
    "Transaction",
]

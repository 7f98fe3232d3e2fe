"""SMTP on both ends: a receiver on aiosmtpd and a sender on aiosmtplib.

A ``Receiver`` serves one accepted connection for a ``Reception``, which decides who may send what to whom and takes
responsibility for a message before its 250 is written. A ``SenderSession`` speaks the other half over a connected socket.
"""

from mailharness.mail.sasl import Credentials
from mailharness.smtp.login import Login
from mailharness.smtp.outcome import Opening, Outcome, TlsPolicy
from mailharness.smtp.receiver import Receiver
from mailharness.smtp.reception import Announce, Decision, ReceiverOptions, Reception, Ruling, SmtpSession, Transaction
from mailharness.smtp.sender import SenderSession
from mailharness.smtp.voice import Voice

__all__ = [
    "Announce",
    "Credentials",
    "Decision",
    "Login",
    "Opening",
    "Outcome",
    "Receiver",
    "ReceiverOptions",
    "Reception",
    "Ruling",
    "SenderSession",
    "SmtpSession",
    "TlsPolicy",
    "Transaction",
    "Voice",
]

"""POP3 (RFC 1939) as a machine without sockets: octets in, octets out."""

from mailharness.pop3.policy import Policy
from mailharness.pop3.session import Pop3Session

__all__ = ["Policy", "Pop3Session"]

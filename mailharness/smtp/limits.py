"""What a receiver puts up with: every limit that a client can run into, declared in one place.

The size of a message, the recipients of one, the real idle time-out and how many sessions there may be are the host's
own (``ReceiverOptions``). None of these limits costs memory that grows with what a client says: what is over a limit is
counted and thrown away.
"""

COMMAND_LINE = 512
"""Octets of a command line with its CRLF (RFC 5321 §4.5.3.1.4); extensions add to it, see ``esmtp.LIMITS``."""
LONGEST_LINE = 12288
"""The longest line that any extension allows: an AUTH exchange (RFC 4954 §4)."""
UNKNOWN_COMMANDS = 20
"""Unknown commands until the session is ended with 421."""
AUTH_FAILURES = 10
"""Failed logins in one session, the last of which is answered with 421. smtplib makes three of one wrong password: it tries
one mechanism after the other, and its user has to read the 535."""
THROWN_AWAY = 1 << 28
"""Octets of messages that are too big, and of chunks that are refused, read in one session until it ends with 421."""
READ_AHEAD = 65536
"""Octets that may wait while something is awaited; then the transport stops reading."""
REPLY_BATCH = 100
"""Replies that leave in one write at most, so that the transport can say when its buffer is full."""
IDLE = 300.0
"""Real seconds in which a foreign client has to finish its next command, where time is real (RFC 5321 §4.5.3.2.7)."""
PROGRESS = 1024
"""Octets of data that count as a sign of life: fewer than these in ``IDLE`` seconds are a client that drips."""
PROXY_HEADER = 536
"""Octets of a PROXY header, version 2 with what it may carry besides the addresses; version 1 has 107."""

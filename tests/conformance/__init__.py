"""One suite for our mailbox servers and for Dovecot: the same stories, told to both, with the same answers."""

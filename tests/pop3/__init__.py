"""POP3, tested without a socket."""

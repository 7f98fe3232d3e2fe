"""IMAP, tested without a server."""

"""Where letters rest, tested without a protocol."""

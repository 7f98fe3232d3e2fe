"""Names, tested without a socket: zones, answers, octets, and look-ups through a scripted Internet."""

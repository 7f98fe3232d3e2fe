"""The SMTP floor under test: octets, grammar, the receiver's dialogue, the sender, and both against each other."""

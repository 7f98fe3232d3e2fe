"""The nouns: addresses, replies, messages, reports."""

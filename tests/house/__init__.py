"""The rules of the house, each a function that lists what breaks it, so that each can be shown to fail."""

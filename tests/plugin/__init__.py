"""The pytest plugin, seen from a test file of a user in an empty folder."""

"""The pytest plugin of mailharness: worlds as fixtures, and the story of the letters in the report of a failing test."""

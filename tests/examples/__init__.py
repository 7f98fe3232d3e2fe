"""The examples run, each alone."""

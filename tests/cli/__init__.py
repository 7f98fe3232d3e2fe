"""The command line, as someone at a terminal meets it."""

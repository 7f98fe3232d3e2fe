"""Time as an argument, and rest that is counted."""

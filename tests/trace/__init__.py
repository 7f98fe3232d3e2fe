"""The readings of a journal, told by stories made by hand."""

"""The tests mirror the floors of the house; what crosses floors has a folder of its own."""

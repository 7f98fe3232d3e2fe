"""Judges and the switchboard that asks them."""

"""Worlds as things that begin and end, seen from the outside: life, names, hostile clients, misuse."""

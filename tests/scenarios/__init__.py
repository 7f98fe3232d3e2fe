"""Stories of whole worlds, each ending with balanced books."""

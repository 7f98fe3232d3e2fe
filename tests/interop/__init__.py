"""Programs and libraries that others wrote use a world as they use any mail Internet, unchanged."""

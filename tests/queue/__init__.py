"""The queue: its arithmetic by property, its waiting on a clock that stands still."""

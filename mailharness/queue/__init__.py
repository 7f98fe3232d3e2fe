"""The queue: a letter that cannot go now waits here until the schedule says to try again, or to give up.

The schedule is arithmetic and knows no clock; the spool is a clock's timers and knows no arithmetic.
"""

from mailharness.queue.schedule import Schedule
from mailharness.queue.spool import Entry, Spool

__all__ = ["Entry", "Schedule", "Spool"]

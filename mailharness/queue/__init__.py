"""The queue: a letter that cannot go now waits here until the schedule says to try again, or to give up.

The schedule is arithmetic and knows no clock; the spool is a clock's timers and knows no arithmetic.
"""

from mailharness.queue.entry import Entry, Standing, Waiting, snapshot
from mailharness.queue.limits import SendingLimits
from mailharness.queue.schedule import Schedule
from mailharness.queue.spool import Spool

__all__ = ["Entry", "Schedule", "SendingLimits", "Spool", "Standing", "Waiting", "snapshot"]

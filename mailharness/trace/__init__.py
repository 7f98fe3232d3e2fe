"""What happened: events, the journal that keeps them, and the readings of it (trace, transcript, diagram, ledger).

Recording is always on. A trace, a transcript or a diagram only reads the journal, so it can be asked for after the
fact, about any letter, without having been attached to anything.
"""

from mailharness.trace.hops import Hop
from mailharness.trace.journal import Journal
from mailharness.trace.lookups import Lookup
from mailharness.trace.trace import Bounce, Trace
from mailharness.trace.transcript import transcript

__all__ = ["Bounce", "Hop", "Journal", "Lookup", "Trace", "transcript"]

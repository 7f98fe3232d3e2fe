"""The moment that a message says it was sent, for SORT and THREAD (RFC 5256 §2.2)."""

from datetime import UTC
from email.utils import parsedate_to_datetime

from mailharness.imap.reading import Reading


def sent_at(reading: Reading) -> float:
    """Seconds since the epoch by the Date field with its zone, or when it arrived where that is no date."""
    try:
        moment = parsedate_to_datetime((reading.root.raw(b"date") or b"").decode("ascii", "replace"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return reading.stored.internal_date

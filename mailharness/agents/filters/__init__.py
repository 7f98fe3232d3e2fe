"""The filters of a mail gateway: what they are shown, what they may say, and those that need not be written.

A filter is any callable that takes an ``Arrival`` and returns a verdict, or None to accept. ``judge`` asks a list of
them in order: a ``Tag`` adds a header field and goes on, a ``Refuse`` or a ``Quarantine`` ends it.
"""

from mailharness.agents.filters.action import TAG_HEADER, Action
from mailharness.agents.filters.arrival import Arrival
from mailharness.agents.filters.attachments import EXECUTABLES, attachment_types
from mailharness.agents.filters.cards import payment_cards
from mailharness.agents.filters.judgement import Filter, FilterError, Finding, Judgement, check_filters, filter_name, judge
from mailharness.agents.filters.links import deceptive_links
from mailharness.agents.filters.size import max_size
from mailharness.agents.filters.verdict import Accept, FilterVerdict, Quarantine, Refuse, Tag
from mailharness.agents.filters.wording import words

__all__ = [
    "EXECUTABLES",
    "TAG_HEADER",
    "Accept",
    "Action",
    "Arrival",
    "Filter",
    "FilterError",
    "FilterVerdict",
    "Finding",
    "Judgement",
    "Quarantine",
    "Refuse",
    "Tag",
    "attachment_types",
    "check_filters",
    "deceptive_links",
    "filter_name",
    "judge",
    "max_size",
    "payment_cards",
    "words",
]

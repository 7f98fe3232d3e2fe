"""Stateful behaviours of a host: greylisting, rates, caps, tarpits and lists, declared, on the world's clock, without dice.

    Host(behaviours=[behaviours.greylisting(delay=300), behaviours.rate_limit(messages=10, per=3600, by="sender")])

They are asked in order at each phase of a session, and the first refusal wins. Each host has a memory of its own.
"""

from mailharness.agents.behaviours.at_work import HostBehaviours
from mailharness.agents.behaviours.behaviour import Behaviour, Remembered
from mailharness.agents.behaviours.connections import connection_limit
from mailharness.agents.behaviours.greylisting import first_contact, greylisting
from mailharness.agents.behaviours.lists import allow, block
from mailharness.agents.behaviours.personality import Personality, find_personality, personality_names
from mailharness.agents.behaviours.rates import rate_limit, recipient_quota
from mailharness.agents.behaviours.tarpit import tarpit

__all__ = [
    "Behaviour",
    "HostBehaviours",
    "Personality",
    "Remembered",
    "allow",
    "block",
    "connection_limit",
    "find_personality",
    "first_contact",
    "greylisting",
    "personality_names",
    "rate_limit",
    "recipient_quota",
    "tarpit",
]

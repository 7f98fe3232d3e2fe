"""A filter against the loss of data: numbers of payment cards in the text of a letter."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from mailharness.agents.filters.action import Action, checked_action, take
from mailharness.agents.filters.arrival import Arrival
from mailharness.agents.filters.verdict import FilterVerdict

_REPLY = "550 5.7.1 The message has a payment card number in it"
_RUN = re.compile(r"(?<![A-Za-z0-9_+])(?<![0-9]\.)[0-9]+(?:[ \-\u2010-\u2014]{1,3}[0-9]+)*(?![A-Za-z0-9_])")
_GROUP = re.compile(r"[0-9]+")
_DOUBLED = str.maketrans("0123456789", "0246813579")
_SHORTEST, _LONGEST = 13, 19
_FULL_GROUP = 4
_MOST_GROUPS = _LONGEST // _FULL_GROUP + 1


class Issuer(NamedTuple):
    """Numbers that begin with ``low`` to ``high`` (as many digits as these have), of any of ``lengths``."""

    name: str
    low: int
    high: int
    lengths: range


ISSUERS = (
    Issuer("Visa", 4, 4, range(13, 20, 3)),
    Issuer("Mastercard", 51, 55, range(16, 17)),
    Issuer("Mastercard", 2221, 2720, range(16, 17)),
    Issuer("American Express", 34, 34, range(15, 16)),
    Issuer("American Express", 37, 37, range(15, 16)),
    Issuer("Diners Club", 300, 305, range(14, 20)),
    Issuer("Diners Club", 3095, 3095, range(14, 20)),
    Issuer("Diners Club", 36, 36, range(14, 20)),
    Issuer("Diners Club", 38, 39, range(14, 20)),
    Issuer("Discover", 6011, 6011, range(16, 20)),
    Issuer("Discover", 644, 659, range(16, 20)),
    Issuer("JCB", 3528, 3589, range(16, 20)),
    Issuer("UnionPay", 62, 62, range(16, 20)),
    Issuer("Mir", 2200, 2204, range(16, 20)),
    Issuer("Maestro", 5018, 5018, range(13, 20)),
    Issuer("Maestro", 5020, 5020, range(13, 20)),
    Issuer("Maestro", 5038, 5038, range(13, 20)),
    Issuer("Maestro", 5893, 5893, range(13, 20)),
    Issuer("Maestro", 6304, 6304, range(13, 20)),
    Issuer("Maestro", 6759, 6763, range(13, 20)),
    Issuer("RuPay", 60, 60, range(16, 17)),
    Issuer("RuPay", 81, 82, range(16, 17)),
)
"""Who issues cards under which first digits (ISO/IEC 7812); the first row that fits names a number."""


@dataclass(frozen=True, slots=True)
class PaymentCards:
    """Finds numbers of payment cards; the reason shows no more of them than the last four digits."""

    name: ClassVar[str] = "payment_cards"
    action: Action

    def __call__(self, arrival: Arrival) -> FilterVerdict | None:
        for reading in arrival.readings:
            for number in card_numbers(reading.text):
                reason = f"{reading.where} has a {issuer_of(number)} card number that ends in {number[-4:]}"
                return take(self.action, self.name, reason, _REPLY)
        return None


def payment_cards(action: Action = "refuse") -> PaymentCards:
    """A filter for numbers of 13 to 19 digits, perhaps in groups with blanks or hyphens between them, whose first digits
    are a known issuer's and whose last one is the right check digit."""
    return PaymentCards(checked_action("payment_cards", action))


def card_numbers(text: str) -> Iterator[str]:
    """The numbers of payment cards in ``text``, as digits alone."""
    for run in _RUN.finditer(text):
        if len(run[0]) >= _SHORTEST:
            yield from filter(issuer_of, _candidates(_GROUP.findall(run[0])))


def issuer_of(digits: str) -> str:
    """Who issued the card with this number; empty where it is no card's."""
    fitting = (
        issuer.name
        for issuer in ISSUERS
        if len(digits) in issuer.lengths and issuer.low <= int(digits[: len(str(issuer.low))]) <= issuer.high
    )
    name = next(fitting, "")
    return name if name and passes_luhn(digits) else ""


def passes_luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    backwards = digits[::-1]
    return sum(map(int, backwards[::2] + backwards[1::2].translate(_DOUBLED))) % 10 == 0


def _candidates(groups: list[str]) -> Iterator[str]:
    """Neighbouring groups that may make up one number: 13 to 19 digits, and only the last group has less than four.

    A list of short numbers is no card, however its digits add up.
    """
    for first in range(len(groups)):
        digits = ""
        for group in groups[first : first + _MOST_GROUPS]:
            digits += group
            if _SHORTEST <= len(digits) <= _LONGEST:
                yield digits
            if len(group) < _FULL_GROUP or len(digits) > _LONGEST:
                break

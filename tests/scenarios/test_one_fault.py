"""Two hundred worlds, each with one fault drawn by a seed: where the letter did not arrive, the first line says why.

``ONE_FAULT=5000`` plays so many.
"""

import os
import random

import pytest

from mailharness.faults.spec import REGISTRY
from tests.scenarios.one_fault import WAYS, draw, happen

WORLDS = int(os.environ.get("ONE_FAULT", "200"))
BLOCKS = 8


@pytest.mark.parametrize("block", range(BLOCKS))
def test_the_first_line_names_the_one_fault(block: int) -> None:
    mishaps = [happen(seed) for seed in range(block, WORLDS, BLOCKS)]
    assert [line for one in mishaps for line in one.unnamed] == []
    assert all(one.fired for one in mishaps if one.told)
    assert sum(bool(one.told) for one in mishaps) > len(mishaps) // 5, "a proof of too few letters"


def test_every_fault_and_every_way_is_drawn() -> None:
    drawn = [draw(random.Random(seed)) for seed in range(5000)]
    assert {fault.spec.function for _, fault in drawn if fault.spec} == set(REGISTRY)
    assert {way for way, _ in drawn} == set(WAYS)

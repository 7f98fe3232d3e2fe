"""The mail trace where other programs read it: properties of the test in a JUnit file, and an attachment for Allure.

What takes its text from the report's sections, as the terminal and pytest-html do, needs nothing of this.
"""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mailharness import World


def publish(item: pytest.Item, section: str, trace: str, worlds: "Mapping[World, int]") -> None:
    """Hand on what was told of a test."""
    known = dict.fromkeys(name for name, _ in item.user_properties)
    item.user_properties += [one for one in _properties(worlds) if one[0] not in known]
    if item.config.pluginmanager.hasplugin("allure_listener") and (allure := sys.modules.get("allure")):
        allure.attach(trace, name=section, attachment_type=allure.attachment_type.TEXT)


def _properties(worlds: "Mapping[World, int]") -> list[tuple[str, object]]:
    from .story import stops

    told = [line for world, since in worlds.items() for line in stops(world, since)]
    seeds = ", ".join(dict.fromkeys(str(world.seed) for world in worlds))
    return [("mailharness_seed", seeds), *([("mailharness_stopped", "\n".join(told))] if told else [])]

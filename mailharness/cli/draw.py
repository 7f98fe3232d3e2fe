"""``mailharness draw``: the map of a scenario, which need not run for it."""

import sys
from collections.abc import Mapping
from typing import cast

from mailharness.world import World, read_toml


def draw(options: Mapping[str, object]) -> int:
    """Print the map of the scenario as SVG or Mermaid. Raises MisuseError for a scenario that cannot be."""
    scenario = cast("str | None", options["scenario"])
    world = World(*(read_toml(scenario) if scenario is not None else ()))
    # A picture is UTF-8 wherever it is drawn, whatever the terminal is set to.
    text = world.mermaid() if options["mermaid"] else world.svg() + "\n"
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(text)
    return 0

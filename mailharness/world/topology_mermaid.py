"""The map of a world in Mermaid: a flowchart with a box for each domain."""

from collections.abc import Iterator, Sequence

from mailharness.drawing import said
from mailharness.world.blueprint import Domain
from mailharness.world.topology import Card, cards

DOMAINS = 40
"""How many domains are drawn."""


def topology_mermaid(domains: Sequence[Domain]) -> str:
    """The domains as the source of a Mermaid flowchart; of very many the first, and how many are left out."""
    told = cards(domains[:DOMAINS])
    doors = {card.name: f"d{number}" for number, card in enumerate(told)}
    lines = [line for number, card in enumerate(told) for line in _card(number, card)]
    for card in told:
        for remark in card.remarks:
            if remark.to in doors and remark.to != card.name:
                arrow = "-.->" if remark.waits else "-->"
                lines.append(f'{doors[card.name]} {arrow}|"{said(remark.text)}"| {doors[remark.to]}')
    if (left_out := len(domains) - DOMAINS) > 0:
        lines.append(f'rest["{said(f"{left_out:,} domains more are left out")}"]')
    return "\n".join(["flowchart LR", *(f"    {line}" for line in lines)]) + "\n"


def _card(number: int, card: Card) -> Iterator[str]:
    yield f'subgraph d{number}["{said(card.name)}"]'
    entrances: list[str] = []
    for stage, machines in enumerate(card.stages):
        names = [f"d{number}s{stage}m{n}" for n in range(len(machines))]
        for name, machine in zip(names, machines, strict=True):
            shape = ('{{"', '"}}') if machine.guards else ('["', '"]')
            yield f"    {name}{shape[0]}{said(machine.name)}<br/>{said(machine.does)}{shape[1]}"
        yield from (f"    {one} --> {names[0]}" for one in entrances[:1])
        entrances = names
    people = "<br/>".join(map(said, card.people)) or "nobody"
    yield f'    d{number}p(["{people}"])'
    yield f"    {entrances[0]} --> d{number}p"
    yield "end"

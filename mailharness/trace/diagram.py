"""The diagram: a letter's story from top to bottom for a terminal of 100 columns, hop by hop, with the stop marked.

letter 1: userA@exampleA.tst -> userB@exampleB.tst: delivered

  mail.exampleA.tst
    |  submitted    from <userA@exampleA.tst> for userB@exampleB.tst, 812 octets
    |  looked up    exampleB.tst MX: 10 mail.exampleB.tst.
    |                 root.tst: exampleB.tst MX? -> referral to tst.
    v  relayed      -> mail.exampleB.tst: 250 2.0.0 Ok
"""

import textwrap
from collections.abc import Iterable, Iterator

from mailharness.trace.hops import Hop
from mailharness.trace.wording import duration, same_name

WIDTH = 100
_KIND = 12
_HEAD, _TAIL = 40, 20
"""How many hops of a long story are told from its start and from its end."""


def diagram(title: str, hops: Iterable[Hop], stops: Iterable[str] = (), ends: Iterable[str] = ()) -> str:
    """The hops in order, grouped by host, with the world's time where it moved on; then each stop, and each good end."""
    lines = [title, "", *_body(list(hops))]
    lines += (line for stop in stops for line in _wrap(stop, "  X ", "    "))
    lines += (line for end in ends for line in _wrap(end, "  = ", "    "))
    return "\n".join(line.rstrip() for line in lines)


def _body(hops: list[Hop]) -> Iterator[str]:
    start = at = hops[0].at if hops else 0.0
    host, left_out = "", range(_HEAD, len(hops) - _TAIL)
    for number, hop in enumerate(hops):
        if number in left_out:
            if number == _HEAD:
                yield f"  ... {len(left_out)} steps more ..."
            host = ""
            continue
        if hop.at != at:
            yield f"  (+{duration(hop.at - start)})"
            at = hop.at
        if not same_name(hop.host, host):
            yield f"  {hop.host}"
            host = hop.host
        yield from _hop(hop)


def _hop(hop: Hop) -> Iterator[str]:
    mark = "v" if hop.kind == "relayed" else "|"
    head = f"    {mark}  {hop.kind:<{_KIND}} "
    rest = "    |" + " " * (len(head) - 5)
    yield from _wrap(hop.text, head, rest)
    for step in hop.steps:
        yield from _wrap(step, f"{rest}  ", f"{rest}    ")


def _wrap(text: str, head: str, rest: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=head, subsequent_indent=rest, break_on_hyphens=False) or [head]

"""Measure and print. Names choose rows: ``python -m tests.benchmarks dns_queries two_hops``."""

import sys
from collections.abc import Callable, Iterator

from tests.benchmarks import catchers, letters, mailboxes, names, patience, pytests, worlds
from tests.benchmarks.measuring import machine
from tests.benchmarks.table import Line, write

ROWS: tuple[Callable[[], Iterator[Line]], ...] = (
    worlds.world_start_and_stop,
    worlds.world_memory,
    worlds.worlds_in_a_row,
    worlds.many_domains,
    letters.one_letter,
    letters.two_hops,
    letters.two_hops_on_disk,
    catchers.one_hop,
    letters.a_large_letter,
    mailboxes.imap_logins,
    mailboxes.imap_appends,
    mailboxes.imaplib_appends,
    mailboxes.imap_fetches,
    mailboxes.imap_searches,
    mailboxes.imap_idle,
    mailboxes.mailbox_memory,
    mailboxes.pop3_retrievals,
    pytests.a_test_with_a_letter,
    patience.five_days,
    names.dns_queries,
    names.dnsperf_authority,
    names.cached_recursion,
    names.many_zones,
    pytests.the_plugin_unused,
)


def main(wanted: list[str]) -> int:
    rows = {row.__name__: row for row in ROWS}
    unknown = [name for name in wanted if name not in rows]
    if unknown:
        print(f"no row is called {', '.join(unknown)}; there are {', '.join(rows)}", file=sys.stderr)
        return 2
    lines: list[Line] = []
    for name in wanted or rows:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        lines += rows[name]()
    print(write(lines))
    print(f"\n{machine()}; medians after a warm-up")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""THREAD: which messages answer which (RFC 5256 §3: ORDEREDSUBJECT and REFERENCES)."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from mailharness.imap.dates import sent_at
from mailharness.imap.reading import Reading
from mailharness.mail.subjects import base_subject

_MESSAGE_ID = re.compile(r"<((?:\"[^\"]*\"|[^<>\"\s])+)>")
_SHOWN_DEPTH = 200
"""Levels that a response nests; those below stand beside their parent, since clients recurse."""


@dataclass(eq=False, slots=True)
class Node:
    """A message, or a place where one should be that nobody has (``reading`` is None)."""

    reading: Reading | None = None
    parent: "Node | None" = None
    children: list["Node"] = field(default_factory=list)

    def adopt(self, child: "Node") -> None:
        """Make ``child`` one of ours, unless we come of it."""
        above: Node | None = self
        while above is not None:
            if above is child:
                return
            above = above.parent
        child.leave()
        child.parent = self
        self.children.append(child)

    def leave(self) -> None:
        if self.parent is not None:
            self.parent.children.remove(self)
            self.parent = None


def ordered_subject(readings: list[Reading]) -> list[Node]:
    """Messages of one base subject make one thread, all of them answers to the first that was sent."""
    threads: dict[str, list[Reading]] = {}
    for reading in sorted(readings, key=sent_at):
        threads.setdefault(base_subject(reading.subject).base, []).append(reading)
    roots = []
    for first, *others in threads.values():
        root = Node(first)
        for other in others:
            root.adopt(Node(other))
        roots.append(root)
    return sorted(roots, key=_moment)


def references(readings: list[Reading]) -> list[Node]:
    """Threads by Message-ID, References and In-Reply-To, then by subject where those say nothing."""
    roots = _pruned(_linked(readings))
    _sort(roots)
    gathered = _gathered(roots)
    _sort(gathered)
    return gathered


def _ids(value: str) -> list[str]:
    return _MESSAGE_ID.findall(value)


def _linked(readings: list[Reading]) -> list[Node]:
    """Step 1 and 2: every message under the last of those that it refers to; who is under nobody is a root."""
    by_id: dict[str, Node] = {}
    nodes: list[Node] = []
    for reading in readings:
        name = next(iter(_ids(reading.value(b"message-id"))), "")
        known = by_id.get(name) if name else None
        node = known if known is not None and known.reading is None else Node()
        node.reading = reading
        if name and known is None:
            by_id[name] = node
        nodes.append(node)
        chain = [by_id.setdefault(one, Node()) for one in _ids(reading.value(b"references"))]
        chain = chain or [by_id.setdefault(one, Node()) for one in _ids(reading.value(b"in-reply-to"))[:1]]
        for parent, child in pairwise(chain):
            if child.parent is None:
                parent.adopt(child)
        node.leave()
        if chain:
            chain[-1].adopt(node)
    return [node for node in dict.fromkeys((*by_id.values(), *nodes)) if node.parent is None]


def _pruned(roots: Iterable[Node]) -> list[Node]:
    """Step 3: places that nobody has go, and their children move up; at the top only where it is one child.

    Level by level from below, so that a chain of any length costs no recursion.
    """
    dummy = Node()
    for root in roots:
        dummy.children.append(root)
        root.parent = dummy
    for node in reversed(_all(dummy)):
        node.children = [one for child in node.children for one in _kept(child, at_top=node is dummy)]
        for child in node.children:
            child.parent = node
    for child in dummy.children:
        child.parent = None
    return dummy.children


def _kept(node: Node, *, at_top: bool) -> list[Node]:
    if node.reading is not None or (at_top and len(node.children) > 1):
        return [node]
    return node.children


def _all(top: Node) -> list[Node]:
    """Everything from ``top`` on, parents before their children."""
    found = [top]
    for node in found:
        found += node.children
    return found


def _moment(node: Node) -> tuple[float, int]:
    """When a thread began: of a place that nobody has, its first child counts (RFC 5256 §3)."""
    while node.reading is None:
        node = node.children[0]
    return sent_at(node.reading), node.reading.number


def _sort(roots: list[Node]) -> None:
    """Step 4 and 6: siblings by the moment they were sent, from below."""
    for root in roots:
        for node in reversed(_all(root)):
            node.children.sort(key=_moment)
    roots.sort(key=_moment)


def _subject_of(node: Node) -> Reading:
    while node.reading is None:
        node = node.children[0]
    return node.reading


def _gathered(roots: list[Node]) -> list[Node]:
    """Step 5: threads of one subject become one."""
    table: dict[str, Node] = {}
    for root in roots:
        subject = base_subject(_subject_of(root).subject)
        known = table.get(subject.base)
        if subject.base and (known is None or _is_better(root, known)):
            table[subject.base] = root
    gathered: list[Node] = []
    for root in roots:
        base = base_subject(_subject_of(root).subject).base
        head = table.get(base, root)
        if head is root:
            gathered.append(root)
        else:
            table[base] = _merged(head, root, gathered)
    return [root for root in dict.fromkeys(gathered) if root.parent is None]


def _is_better(root: Node, known: Node) -> bool:
    """Whether a root stands for its subject rather than another: a place nobody has, or no reply where that is one."""
    if known.reading is None:
        return False
    return root.reading is None or (_is_reply(known) and not _is_reply(root))


def _is_reply(node: Node) -> bool:
    return base_subject(_subject_of(node).subject).is_reply


def _merged(head: Node, root: Node, gathered: list[Node]) -> Node:
    """``root`` joins the thread of ``head``; the node that stands for both."""
    if head.reading is None and root.reading is None:
        for child in list(root.children):
            head.adopt(child)
        return head
    if head.reading is None or (_is_reply(root) and not _is_reply(head)):
        head.adopt(root)
        return head
    both = Node()
    if head in gathered:
        gathered[gathered.index(head)] = both
    both.adopt(head)
    both.adopt(root)
    return both


ALGORITHMS: dict[str, Callable[[list[Reading]], list[Node]]] = {
    "ORDEREDSUBJECT": ordered_subject,
    "REFERENCES": references,
}


def shown(roots: list[Node], number_of: Callable[[Reading], int]) -> bytes:
    """``(2)(3 6 (4 23)(44 7 96))``."""
    return b"".join(_shown(root, number_of) for root in roots)


def _shown(root: Node, number_of: Callable[[Reading], int]) -> bytes:
    """One thread; written with a stack of what is still to come, since a thread may be as deep as a mailbox."""
    written: list[bytes] = []
    waiting: list[Node | bytes] = [b")", root, b"("]
    depth = 0
    while waiting:
        one = waiting.pop()
        if isinstance(one, bytes):
            depth += (one == b"(") - (one == b")")
            written.append(one)
            continue
        if one.reading is not None:
            written.append(b"%d" % number_of(one.reading))
        if one.children and one.reading is not None:
            written.append(b" ")
        waiting += _below(one, depth)
    return b"".join(written)


def _below(node: Node, depth: int) -> list[Node | bytes]:
    """The children of ``node``, the last to be written first: one goes on in the same parentheses, several have theirs."""
    if (len(node.children) == 1 and node.reading is not None) or depth > _SHOWN_DEPTH:
        return [*reversed(node.children)]
    return [part for child in reversed(node.children) for part in (b")", child, b"(")]

"""Every real letter, sent by every sender through two domains, comes back by every reader with its octets unchanged.

Each pair of letter and sender has a mailbox of its own, sent to once; every reader then fetches from it. What is
compared is what the sender put on the wire (``senders`` says where that is not the file) with what the reader
got below the trace header: Return-Path, Delivered-To, and a Received field of each of the two hosts (RFC 5321 §4.4).
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailharness import Domain, World
from tests import corpus
from tests.interop.readers import READERS, Mailbox
from tests.interop.senders import SENDERS, Submission
from tests.interop.trace_header import FIELD, below_the_trace

Post = Callable[[str, str], bytes]


def mailbox_of(name: str, sender: str) -> str:
    return f"{name}-{sender}"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    mailboxes = [mailbox_of(name, sender) for name in corpus.NAMES for sender in SENDERS]
    with World(Domain("exampleA.tst", users=["userA", "jürgen"]), Domain("exampleB.tst", users=mailboxes)) as world:
        yield world
        world.assert_conserved()


@pytest.fixture(scope="module")
def post(world: World, program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Post:
    """Send a letter by a sender, unless it has been sent; what was on the wire."""
    sent: dict[tuple[str, str], bytes] = {}

    def send(name: str, sender: str) -> bytes:
        if (name, sender) not in sent:
            sent[name, sender] = SENDERS[sender](submission(world, name, sender, tmp_path_factory.mktemp(name), program))
            world.settle()
        return sent[name, sender]

    return send


def submission(world: World, name: str, sender: str, folder: Path, program: Callable[[str], str]) -> Submission:
    writer, detail = ("jürgen", "+李") if name == "international" else ("userA", "")
    recipient = f"{mailbox_of(name, sender)}{detail}@exampleB.tst"
    host = world["exampleA.tst"].submission
    return Submission(host, f"{writer}@exampleA.tst", recipient, corpus.read(name), folder, program)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize("name", corpus.NAMES)
def test_no_octet_changes(
    world: World, post: Post, program: Callable[[str], str], name: str, sender: str, reader: str
) -> None:
    on_the_wire = post(name, sender)
    mailbox = Mailbox(world["exampleB.tst"], mailbox_of(name, sender), program)
    fetched = below_the_trace(READERS[reader](mailbox))
    assert len(fetched) == len(on_the_wire)
    assert fetched == on_the_wire


@pytest.mark.parametrize("sender", SENDERS)
def test_the_letter_has_been_in_both_domains(world: World, post: Post, program: Callable[[str], str], sender: str) -> None:
    post("plain", sender)
    mailbox = Mailbox(world["exampleB.tst"], mailbox_of("plain", sender), program)
    return_path, delivered_to, last, first = FIELD.findall(by_one := READERS["imaplib"](mailbox))[:4]
    assert return_path == b"Return-Path: <userA@exampleA.tst>\r\n"
    assert delivered_to.startswith(b"Delivered-To: ")
    assert b"by mail.exampleB.tst with ESMTP" in last
    assert b"from desk.exampleA.tst" in first
    assert b"by mail.exampleA.tst with ESMTP" in first
    assert by_one.endswith(corpus.read("plain"))

"""Letters that wait on the clock, and leave it in due order."""

import asyncio
from collections.abc import Callable
from functools import partial

import pytest

from mailharness import Address, Message, Reply
from mailharness.clock import VirtualClock, Work
from mailharness.mail import Copy, Envelope
from mailharness.queue import Entry, Spool, Standing, snapshot

ANN, BEN = Address.parse("ann@a.test"), Address.parse("ben@b.test")


Left = list[tuple[int, float]]
Story = Callable[["Post"], None]


class Post:
    """A spool on a still clock, the letters that left it and when, and those whose senders were told to wait."""

    def __init__(self) -> None:
        self.clock = VirtualClock(Work(), start=0)
        self.left: Left = []
        self.told: Left = []
        self.kept: list[str] = []
        self.spool = Spool(self.clock, self._tell, self._keep, lambda entry: self.kept.append(f"-{entry.copy.letter}"))

    def _tell(self, entry: Entry) -> None:
        self.told.append((entry.copy.letter, self.clock.now()))

    def _keep(self, entry: Entry) -> None:
        self.kept.append(f"+{entry.copy.letter}")

    def leave(self, entry: Entry) -> None:
        self.left.append((entry.copy.letter, self.clock.now()))

    def letter(self, number: int, *, warn_at: float | None = None) -> Entry:
        envelope = Envelope(ANN, (BEN, ANN), eight_bit=True)
        return Entry(Copy(number, number), envelope, Message(b"\r\n"), "b.test", 0.0, self.leave, warn_at=warn_at)

    def wait(self, *dues: tuple[int, float]) -> list[Entry]:
        entries = [self.letter(number) for number, _ in dues]
        for entry, (_, due) in zip(entries, dues, strict=True):
            self.spool.wait(entry, due)
        return entries


def on_time(story: Story, advance: float) -> Post:
    """The post when the story has been told and so many seconds have passed."""

    async def play() -> Post:
        post = Post()
        story(post)
        await post.clock.advance(advance)
        return post

    return asyncio.run(play())


def test_letters_leave_when_they_are_due() -> None:
    post = on_time(lambda post: post.wait((1, 30), (2, 10), (3, 90), (4, 10)) and None, 60)
    assert post.left == [(2, 10), (4, 10), (1, 30)]
    assert [entry.copy.letter for entry in post.spool] == [3]


def test_a_letter_that_has_left_may_wait_again() -> None:
    def story(post: Post) -> None:
        (again,) = post.wait((7, 10))
        post.clock.call_at(20, lambda: post.spool.wait(again, 50))

    assert on_time(story, 60).left == [(7, 10), (7, 50)]


def test_what_falls_due_while_the_host_is_off_leaves_when_it_is_on_again() -> None:
    def story(post: Post) -> None:
        post.wait((1, 30), (2, 10), (3, 90))
        post.clock.call_at(5, lambda: post.spool.switch(False))
        post.clock.call_at(40, lambda: post.spool.switch(True))

    assert on_time(story, 100).left == [(1, 40), (2, 40), (3, 90)]


def test_what_is_held_stays_until_it_is_released() -> None:
    def story(post: Post) -> None:
        early, late, _ = post.wait((1, 10), (2, 50), (3, 20))
        for entry in (early, late):
            post.spool.hold(entry)
            post.clock.call_at(30, partial(post.spool.release, entry))

    assert on_time(story, 100).left == [(3, 20), (1, 30), (2, 50)]


def test_what_is_held_stays_when_a_host_is_switched_on() -> None:
    def story(post: Post) -> None:
        (entry,) = post.wait((1, 10))
        post.spool.hold(entry)
        post.clock.call_at(20, lambda: post.spool.switch(False))
        post.clock.call_at(30, lambda: post.spool.switch(True))

    assert on_time(story, 100).left == []


def test_an_attempt_now_is_made_once() -> None:
    def story(post: Post) -> None:
        (entry,) = post.wait((1, 50))
        post.clock.call_at(20, lambda: post.spool.start(entry))

    assert on_time(story, 100).left == [(1, 20)]


def test_a_sender_is_told_once_that_a_letter_waits() -> None:
    def story(post: Post) -> None:
        entry = post.letter(1, warn_at=40)
        post.spool.wait(entry, 30)
        post.clock.call_at(31, lambda: post.spool.wait(entry, 60))
        post.clock.call_at(61, lambda: post.spool.wait(entry, 90))

    assert on_time(story, 100).told == [(1, 40)]


@pytest.mark.parametrize(("due", "told"), [(50, [(1, 40)]), (40, []), (30, [])])
def test_no_sender_is_told_of_a_letter_that_has_left(due: float, told: Left) -> None:
    assert on_time(lambda post: post.spool.wait(post.letter(1, warn_at=40), due), 100).told == told


def test_a_host_that_is_off_tells_nobody_until_it_is_on() -> None:
    def story(post: Post) -> None:
        post.spool.wait(post.letter(1, warn_at=40), 90)
        post.clock.call_at(30, lambda: post.spool.switch(False))
        post.clock.call_at(60, lambda: post.spool.switch(True))

    assert on_time(story, 80).told == [(1, 60)]


def test_a_letter_in_line_is_begun_unless_it_was_held_or_deleted_there() -> None:
    post = Post()
    first, held, deleted = (post.letter(number) for number in (1, 2, 3))
    for entry in (first, held, deleted):
        post.spool.stand_in_line(entry)
        post.spool.start(entry)
    post.spool.hold(held)
    post.spool.end(deleted)
    assert [post.spool.begin(entry) for entry in (first, held, deleted)] == [True, False, False]
    assert (post.left, list(post.spool)) == ([], [held])


def test_a_letter_can_be_parted_by_its_recipients() -> None:
    post = Post()
    (whole,) = post.wait((1, 30))
    whole.standings = {ANN: Standing(Reply(450, "busy")), BEN: Standing(Reply(451, "later"))}
    part = post.spool.part(whole, (BEN,))
    assert post.spool.part(part, (BEN,)) is part
    assert [(entry.envelope.recipients, entry.due) for entry in (whole, part)] == [((ANN,), 30), ((BEN,), 30)]
    assert snapshot("mail.a.test", part).replies == {BEN: Reply(451, "later")}
    assert snapshot("mail.a.test", whole).reply == Reply(450, "busy")


def test_each_change_is_kept_and_an_end_is_forgotten() -> None:
    post = Post()
    entry = post.letter(5)
    post.spool.enter(entry)
    post.spool.wait(entry, 10)
    post.spool.hold(entry)
    post.spool.release(entry)
    post.spool.end(entry)
    assert post.kept == ["+5", "+5", "+5", "+5", "-5"]


def test_an_entry_goes_on_with_those_who_are_still_to_be_served() -> None:
    waiting = Post().letter(1)
    waiting.keep((BEN,))
    assert waiting.envelope == Envelope(ANN, (BEN,), eight_bit=True)

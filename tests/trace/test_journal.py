"""The journal: every event in order, stamped, filed by letter and by session, and pruned only where it was told to be."""

import pytest

from mailharness.clock import VirtualClock, Work
from mailharness.mail import Copy
from mailharness.trace import Journal
from mailharness.trace.events import SMTP, Closed, Event, Greeted


def journal(**options: int) -> Journal:
    return Journal(VirtualClock(Work(), start=70.0), **options)


def test_each_event_is_stamped_and_kept_in_order() -> None:
    kept = journal()
    one, two = Event(host="a"), Event(host="b")
    kept.append(one)
    kept.append(two)
    assert [(event.serial, event.at) for event in kept.events] == [(1, 70.0), (2, 70.0)]
    assert 0 < one.real <= two.real
    assert (len(kept), kept.clock.now()) == (2, 70.0)


def test_an_event_says_its_letter_copy_parent_and_cause() -> None:
    event = Event(of=Copy(1, 2, 3))
    assert (event.letter, event.copy, event.parent, event.cause) == (1, 2, 3, "submission")
    assert Event().letter == 0


def test_events_are_filed_by_letter_session_and_kind() -> None:
    kept = journal()
    greeted, closed = Greeted(protocol=SMTP, session=5, of=Copy(1, 1)), Closed(protocol=SMTP, session=5, how="quit")
    other = Greeted(protocol=SMTP, session=6, of=Copy(2, 2))
    for event in (greeted, closed, other):
        kept.append(event)
    assert kept.of_letter(1) == [greeted]
    assert kept.of_session(5) == [greeted, closed]
    assert kept.of_kind(Greeted) == [greeted, other]
    assert (kept.letters, kept.of_letter(9), kept.of_session(9)) == ([1, 2], [], [])


def test_a_closed_journal_takes_no_notice() -> None:
    kept = journal()
    kept.append(Event(host="a"))
    kept.close()
    kept.append(Event(host="b"))
    assert [event.host for event in kept.events] == ["a"]


def test_what_a_reader_got_is_a_snapshot() -> None:
    kept = journal()
    kept.append(Event(session=1, of=Copy(1, 1)))
    snapshots = [kept.events, kept.of_letter(1), kept.of_session(1)]
    kept.append(Event(session=1, of=Copy(1, 1)))
    assert [len(snapshot) for snapshot in snapshots] == [1, 1, 1]


@pytest.mark.parametrize(("after", "before", "serials"), [(0, 9, [1, 2, 3, 4, 5]), (2, 4, [3]), (3, 3, []), (5, 9, [])])
def test_the_events_between_two_serials(after, before, serials) -> None:
    kept = journal()
    for _ in range(5):
        kept.append(Event())
    assert [event.serial for event in kept.between(after, before)] == serials


def test_a_watcher_sees_every_event_until_it_looks_away() -> None:
    kept, seen = journal(), []
    look_away = kept.watch(lambda event: seen.append(event.serial))
    also = kept.watch(lambda event: seen.append(-event.serial))
    kept.append(Event())
    look_away()
    kept.append(Event())
    also()
    kept.append(Event())
    assert seen == [1, -1, -2]


def test_the_oldest_letter_goes_with_its_sessions_when_there_are_too_many() -> None:
    kept = journal(keep_letters=2)
    kept.append(Greeted(protocol=SMTP, session=1))
    for letter in (1, 2, 3):
        kept.append(Event(session=letter, of=Copy(letter, letter)))
    assert (kept.letters, kept.was_evicted(1), kept.was_evicted(2)) == ([2, 3], True, False)
    assert (kept.of_letter(1), kept.of_session(1)) == ([], [])
    assert [event.session for event in kept.events] == [2, 3]
    assert [event.serial for event in kept.between(0, 4)] == [3]


def test_a_world_that_runs_for_long_forgets_what_belongs_to_no_letter() -> None:
    kept = journal(keep_letters=1)
    kept.append(Event(session=1, of=Copy(1, 1)))
    kept.append(Greeted(protocol=SMTP, session=1))
    for _ in range(2_000):
        kept.append(Greeted(protocol=SMTP, session=2))
    assert len(kept) < 1_000
    assert [event.serial for event in kept.of_session(1)] == [1, 2]
    assert kept.events[-1].serial == 2_002


def test_what_still_happens_to_an_evicted_letter_is_told_and_not_kept() -> None:
    kept, seen = journal(keep_letters=1), []
    for letter in (1, 2):
        kept.append(Event(session=letter, of=Copy(letter, letter)))
    kept.watch(lambda event: seen.append(event.serial))
    kept.append(Event(session=1, of=Copy(1, 1)))
    assert (kept.letters, kept.of_letter(1), kept.of_session(1), seen) == ([2], [], [], [3])
    assert kept.was_evicted(1)


def test_a_letter_with_very_many_events_is_not_gone_through_at_each_of_them(monkeypatch) -> None:
    times: list[int] = []
    prune = Journal._prune
    monkeypatch.setattr(Journal, "_prune", lambda kept, keep: (times.append(len(kept)), prune(kept, keep)))
    kept = journal(keep_letters=1)
    for _ in range(10_000):
        kept.append(Event(of=Copy(1, 1)))
    assert len(kept.of_letter(1)) == 10_000
    assert len(times) < 10

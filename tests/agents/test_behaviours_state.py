"""What behaviours remember, against naive models that keep everything for ever."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mailharness.agents.behaviours.acquaintance import Acquaintances, Patience
from mailharness.agents.behaviours.window import SlidingWindow

STEPS = st.lists(st.tuples(st.integers(0, 40), st.sampled_from("abc")), max_size=60)
"""Seconds that pass, and who then comes."""


class EverythingMet:
    """Greylisting as its words say it, from the whole history of one key."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience
        self.first: dict[str, float] = {}
        self.passed: dict[str, float] = {}

    def meet(self, key: str, now: float) -> bool:
        delay, window, remember = self.patience
        if key in self.passed:
            if now - self.passed[key] <= remember:
                self.passed[key] = now
                return True
            del self.passed[key]
            self.first[key] = now
        elif key not in self.first or now - self.first[key] > window:
            self.first[key] = now
        if now - self.first[key] < delay:
            return False
        del self.first[key]
        self.passed[key] = now
        return True


@settings(deadline=None)
@given(STEPS, st.integers(0, 30), st.integers(1, 60), st.integers(1, 120))
def test_acquaintances_are_as_their_words_say(steps: list[tuple[int, str]], delay: int, more: int, remember: int) -> None:
    patience = Patience(delay, delay + more, remember)
    known, model, now = Acquaintances[str](patience), EverythingMet(patience), 0.0
    for seconds, key in steps:
        now += seconds
        assert known.meet(key, now) == model.meet(key, now)
        states = dict(known.tell(now))
        assert len(states) <= len(known) <= 3
        assert states[key].startswith("is known") == (key in model.passed)


@settings(deadline=None)
@given(STEPS, st.integers(1, 4), st.integers(1, 90))
def test_a_window_lets_so_many_pass_in_any_so_many_seconds(steps: list[tuple[int, str]], limit: int, per: int) -> None:
    window, now = SlidingWindow(limit, per), 0.0
    admitted: dict[str, list[float]] = {"a": [], "b": [], "c": []}
    for seconds, key in steps:
        now += seconds
        recent = [moment for moment in admitted[key] if now - moment < per]
        assert window.admit(key, now) == (len(recent) < limit)
        if len(recent) < limit:
            admitted[key].append(now)
        counts = {name: sum(now - moment < per for moment in moments) for name, moments in admitted.items()}
        assert dict(window.tell(now)) == {name: count for name, count in counts.items() if count}


def test_what_has_expired_is_not_kept() -> None:
    known, window = Acquaintances[int](Patience(10, 100, 200)), SlidingWindow(2, 100)
    for number in range(20_000):
        known.meet(number, number)
        window.admit(str(number), number)
    assert (len(known), len(window)) == (101, 100)


def test_acquaintances_are_forgotten_too_when_they_stay_away() -> None:
    known = Acquaintances[int](Patience(0, 1, 50))
    assert all(known.meet(number, number) for number in range(1000))
    assert len(known) == 51
    known.forget()
    assert (len(known), list(known.tell(1000))) == (0, [])

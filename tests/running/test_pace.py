"""How many lines a batch takes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from toolsync.running.pace import Pace


def run(pace: Pace, batches: int, cost: float, fixed: float = 0.0) -> list[tuple[int, float]]:
    """The lines of each batch and how long it locks rows, where each line costs the same."""
    seen = []
    for _ in range(batches):
        lines = pace.lines
        locked = fixed + lines * cost
        pace.took(lines, locked)
        seen.append((lines, locked))
    return seen


@given(cost=st.floats(1e-6, 0.05), most=st.integers(1, 20_000), seconds=st.floats(0.1, 5))
@settings(derandomize=True, deadline=None)
def test_batches_soon_last_nearly_as_long_as_they_may_and_no_longer(cost: float, most: int, seconds: float):
    lines, locked = run(Pace(most, seconds), 20, cost)[-1]
    assert 1 <= lines <= most
    assert locked <= seconds or lines == 1
    assert locked > seconds / 2 or lines == most or (lines + 1) * cost > seconds / 2


def test_the_first_batch_is_small():
    assert [Pace(most, 0.5).lines for most in (10_000, 500, 50, 7)] == [200, 10, 1, 1]


def test_a_batch_that_writes_nothing_may_be_as_large_as_allowed():
    assert [lines for lines, _ in run(Pace(10_000, 0.5), 5, 0.0)] == [200, 800, 3200, 10_000, 10_000]


def test_what_took_too_long_is_cut_at_once():
    pace = Pace(10_000, 0.5)
    run(pace, 10, 0.0)
    assert [lines for lines, _ in run(pace, 3, 0.001)] == [10_000, 2500, 625]


def test_a_batch_that_met_another_transaction_is_followed_by_a_smaller_one():
    pace = Pace(10_000, 0.5)
    pace.collided()
    assert pace.lines == 100


def test_without_a_time_every_batch_is_as_large_as_allowed():
    pace = Pace(300, None)
    pace.collided()
    assert {lines for lines, _ in run(pace, 5, 1.0)} == {300}


def test_there_is_always_a_line():
    pace = Pace(1, 0.5)
    pace.collided()
    run(pace, 5, 100.0)
    assert pace.lines == 1

"""How many lines a batch takes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from toolsync.running.pace import Pace


def run(pace: Pace, batches: int, cost: float, fixed: float = 0.0, changing: float = 1.0) -> list[tuple[int, float]]:
    """The lines of each batch and how long it locks rows.

    :param cost: seconds of each line that changes something.
    :param fixed: seconds of a batch besides.
    :param changing: part of the lines that change something.
    """
    seen = []
    for _ in range(batches):
        lines = pace.lines
        changed = round(lines * changing)
        locked = fixed + changed * cost if changed else 0.0
        pace.took(lines, changed, locked)
        seen.append((lines, locked))
    return seen


@given(cost=st.floats(1e-6, 0.05), most=st.integers(1, 20_000), seconds=st.floats(0.1, 5))
@settings(derandomize=True, deadline=None)
def test_batches_soon_last_nearly_as_long_as_they_may_and_no_longer(cost: float, most: int, seconds: float):
    lines, locked = run(Pace(most, seconds), 20, cost)[-1]
    assert 1 <= lines <= most
    assert locked <= seconds or lines == 1
    assert locked > seconds / 2 or lines == most or (lines + 1) * cost > seconds / 2


@given(cost=st.floats(1e-5, 0.001), fixed=st.floats(0.0, 2.0))
@settings(derandomize=True, deadline=None)
def test_where_each_batch_takes_long_there_are_not_too_many(cost: float, fixed: float):
    """A third of the time or more goes into lines, unless a batch has all that it may have."""
    for lines, locked in run(Pace(10_000, 0.5), 40, cost, fixed)[20:]:
        assert lines == 10_000 or lines * cost > 0.25 * locked
        assert locked < max(0.5, 1.6 * fixed)


def test_the_first_batch_is_small():
    assert [Pace(most, 0.5).lines for most in (10_000, 500, 50, 7)] == [200, 10, 1, 1]


def test_batches_that_write_nothing_grow_but_the_first_that_writes_is_no_surprise():
    pace = Pace(10_000, 0.5)
    assert [lines for lines, _ in run(pace, 5, 0.0, changing=0.0)] == [200, 800, 3200, 5000, 5000]
    seen = run(pace, 3, 0.0001)
    assert seen[0][1] <= 0.5
    assert all(0.3 < locked < 0.4 for _, locked in seen[1:])


def test_a_line_that_takes_too_long_alone_is_tried_with_another_once():
    assert [lines for lines, _ in run(Pace(50, 0.5), 8, 0.1, fixed=0.6)] == [1, 2, 2, 2, 2, 2, 2, 2]
    assert [lines for lines, _ in run(Pace(50, 0.5), 5, 0.6)] == [1, 2, 1, 1, 1]


def test_unchanged_lines_between_others_don_t_count_as_cheap():
    pace = Pace(10_000, 0.5)
    run(pace, 10, 0.001)
    run(pace, 10, 0.001, changing=0.01)
    assert run(pace, 1, 0.001)[0][1] <= 0.5


def test_what_took_too_long_is_cut_at_once():
    pace = Pace(10_000, 0.5)
    run(pace, 10, 0.00001)
    seen = run(pace, 6, 0.001)
    assert seen[0][1] > 0.5
    assert [locked for _, locked in seen[2:] if locked > 0.5] == []


def test_after_a_batch_that_stood_still_the_next_ones_grow_again():
    pace = Pace(10_000, 0.5)
    run(pace, 10, 0.0002)
    pace.took(pace.lines, pace.lines, 30.0)
    assert run(pace, 15, 0.0002)[-1][1] > 0.25


def test_a_batch_that_met_another_transaction_is_followed_by_smaller_ones():
    pace = Pace(10_000, 0.5)
    before = run(pace, 10, 0.001)[-1][0]
    pace.collided()
    assert [lines <= 0.6 * before for lines, _ in run(pace, 2, 0.001)] == [True, True]
    assert abs(run(pace, 20, 0.001)[-1][0] - before) <= 1


def test_without_a_time_every_batch_is_as_large_as_allowed():
    pace = Pace(300, None)
    pace.collided()
    assert {lines for lines, _ in run(pace, 5, 1.0)} == {300}


def test_there_is_always_a_line():
    pace = Pace(1, 0.5)
    pace.collided()
    run(pace, 5, 100.0)
    assert pace.lines == 1

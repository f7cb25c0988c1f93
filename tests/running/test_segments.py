"""Lines that run in segments give the same result as lines that run one by one."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from toolsync.running.segments import segments

# A line appends itself to the history of each of its things. Lines with the same mode are collected in a set, as they commute.
LINES = st.lists(
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from([None, "add", "other"])),
        max_size=3,
        unique_by=lambda touch: touch[0],
    ),
    max_size=12,
)


def apply(state: dict[int, tuple], line: int, touches: list[tuple[int, str | None]]) -> None:
    for thing, mode in touches:
        history = state.setdefault(thing, ())
        if mode and history and history[-1][0] == mode:
            state[thing] = (*history[:-1], (mode, history[-1][1] | {line}))
        else:
            state[thing] = (*history, (mode, frozenset({line})))


@given(LINES, st.randoms(use_true_random=False))
def test_segments_give_the_same_result_in_any_inner_order(lines, rng: random.Random):
    expected: dict[int, tuple] = {}
    for number, touches in enumerate(lines):
        apply(expected, number, touches)

    flat = [(number, *touch) for number, touches in enumerate(lines) for touch in touches]
    parts = segments(range(len(lines)), flat)

    state: dict[int, tuple] = {}
    for part in parts:
        for number in rng.sample(part, len(part)):
            apply(state, number, lines[number])
    assert state == expected
    assert sorted(number for part in parts for number in part) == list(range(len(lines)))


def test_a_file_about_different_things_is_one_segment():
    assert segments([1, 2, 3], [(1, 10, None), (2, 20, None), (3, 30, None)]) == [[1, 2, 3]]


def test_there_are_at_most_as_many_segments_as_lines_about_one_thing():
    touches = [(line, line // 3, None) for line in range(300)]
    assert len(segments(range(300), touches)) == 3


def test_a_line_that_touches_a_thing_in_two_modes_commutes_with_no_other():
    assert segments([1, 2], [(1, 7, "add"), (1, 7, "remove"), (2, 7, "add")]) == [[1], [2]]

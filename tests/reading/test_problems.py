"""Problems, told in the order of a file's lines."""

from __future__ import annotations

from toolsync.reading.problems import Problem, first_of


def test_the_first_problems_are_those_of_the_first_lines():
    """Validation tells of all its lines before the site tells of any; two on a line stay in their order."""
    told = [Problem(line, None, None, why) for line, why in ((2, "a"), (6, "b"), (0, "c"), (4, "d"), (2, "e"))]
    assert [problem.message for problem in first_of(told, 9)[0]] == ["c", "a", "e", "d", "b"]
    first, others = first_of(iter(told), 2)
    assert ([problem.line for problem in first], others) == ([0, 2], 3)
    assert first_of([], 2) == ([], 0)

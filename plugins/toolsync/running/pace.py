"""How many lines a batch takes, so that it locks rows of the site for about the time that it may."""

from __future__ import annotations

FIRST = 50  # the first batch has this part of the most lines: nobody knows yet what one costs, but types whose lines are large allow fewer
AIM = 0.7  # part of that time that a batch aims at: batches of one size differ
GROWTH, SHRINKAGE = 4, 0.25  # from one batch to the next, at most


class Pace:
    """The size of the next batch.

    :param most: lines of a batch, at most.
    :param seconds: that a batch may lock rows; None: batches of `most` lines.
    """

    def __init__(self, most: int, seconds: float | None) -> None:
        self._most = most
        self._seconds = seconds
        self._lines = float(most if seconds is None else max(most // FIRST, 1))

    @property
    def lines(self) -> int:
        """Lines of the next batch."""
        return max(1, int(self._lines))

    def took(self, lines: int, locked: float) -> None:
        """Learn from a batch.

        :param lines: that it had.
        :param locked: seconds from its first write to its commit; 0.0: it wrote nothing.
        """
        if self._seconds is None:
            return
        fits = lines * AIM * self._seconds / locked if locked else float("inf")
        self._lines = min(max(fits, self._lines * SHRINKAGE, 1.0), self._lines * GROWTH, self._most)

    def collided(self) -> None:
        """Learn that a batch met another transaction: smaller ones meet fewer."""
        if self._seconds is not None:
            self._lines = max(1.0, self._lines / 2)

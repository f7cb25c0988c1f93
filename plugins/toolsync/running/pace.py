"""How many lines a batch takes, so that it locks rows of the site for about the time that it may."""

from __future__ import annotations

FIRST = 50  # the first batch has this part of the most lines: nobody knows yet what one costs, but types whose lines are large allow fewer
UNKNOWN = 2  # the largest has this part, as long as no line has changed anything
AIM = 0.7  # part of the time that a batch aims at: batches of one size differ
GROWTH = 4  # from one batch to the next, at most
FIXED = 1.4  # a batch lasts so many times as long as one without lines, at least: otherwise there would be too many
APART = 1.5  # the sizes of two batches that tell what one without lines would take
MEANWHILE = 8  # batches after which an earlier one tells nothing more: the server may be quicker or slower by now
SMALLER = 1.6  # times, if nobody knows then what a batch without lines takes: one batch tells


class Pace:
    """The size of the next batch, by what a line that changes something costs, and a batch without any.

    :param most: lines of a batch, at most.
    :param seconds: that a batch may lock rows; None: batches of `most` lines.
    """

    def __init__(self, most: int, seconds: float | None) -> None:
        self._most = most
        self._seconds = seconds
        self._caution = 1.0
        self._lines = float(most if seconds is None else max(most // FIRST, 1))
        self._fits: float = most / UNKNOWN
        self._fixed = 0.0  # seconds of a batch without lines
        self._other: tuple[int, float] | None = None  # changed lines and seconds of an earlier batch
        self._since = 0  # batches since that one
        self._knows_fixed = False
        self._had_two = False

    @property
    def lines(self) -> int:
        """Lines of the next batch."""
        return max(1, int(self._lines))

    def took(self, lines: int, changed: int, locked: float) -> None:
        """Learn from a batch.

        :param lines: that it had.
        :param changed: those of them that changed something.
        :param locked: seconds from its first write to its commit; 0.0: it wrote nothing.
        """
        if self._seconds is None:
            return
        if locked:
            self._learn(changed or lines, locked, self._seconds)
        self._caution = min(1.0, self._caution * 1.1)
        self._lines = max(1.0, min(self._fits, self._lines * GROWTH, self._most))

    def collided(self) -> None:
        """Learn that a batch met another transaction: smaller ones meet fewer."""
        if self._seconds is not None:
            self._caution = max(self._caution / 2, 0.05)
            self._lines /= 2

    def _learn(self, changed: int, locked: float, seconds: float) -> None:
        this, other = (changed, locked), self._other
        apart = other is not None and max(changed, other[0]) >= APART * min(changed, other[0])
        self._since += 1
        old = self._since >= MEANWHILE
        if apart or old or other is None:
            # Not before: where sizes change little by little, each is near the last one.
            self._other, self._since = this, 0
        if other and apart:
            small, large = sorted((this, other))
            a_line = (large[1] - small[1]) / (large[0] - small[0])
            self._fixed = max(small[1] - a_line * small[0], 0.0) if a_line > 0 else 0.0
            self._knows_fixed = True
        cost = max(locked - self._fixed, 0.05 * locked) / changed
        aim = max(AIM * self._caution * seconds, FIXED * self._fixed)
        self._fits = (aim - self._fixed) / cost
        if old and not self._knows_fixed:
            self._fits = min(self._fits, changed) / SMALLER
        if changed == 1 and self._fits < 2 and not self._had_two:
            # One line alone does not tell whether it or the batch takes so long.
            self._had_two, self._fits = True, 2.0
